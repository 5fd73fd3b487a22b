"""Resolves templates like AWS CloudFormation: translates AWS SAM, applies parameters and conditions, resolves references.

Each line of the input is an object with `template` (a path), `account`, `region` and `parameters`. Each line of the
output is an object with `resources` (the created resources with the values of `Ref` and `Fn::GetAtt`, and their
dependencies in `WaitsFor`) or `error`. One process resolves many templates, because loading the AWS SAM translator is
slow.
"""

import json
import logging
import re
import sys

import yaml


def tagged(loader, suffix, node):
    """Returns the long form of a short form such as `!Sub`."""
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    if suffix in ("Ref", "Condition"):
        return {suffix: value}
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {"Fn::" + suffix: value}


# The loader in C, if it is available, is four times as fast.
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
LOADER.add_multi_constructor("!", tagged)


class NoManagedPolicies:
    """A loader of managed policies for the translator; the templates use none, so no call to AWS is needed."""

    def load(self):
        return {}


# The ARNs of the resource types.
ARNS = {
    "AWS::Events::EventBus": "arn:aws:events:{region}:{account}:event-bus/{name}",
    "AWS::Events::Rule": "arn:aws:events:{region}:{account}:rule/{name}",
    "AWS::IAM::ManagedPolicy": "arn:aws:iam::{account}:policy/{name}",
    "AWS::IAM::Role": "arn:aws:iam::{account}:role/{name}",
    "AWS::KMS::Key": "arn:aws:kms:{region}:{account}:key/{name}",
    "AWS::Lambda::Function": "arn:aws:lambda:{region}:{account}:function:{name}",
    "AWS::Logs::LogGroup": "arn:aws:logs:{region}:{account}:log-group:{name}:*",
    "AWS::S3::Bucket": "arn:aws:s3:::{name}",
    "AWS::SNS::Topic": "arn:aws:sns:{region}:{account}:{name}",
    "AWS::SQS::Queue": "arn:aws:sqs:{region}:{account}:{name}",
}
NAMES = (
    "BucketName", "DashboardName", "FunctionName", "LogGroupName", "ManagedPolicyName", "QueueName", "RoleName",
    "TopicName", "AlarmName",
)
# `Ref` returns an ARN or a URL for these types, and the name for all others.
REFERRED = {
    "AWS::IAM::ManagedPolicy": ARNS["AWS::IAM::ManagedPolicy"],
    "AWS::SNS::Topic": ARNS["AWS::SNS::Topic"],
    "AWS::SQS::Queue": "https://sqs.{region}.amazonaws.com/{account}/{name}",
}


# The attributes for the deletion and replacement of a resource.
POLICIES = ("DeletionPolicy", "UpdateReplacePolicy")


class Stack:
    def __init__(self, template, account, region, parameters):
        self.resources = template["Resources"]
        # The resources to which the current resource refers.
        self.asked = set()
        self.conditions = template.get("Conditions", {})
        self.pseudo = {
            "AWS::AccountId": account,
            "AWS::Partition": "aws",
            "AWS::Region": region,
            "AWS::StackName": "evenkeel",
            "AWS::URLSuffix": "amazonaws.com",
        }
        self.parameters = {}
        for name, parameter in template.get("Parameters", {}).items():
            value = parameters.pop(name, parameter.get("Default"))
            if value is None:
                raise ValueError(f"parameter {name} has no value")
            pattern = parameter.get("AllowedPattern", ".*")
            if not re.fullmatch(pattern, str(value)) or value not in parameter.get("AllowedValues", [value]):
                raise ValueError(f"parameter {name} does not allow {value!r}")
            is_list = parameter["Type"] == "CommaDelimitedList"
            self.parameters[name] = value.split(",") if is_list else value
        if parameters:
            raise ValueError(f"the template has no parameter {', '.join(parameters)}")

    def holds(self, condition):
        return self.truth(self.conditions[condition])

    def truth(self, value):
        ((function, of),) = value.items()
        if function == "Condition":
            return self.holds(of)
        if function == "Fn::Equals":
            return self.value(of[0]) == self.value(of[1])
        if function == "Fn::Not":
            return not self.truth(of[0])
        if function == "Fn::And":
            return all(map(self.truth, of))
        if function == "Fn::Or":
            return any(map(self.truth, of))
        raise ValueError(f"unknown condition {function}")

    def there(self, name):
        condition = self.resources[name].get("Condition")
        return condition is None or self.holds(condition)

    def name(self, logical):
        properties = self.resources[logical].get("Properties", {})
        given = [properties[name] for name in (*NAMES, "Name") if name in properties]
        return self.value(given[0]) if given else logical.lower()

    def shown(self, form, logical):
        return form.format(
            account=self.pseudo["AWS::AccountId"], region=self.pseudo["AWS::Region"], name=self.name(logical)
        )

    def ref(self, name):
        if name in self.pseudo:
            return self.pseudo[name]
        if name in self.parameters:
            return self.parameters[name]
        kind = self.resources[name]["Type"]
        assert self.there(name), f"a resource refers to {name}, which does not exist"
        self.asked.add(name)
        return self.shown(REFERRED.get(kind, "{name}"), name)

    def attribute(self, name, attribute):
        kind = self.resources[name]["Type"]
        assert self.there(name), f"a resource refers to {name}, which does not exist"
        self.asked.add(name)
        if attribute == "Arn":
            return self.shown(ARNS[kind], name)
        if attribute == "QueueName":
            return self.name(name)
        raise ValueError(f"unknown attribute {name}.{attribute}")

    def sub(self, of):
        text, names = (of, {}) if isinstance(of, str) else of
        def one(match):
            name = match.group(1)
            if name.startswith("!"):
                return "${" + name[1:] + "}"
            if name in names:
                return str(self.value(names[name]))
            if "." in name:
                return self.attribute(*name.split(".", 1))
            return str(self.ref(name))
        return re.sub(r"\$\{([^}]+)\}", one, text)

    def value(self, value):
        if isinstance(value, list):
            values = [self.value(one) for one in value]
            return [one for one in values if one is not NOTHING]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            ((function, of),) = value.items()
            if function == "Ref":
                return NOTHING if of == "AWS::NoValue" else self.ref(of)
            if function == "Fn::GetAtt":
                return self.attribute(*of)
            if function == "Fn::Sub":
                return self.sub(of)
            if function == "Fn::Split":
                return self.value(of[1]).split(of[0])
            if function == "Fn::Select":
                return self.value(of[1])[int(of[0])]
            if function == "Fn::If":
                return self.value(of[1] if self.holds(of[0]) else of[2])
            if function.startswith("Fn::"):
                raise ValueError(f"unknown function {function}")
        values = {name: self.value(one) for name, one in value.items()}
        return {name: one for name, one in values.items() if one is not NOTHING}

    def waits_for(self, resource):
        """Returns the resources in `DependsOn`, without those that a condition excludes."""
        named = resource.get("DependsOn", [])
        return {name for name in ([named] if isinstance(named, str) else named) if self.there(name)}

    def resolved(self):
        made = {}
        for name, resource in self.resources.items():
            if self.there(name):
                self.asked = set()
                properties = self.value(resource.get("Properties", {}))
                made[name] = {
                    "Type": resource["Type"],
                    "WaitsFor": sorted(self.asked | self.waits_for(resource)),
                    "Ref": self.ref(name),
                    "Properties": properties,
                }
                made[name].update((policy, resource[policy]) for policy in POLICIES if policy in resource)
                if resource["Type"] in ARNS:
                    made[name]["Arn"] = self.attribute(name, "Arn")
        return made


NOTHING = object()

# The translator logs a warning about metrics for each template.
logging.disable(logging.WARNING)


def resolved(template, account, region, parameters):
    with open(template, encoding="utf-8") as file:
        template = yaml.load(file, LOADER)
    if "Transform" in template:
        from samtranslator.translator.transform import transform

        # `sam deploy` uploads the code and replaces the path by its URL.
        for resource in template["Resources"].values():
            if "CodeUri" in resource.get("Properties", {}):
                resource["Properties"]["CodeUri"] = "s3://artifacts/" + resource["Properties"]["CodeUri"].strip("./")
        template = transform(template, {}, NoManagedPolicies())
    return Stack(template, account, region, parameters).resolved()


def main():
    for line in sys.stdin:
        asked = json.loads(line)
        try:
            answer = {"resources": resolved(**asked)}
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), flush=True)


main()

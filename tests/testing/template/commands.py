"""Checks the `aws` and `sam` commands in the shell blocks of Markdown files without calling AWS.

The AWS CLI itself parses each `aws` command. The request that it would send is compared with the models of the AWS
APIs: names, types, required members, lengths, patterns, enumerations and duplicates. The parameters of a template in
`deploy/` must exist, and those without a default must be given. Prints the commands and the errors as JSON.

commands.py FILE.md...
"""

import io
import json
import os
import re
import shlex
import sys
from contextlib import redirect_stderr, redirect_stdout
from functools import cache
from pathlib import Path

import botocore.validate
import yaml
from awscli import clidriver
from awscli.customizations.s3 import subcommands

# Use no real credentials and no real configuration.
os.environ.update(
    AWS_ACCESS_KEY_ID="test", AWS_SECRET_ACCESS_KEY="test", AWS_DEFAULT_REGION="eu-central-1",
    AWS_CONFIG_FILE=os.devnull, AWS_SHARED_CREDENTIALS_FILE=os.devnull, AWS_EC2_METADATA_DISABLED="true", AWS_PAGER="",
)

# The values of the shell variables that the guides set, for two home Regions.
VARIABLES = [
    {
        "account": "111122223333",
        "bus": f"arn:aws:events:{region}:111122223333:event-bus/evenkeel",
        "key": f"arn:aws:kms:{region}:111122223333:key/00000000-0000-4000-8000-000000000000",
        "organization": "o-abcdefghij",
        "others": others,
        "region": region,
    }
    for region, others in (("eu-central-1", "us-east-1 eu-west-1"), ("us-east-1", "eu-west-1"))
]
DEPLOY = Path(__file__).parents[3] / "deploy"


yaml.CSafeLoader.add_multi_constructor("!", lambda loader, suffix, node: suffix)


class Sent(Exception):
    """Raised instead of sending a request; its text contains the errors of the request."""


def blocks(text):
    """Returns the shell blocks of a Markdown text."""
    return re.findall(r"^```(?:sh|shell|bash|console)\n(.*?)^```", text, re.M | re.S)


def lines(block):
    """Returns the lines of a shell script, with continuation lines joined."""
    return re.sub(r"\\\n\s*", " ", block).splitlines()


def commands(line):
    """Yields the `aws` and `sam` commands of a line, also after a pipe and within `$(...)`."""
    line = re.sub(r"(^|\s)#.*$", "", line)
    # Commands in a command substitution.
    for inner in re.findall(r"\$\((aws .*)\)", line):
        yield from commands(inner)
    if "$(aws" in line:
        return
    for part in re.split(r"\s(?:\||&&|;)\s", line):
        if re.match(r"\s*(aws|sam)\s", part):
            yield part.strip()


def filled(command, variables):
    """Returns the words of a command, with values for its variables."""
    def value(match):
        name = match.group(1) or match.group(2)
        return variables.get(name, f"{name.replace('_', '-')}-value-of-16")

    command = re.sub(r"\$(?:\{(\w+)[^}]*\}|(\w+))", value, command)
    words = shlex.split(command)
    # Ignore redirections.
    return words[: next((at for at, word in enumerate(words) if word in (">", "<", ">>")), len(words))]


@cache
def declared_parameters(path):
    """Returns the parameters of a template."""
    return yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)["Parameters"]


def parameters(file, given):
    """Yields the errors in the parameters of a template."""
    path = DEPLOY / file.rsplit("/", 1)[-1]
    if not path.exists():
        return
    declared = declared_parameters(path)
    for name in sorted(given - declared.keys()):
        yield f"{path.name} has no parameter {name}"
    for name in sorted(name for name, one in declared.items() if "Default" not in one and name not in given):
        yield f"{path.name} needs the parameter {name}"


def overridden(words):
    """Yields the errors in `--parameter-overrides` of `sam deploy` and `aws cloudformation deploy`."""
    if "--template-file" not in words:
        return
    at = words.index("--parameter-overrides") + 1 if "--parameter-overrides" in words else len(words)
    given = {word.split("=")[0] for word in words[at:] if "=" in word and not word.startswith("--")}
    yield from parameters(words[words.index("--template-file") + 1], given)


def faults(value, shape, name):
    """Yields the errors of a value that botocore does not check: enumerations, lengths, patterns, duplicates."""
    if shape.type_name == "structure":
        for member, one in value.items():
            yield from faults(one, shape.members[member], f"{name}.{member}")
    elif shape.type_name == "list":
        for at, one in enumerate(value):
            yield from faults(one, shape.member, f"{name}[{at}]")
        if len(value) > shape.metadata.get("max", len(value)):
            yield f"{name} has {len(value)} members"
        repeated = sorted({str(one) for one in value if value.count(one) > 1})
        if repeated:
            yield f"{name} names {', '.join(repeated)} twice"
    elif shape.type_name == "map":
        for key, one in value.items():
            yield from faults(one, shape.value, f"{name}.{key}")
    elif shape.type_name == "string":
        if shape.enum and value not in shape.enum:
            yield f"{name} is {value!r}, and may be {', '.join(shape.enum)}"
        if len(value) > shape.metadata.get("max", len(value)):
            yield f"{name} has {len(value)} characters"
        pattern = shape.metadata.get("pattern")
        if pattern and not re.fullmatch(pattern, value):
            yield f"{name} is {value!r}, and must match {pattern}"


def check(params, model, **_):
    """Raises `Sent` with the errors of a request."""
    found = []
    if model.input_shape:
        report = botocore.validate.ParamValidator().validate(params, model.input_shape)
        found = [report.generate_report()] if report.has_errors() else list(faults(params, model.input_shape, model.name))
    for member in ("TemplateURL", "TemplateBody"):
        if not found and member in params and model.name != "UpdateStackSet":
            given = {one["ParameterKey"] for one in params.get("Parameters", [])}
            # A template body does not contain its file name, so compare the text.
            bodies = {path.read_text(encoding="utf-8"): path.name for path in DEPLOY.glob("*.yaml")}
            found += parameters(bodies.get(params[member], params[member]), given)
    raise Sent("; ".join(found))


def make_driver(sent):
    """Returns the AWS CLI, which appends the errors of each request to `sent` instead of sending it."""
    driver = clidriver.create_clidriver()

    def before(params, model, **rest):
        try:
            check(params, model, **rest)
        except Sent as fault:
            sent.append(str(fault))
            raise

    driver.session.register("before-parameter-build", before)
    return driver


# Created once, because it loads the models of the AWS APIs.
SENT = []
DRIVER = make_driver(SENT)


def ran(words):
    """Returns the errors of a command, or None if it is valid."""
    wrong = list(overridden(words))
    if wrong or words[0] == "sam":
        return "; ".join(wrong) or None
    if words[1] == "configure":
        # `aws configure` uses the settings of this machine.
        return None if words[2:3] in (["get"], ["list"], ["set"]) else "no such command"
    SENT.clear()
    output = io.StringIO()
    with redirect_stderr(output), redirect_stdout(output):
        try:
            code = DRIVER.main(words[1:])
        except SystemExit as ended:
            code = ended.code
    if SENT:
        return "; ".join(filter(None, SENT)) or None
    return output.getvalue().strip().splitlines()[-1] if code else None


def main():
    # The `aws s3` commands only parse their arguments.
    for command in (subcommands.S3TransferCommand, subcommands.MbCommand, subcommands.RbCommand, subcommands.ListCommand):
        original = command._run_main
        def run(self, arguments, settings, original=original):
            return 0
        command._run_main = run
    seen, wrong = [], []
    for path in sys.argv[1:]:
        with open(path, encoding="utf-8") as file:
            for block in blocks(file.read()):
                for line in lines(block):
                    for command in commands(line):
                        seen.append(command)
                        filled_in = {tuple(filled(command, variables)) for variables in VARIABLES}
                        found = {ran(list(words)) for words in filled_in} - {None}
                        wrong += [f"{path}: `{command}`: {fault}" for fault in sorted(found)]
    print(json.dumps({"commands": seen, "wrong": wrong}))


main()

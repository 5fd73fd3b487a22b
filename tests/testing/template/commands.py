"""Checks the commands of guides without calling anything. Takes those that begin with `aws` out of the blocks of shell of
Markdown, and lets the AWS CLI itself read each. What it would send is held against the models of AWS's APIs: names, types,
required members, lengths, patterns, enumerations, and nothing named twice. The parameters of a template that is in the folder
`deploy` must be its own, and all of those without a default. Prints the commands, and what is wrong, as JSON.

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

# Nothing here is for a real account, and nothing is called.
os.environ.update(
    AWS_ACCESS_KEY_ID="test", AWS_SECRET_ACCESS_KEY="test", AWS_DEFAULT_REGION="eu-central-1",
    AWS_CONFIG_FILE=os.devnull, AWS_SHARED_CREDENTIALS_FILE=os.devnull, AWS_EC2_METADATA_DISABLED="true", AWS_PAGER="",
)

# What the guides' own commands would have set their variables to, at home in two Regions.
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
    """Instead of a call: what is wrong with it."""


def blocks(text):
    """The blocks of shell in Markdown."""
    return re.findall(r"^```(?:sh|shell|bash|console)\n(.*?)^```", text, re.M | re.S)


def lines(block):
    """The lines of a shell script, those that go on put together."""
    return re.sub(r"\\\n\s*", " ", block).splitlines()


def commands(line):
    """The commands of a line that are the CLIs' of AWS: after a pipe, within `$(...)`, or by themselves."""
    line = re.sub(r"(^|\s)#.*$", "", line)
    # A command that another takes the output of.
    for inner in re.findall(r"\$\((aws .*)\)", line):
        yield from commands(inner)
    if "$(aws" in line:
        return
    for part in re.split(r"\s(?:\||&&|;)\s", line):
        if re.match(r"\s*(aws|sam)\s", part):
            yield part.strip()


def filled(command, variables):
    """The words of a command, with values for its variables."""
    def value(match):
        name = match.group(1) or match.group(2)
        return variables.get(name, f"{name.replace('_', '-')}-value-of-16")

    command = re.sub(r"\$(?:\{(\w+)[^}]*\}|(\w+))", value, command)
    words = shlex.split(command)
    # Where the shell itself would write or read.
    return words[: next((at for at, word in enumerate(words) if word in (">", "<", ">>")), len(words))]


@cache
def declared_parameters(path):
    """The parameters of a template."""
    return yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)["Parameters"]


def parameters(file, given):
    """What is wrong with the parameters of a template."""
    path = DEPLOY / file.rsplit("/", 1)[-1]
    if not path.exists():
        return
    declared = declared_parameters(path)
    for name in sorted(given - declared.keys()):
        yield f"{path.name} has no parameter {name}"
    for name in sorted(name for name, one in declared.items() if "Default" not in one and name not in given):
        yield f"{path.name} needs the parameter {name}"


def overridden(words):
    """The same of `sam deploy` and `aws cloudformation deploy`, which name parameters in their own way."""
    if "--template-file" not in words:
        return
    at = words.index("--parameter-overrides") + 1 if "--parameter-overrides" in words else len(words)
    given = {word.split("=")[0] for word in words[at:] if "=" in word and not word.startswith("--")}
    yield from parameters(words[words.index("--template-file") + 1], given)


def faults(value, shape, name):
    """What the models say against a value besides its type: botocore looks at neither of these."""
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
    """Instead of sending a request."""
    found = []
    if model.input_shape:
        report = botocore.validate.ParamValidator().validate(params, model.input_shape)
        found = [report.generate_report()] if report.has_errors() else list(faults(params, model.input_shape, model.name))
    for member in ("TemplateURL", "TemplateBody"):
        if not found and member in params and model.name != "UpdateStackSet":
            given = {one["ParameterKey"] for one in params.get("Parameters", [])}
            # Of a body, the file is not told.
            bodies = {path.read_text(encoding="utf-8"): path.name for path in DEPLOY.glob("*.yaml")}
            found += parameters(bodies.get(params[member], params[member]), given)
    raise Sent("; ".join(found))


def make_driver(sent):
    """The CLI, which adds to `sent` what is wrong with a request instead of sending it."""
    driver = clidriver.create_clidriver()

    def before(params, model, **rest):
        try:
            check(params, model, **rest)
        except Sent as fault:
            sent.append(str(fault))
            raise

    driver.session.register("before-parameter-build", before)
    return driver


# Made once: it reads the models of AWS's APIs.
SENT = []
DRIVER = make_driver(SENT)


def ran(words):
    """What is wrong with a command; nothing when it would be sent."""
    wrong = list(overridden(words))
    if wrong or words[0] == "sam":
        return "; ".join(wrong) or None
    if words[1] == "configure":
        # It reads the settings of this machine.
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
    # A command of `aws s3` reads its arguments, and goes no further.
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

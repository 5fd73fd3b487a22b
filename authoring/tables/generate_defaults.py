"""Generates `defaults.txt`: the defaults of parameters that the documentation of AWS's service models states.

Install `botocore==1.44.8` and run `generate_defaults.py`.

A line contains an `eventSource` without `.amazonaws.com`, an operation, a parameter in lower case, and its default. The
parameter can be at any depth of the request. A parameter whose name has different defaults in one request is left out.
"""

import re
from collections import defaultdict
from pathlib import Path

import botocore.session

CREATES = re.compile(r"(Allocate|Clone|Copy|Create|Import|Launch|Publish|Put|Register|Request|Restore|Run)[A-Z]")
STATED = re.compile(
    r"(?:\bdefault(?: value| setting)?(?: is|:| of)|\bdefaults to|\bset to) (?:set to )?(?P<value>[A-Za-z0-9_.-]+)"
    r"(?P<rest> by default)?")
CONDITION = re.compile(r"\b(depends?|except|for|if|only|otherwise|unless|when)\b", re.IGNORECASE)
MAX_DEPTH = 6


def list_members(shape, depth=0, seen=()):
    """Yields the names and shapes of the scalar members of a structure, at every depth."""
    if shape.type_name == "list":
        yield from list_members(shape.member, depth + 1, seen)
    if shape.type_name != "structure" or shape.name in seen or depth > MAX_DEPTH:
        return
    for name, member in shape.members.items():
        yield name, member
        yield from list_members(member, depth + 1, (*seen, shape.name))


def read_value(shape, text):
    """Returns a value that fits the type of a member, or None."""
    value = text.rstrip(".")
    if shape.type_name == "boolean" and value.lower() in ("true", "false"):
        return value.lower()
    if shape.type_name == "string" and value in (getattr(shape, "enum", None) or []):
        return value
    return value if shape.type_name in ("integer", "long") and value.isdigit() else None


def find_default(shape):
    """Returns the default that the documentation of a member states without a condition."""
    text = re.sub(r"<[^>]+>", "", shape.documentation or "").replace("\n", " ")
    values = set()
    for sentence in re.split(r"(?<=[.:])\s+(?=[A-Z])", text):
        for found in STATED.finditer(sentence):
            if found.group(0).startswith("set to") and not found["rest"]:
                continue
            values.add(None if CONDITION.search(sentence) else read_value(shape, found["value"]))
    return values.pop() if len(values) == 1 else None


def main():
    session = botocore.session.get_session()
    lines = set()
    for service in session.get_available_services():
        model = session.get_service_model(service)
        sources = {model.metadata["endpointPrefix"], model.metadata.get("signingName", model.metadata["endpointPrefix"])}
        for operation in filter(CREATES.match, model.operation_names):
            shape = model.operation_model(operation).input_shape
            defaults = defaultdict(set)
            for name, member in list_members(shape) if shape else ():
                defaults[name.lower()].add(find_default(member))
            for name, values in defaults.items():
                (value,) = values if len(values) == 1 else (None,)
                if value is not None:
                    lines.update(f"{source} {operation} {name} {value}\n" for source in sources)
    Path(__file__).with_name("defaults.txt").write_text("".join(sorted(lines)))


if __name__ == "__main__":
    main()

"""Reads IAM policy documents from JSON.

It follows the AWS IAM User Guide and shares nothing with the crate: it is a second reading of the same pages.
"""

import dataclasses
import re

OPERATORS = {
    "stringequals": ("text", False),
    "stringnotequals": ("text", True),
    "stringequalsignorecase": ("folded", False),
    "stringnotequalsignorecase": ("folded", True),
    "stringlike": ("glob", False),
    "stringnotlike": ("glob", True),
    "arnequals": ("arn", False),
    "arnlike": ("arn", False),
    "arnnotequals": ("arn", True),
    "arnnotlike": ("arn", True),
    "bool": ("bool", False),
    "ipaddress": ("address", False),
    "notipaddress": ("address", True),
    "null": ("null", False),
    "numericequals": ("number", False),
    "numericnotequals": ("number", True),
    "numericlessthan": ("number", False),
    "numericlessthanequals": ("number", False),
    "numericgreaterthan": ("number", False),
    "numericgreaterthanequals": ("number", False),
    "dateequals": ("date", False),
    "datenotequals": ("date", True),
    "datelessthan": ("date", False),
    "datelessthanequals": ("date", False),
    "dategreaterthan": ("date", False),
    "dategreaterthanequals": ("date", False),
}

# Keys that a request can have with several values ("Single-valued vs. multivalued context keys").
MULTIVALUED = {"aws:principalorgpaths", "aws:tagkeys", "aws:calledvia"}


@dataclasses.dataclass(frozen=True)
class Condition:
    """One operator and one key."""

    kind: str
    negated: bool
    # "equals", "lessthan", and so on, for numbers and dates.
    order: str
    quantifier: str
    if_exists: bool
    key: str
    # The texts, as written, and split into parts.
    written: tuple
    templates: tuple


@dataclasses.dataclass(frozen=True)
class Statement:
    """A statement. The lists are None if the statement lacks the element."""

    allows: bool
    principals: list | None
    not_principals: bool
    actions: list | None
    not_actions: bool
    resources: list | None
    not_resources: bool
    conditions: list


def listed(value):
    """Returns a list of texts: the elements of a document can be one text or a list."""
    items = value if isinstance(value, list) else [value]
    return [str(item).lower() if isinstance(item, bool) else str(item) for item in items]


def split_template(text, has_variables):
    """Splits a text into parts: ("text", t), ("star",), ("question",), ("variable", key, default)."""
    parts = []
    at = 0
    while at < len(text):
        found = re.compile(r"\$\{([^}]*)\}").match(text, at) if has_variables else None
        if found:
            inside = found.group(1)
            if inside in ("*", "?", "$"):
                parts.append(("text", inside))
            else:
                key, comma, default = inside.partition(",")
                default = default.strip().strip("'") if comma else None
                parts.append(("variable", key.strip().lower(), default))
            at = found.end()
            continue
        one = text[at]
        parts.append({"*": ("star",), "?": ("question",)}.get(one, ("text", one)))
        at += 1
    merged = []
    for part in parts:
        if part[0] == "text" and merged and merged[-1][0] == "text":
            merged[-1] = ("text", merged[-1][1] + part[1])
        else:
            merged.append(part)
    return tuple(merged)


def read_condition(operator, key, values, has_variables):
    """Reads one operator and one key."""
    quantifier, colon, rest = operator.lower().partition(":")
    if not colon:
        quantifier, rest = "", quantifier
    if_exists = rest.endswith("ifexists")
    name = rest.removesuffix("ifexists")
    kind, negated = OPERATORS[name]
    order = re.sub(r"^(numeric|date)(not)?", "", name) if kind in ("number", "date") else ""
    written = tuple(listed(values))
    # "Numeric, Date, Binary, IP and Null operators do not support variables."
    takes_variables = has_variables and kind in ("text", "folded", "glob", "arn", "bool")
    templates = tuple(split_template(text, takes_variables) for text in written)
    return Condition(kind, negated, order, quantifier, if_exists, key.lower(), written, templates)


def read_principals(value):
    """Reads principals as pairs of a type and a name. Everyone is ("*", "*")."""
    if not isinstance(value, dict):
        value = {"AWS": value}
    pairs = [(kind, name) for kind, names in value.items() for name in listed(names)]
    return [("*", "*") if pair == ("AWS", "*") else pair for pair in pairs]


def read_statement(item, has_variables):
    """Reads a statement."""

    def pick(name, read):
        for field, negated in ((name, False), ("Not" + name, True)):
            if field in item:
                return read(item[field]), negated
        return None, False

    principals, not_principals = pick("Principal", read_principals)
    # Actions have no variables.
    actions, not_actions = pick("Action", lambda all: [split_template(one.lower(), False) for one in listed(all)])
    resources, not_resources = pick("Resource", lambda all: [split_template(one, has_variables) for one in listed(all)])
    conditions = [
        read_condition(operator, key, values, has_variables)
        for operator, keys in item.get("Condition", {}).items()
        for key, values in keys.items()
    ]
    return Statement(
        item["Effect"] == "Allow",
        principals,
        not_principals,
        actions,
        not_actions,
        resources,
        not_resources,
        conditions,
    )


def read_document(json):
    """Reads the statements of a document. Only version 2012-10-17 has variables."""
    has_variables = json.get("Version") == "2012-10-17"
    items = json["Statement"] if isinstance(json["Statement"], list) else [json["Statement"]]
    return [read_statement(item, has_variables) for item in items]

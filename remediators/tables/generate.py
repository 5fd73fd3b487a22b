"""Generates types.json.gz: the resource types that AWS Cloud Control can update.

    pip install cfn-lint==1.58.0 && python3 remediators/tables/generate.py

Source: the resource schemas of the CloudFormation registry (us-east-1), from the package cfn-lint:
`primaryIdentifier`, `readOnlyProperties`, `writeOnlyProperties`, `createOnlyProperties`,
`handlers.*.permissions` and the properties. The file contains one line of JSON per type, sorted by
the name of the type:

    type         the name of the type
    identifier   the properties of the primary identifier
    fixed        the properties that cannot be updated (read-only and create-only properties)
    hidden       the properties that cannot be read (write-only properties)
    unordered    the lists without an order (`insertionOrder: false`)
    properties   the tree of the property names, five levels deep; `*` is an element of a list, or
                 any key of a map
    permissions  the IAM actions of the read and update handlers, without actions that IAM does not
                 have
"""

import gzip
import json
import pathlib

import cfnlint.data.schemas as schemas

DEPTH = 5
ROOT = pathlib.Path(schemas.__path__[0])
ACTIONS = json.loads((ROOT.parent / "AdditionalSpecs" / "Policies.json").read_text())
# Wrong action names in the schemas, and the correct names.
CORRECTIONS = {"es:UpdateDomain": "es:UpdateDomainConfig"}


def resolve_references(schema, node):
    """Returns the node that a node references, or the node itself."""
    while "$ref" in node:
        name = node["$ref"]
        if not name.startswith("#/"):
            return {}
        target = schema
        for part in name[2:].split("/"):
            target = target.get(part, {}) if isinstance(target, dict) else {}
        node = target
    return node


def child_nodes(schema, node):
    """Returns the children of a node by name. The name `*` is an element of a list or any key."""
    node = resolve_references(schema, node)
    found = dict(node.get("properties", {}))
    for pattern in node.get("patternProperties", {}).values():
        found["*"] = pattern
    if isinstance(node.get("items"), dict):
        found["*"] = node["items"]
    for either in ("oneOf", "anyOf", "allOf"):
        for option in node.get(either, []):
            option = resolve_references(schema, option)
            if "properties" in option:
                found = {**option["properties"], **found}
    return found


def build_name_tree(schema, node, path, unordered, depth):
    """Returns the tree of the names below a node. Fills `unordered` with lists without an order."""
    node = resolve_references(schema, node)
    if node.get("insertionOrder") is False:
        unordered.append(path)
    if depth == 0:
        return {}
    return {
        name: build_name_tree(
            schema, child, f"{path}/{name}" if path else name, unordered, depth - 1
        )
        for name, child in sorted(child_nodes(schema, node).items())
    }


def strip_prefixes(paths):
    """Returns the sorted paths without the prefix `/properties/`."""
    return sorted(path.removeprefix("/properties/") for path in paths)


def normalize_action(action):
    """Returns an action with a lower-case service. Some schemas contain `CloudTrail:GetTrail`."""
    service, name = action.split(":", 1)
    action = f"{service.lower()}:{name.strip()}"
    return CORRECTIONS.get(action, action)


def is_known_action(action):
    """Returns whether IAM has the action. Actions with a wildcard do not count."""
    service, name = action.lower().split(":", 1)
    return "*" not in name and name in ACTIONS.get(service, {}).get("Actions", {})


def describe_type(schema):
    """Returns the entry for a type, or None if Cloud Control cannot read and update it."""
    handlers = schema.get("handlers", {})
    if "read" not in handlers or "update" not in handlers:
        return None
    unordered = []
    properties = build_name_tree(schema, {"properties": schema["properties"]}, "", unordered, DEPTH)
    fixed = schema.get("readOnlyProperties", []) + schema.get("createOnlyProperties", [])
    actions = handlers["read"].get("permissions", []) + handlers["update"].get("permissions", [])
    actions = {normalize_action(action) for action in actions if ":" in action}
    return {
        "type": schema["typeName"],
        "identifier": [path.removeprefix("/properties/") for path in schema["primaryIdentifier"]],
        "fixed": strip_prefixes(fixed),
        "hidden": strip_prefixes(schema.get("writeOnlyProperties", [])),
        "unordered": sorted(unordered),
        "properties": properties,
        "permissions": sorted(filter(is_known_action, actions)),
    }


def main():
    """Reads the schemas and writes the compressed file."""
    names = json.loads((ROOT / "providers" / "us-east-1.json").read_text())
    lines = []
    for name in sorted(names):
        if name.startswith("AWS::"):
            schema = json.loads((ROOT / "resources" / f"{names[name]}.json").read_text())
            entry = describe_type(schema)
            if entry:
                lines.append(json.dumps(entry, separators=(",", ":")))
    data = "\n".join(lines).encode() + b"\n"
    out = pathlib.Path(__file__).parent / "types.json.gz"
    # The file contains no time, so the same schemas always produce the same file.
    out.write_bytes(gzip.compress(data, 9, mtime=0))
    print(f"{len(lines)} types, {len(data)} bytes, {out.stat().st_size} compressed")


if __name__ == "__main__":
    main()

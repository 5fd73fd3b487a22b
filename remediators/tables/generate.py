"""Writes types.json.gz: what AWS publishes of the resource types that Cloud Control can update.

    pip install cfn-lint==1.58.0 && python3 remediators/tables/generate.py

Source: the resource schemas of the CloudFormation registry (us-east-1), as cfn-lint packs them: `primaryIdentifier`,
`readOnlyProperties`, `writeOnlyProperties`, `createOnlyProperties`, `handlers.*.permissions` and the properties. One line
of JSON a type, in the order of their names:

    type         the type's name
    identifier   the properties of its primary identifier
    fixed        properties that cannot be updated: read-only and create-only ones
    hidden       properties that are never read: write-only ones
    unordered    lists whose order means nothing (`insertionOrder: false`)
    properties   a tree of the properties' names, five levels deep; `*` is an element of a list, or any key
    permissions  the IAM actions of the handlers that read and update it; those that IAM does not know are left out
"""

import gzip
import json
import pathlib

import cfnlint.data.schemas as schemas

DEPTH = 5
ROOT = pathlib.Path(schemas.__path__[0])
ACTIONS = json.loads((ROOT.parent / "AdditionalSpecs" / "Policies.json").read_text())
# Slips in the schemas, and the actions that are meant.
MEANT = {"es:UpdateDomain": "es:UpdateDomainConfig"}


def resolved(schema, node):
    """A node behind its references."""
    while "$ref" in node:
        name = node["$ref"]
        if not name.startswith("#/"):
            return {}
        target = schema
        for part in name[2:].split("/"):
            target = target.get(part, {}) if isinstance(target, dict) else {}
        node = target
    return node


def children(schema, node):
    """What a node holds: names, `*` for elements of a list and for keys that are not fixed."""
    node = resolved(schema, node)
    found = dict(node.get("properties", {}))
    for pattern in node.get("patternProperties", {}).values():
        found["*"] = pattern
    if isinstance(node.get("items"), dict):
        found["*"] = node["items"]
    for either in ("oneOf", "anyOf", "allOf"):
        for option in node.get(either, []):
            option = resolved(schema, option)
            if "properties" in option:
                found = {**option["properties"], **found}
    return found


def tree(schema, node, path, unordered, depth):
    """The names below a node, and on the way the lists without an order."""
    node = resolved(schema, node)
    if node.get("insertionOrder") is False:
        unordered.append(path)
    if depth == 0:
        return {}
    return {
        name: tree(schema, child, f"{path}/{name}" if path else name, unordered, depth - 1)
        for name, child in sorted(children(schema, node).items())
    }


def plain(paths):
    return sorted(path.removeprefix("/properties/") for path in paths)


def lowered(action):
    """IAM does not tell the case of a service apart, and some schemas write `CloudTrail:GetTrail`."""
    service, name = action.split(":", 1)
    action = f"{service.lower()}:{name.strip()}"
    return MEANT.get(action, action)


def exists(action):
    service, name = action.lower().split(":", 1)
    return "*" not in name and name in ACTIONS.get(service, {}).get("Actions", {})


def described(schema):
    handlers = schema.get("handlers", {})
    if "read" not in handlers or "update" not in handlers:
        return None
    unordered = []
    properties = tree(schema, {"properties": schema["properties"]}, "", unordered, DEPTH)
    actions = handlers["read"].get("permissions", []) + handlers["update"].get("permissions", [])
    return {
        "type": schema["typeName"],
        "identifier": [path.removeprefix("/properties/") for path in schema["primaryIdentifier"]],
        "fixed": plain(schema.get("readOnlyProperties", []) + schema.get("createOnlyProperties", [])),
        "hidden": plain(schema.get("writeOnlyProperties", [])),
        "unordered": sorted(unordered),
        "properties": properties,
        "permissions": sorted(filter(exists, {lowered(action) for action in actions if ":" in action})),
    }


def main():
    names = json.loads((ROOT / "providers" / "us-east-1.json").read_text())
    lines = []
    for name in sorted(names):
        if name.startswith("AWS::"):
            schema = json.loads((ROOT / "resources" / f"{names[name]}.json").read_text())
            found = described(schema)
            if found:
                lines.append(json.dumps(found, separators=(",", ":")))
    data = "\n".join(lines).encode() + b"\n"
    out = pathlib.Path(__file__).parent / "types.json.gz"
    # Without a time in it: the same schemas give the same file.
    out.write_bytes(gzip.compress(data, 9, mtime=0))
    print(f"{len(lines)} types, {len(data)} bytes, {out.stat().st_size} compressed")


if __name__ == "__main__":
    main()

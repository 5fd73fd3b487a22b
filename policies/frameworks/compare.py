"""Compares a list of controls with the one that AWS Security Hub returns.

Usage:

    aws securityhub list-security-control-definitions --output json \\
        --standards-arn arn:aws:securityhub:us-east-1::standards/aws-foundational-security-best-practices/v/1.0.0 \\
        > definitions.json
    python3 policies/frameworks/compare.py policies/frameworks/AWS-FSBP.yaml definitions.json [--write]

The output contains a line for each control that is missing in the list, is not in AWS's list (any more), or has another
severity. `--write` sets the severities in the list. The command exits with 1 if the lists differ.
"""

import json
import re
import sys
from pathlib import Path

CONTROL = re.compile(r"^  - \{id: '?(?P<id>[^,']+)'?, (?:severity: (?P<severity>\w+), )?")


def compare(lines, definitions):
    """Returns the differences, and the lines with AWS's severities."""
    differences, out, listed = [], [], set()
    for line in lines:
        found = CONTROL.match(line)
        if found:
            name, severity = found["id"], found["severity"]
            listed.add(name)
            definition = definitions.get(name)
            if definition is None:
                differences.append(f"{name}: AWS does not list it")
            elif definition["SeverityRating"] != (severity or ""):
                differences.append(f"{name}: severity {severity or 'not stated'}, AWS has {definition['SeverityRating']}")
                line = f"  - {{id: {name}, severity: {definition['SeverityRating']}, {line[found.end():]}"
        out.append(line)
    for name in sorted(set(definitions) - listed):
        differences.append(f"{name}: missing: {definitions[name]['Title']}")
    return differences, out


def main():
    path = Path(sys.argv[1])
    answer = json.loads(Path(sys.argv[2]).read_text())
    definitions = {one["SecurityControlId"]: one for one in answer["SecurityControlDefinitions"]}
    differences, lines = compare(path.read_text().splitlines(), definitions)
    if "--write" in sys.argv[3:]:
        path.write_text("\n".join(lines) + "\n")
    print("\n".join(differences) or "no differences")
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())

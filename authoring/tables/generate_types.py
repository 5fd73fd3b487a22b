"""Generates `cloudformation_types.txt`: the resource types of AWS CloudFormation.

The schemas of the registry of CloudFormation are part of the Python package cfn-lint, which AWS maintains. Download the
package with `pip download --no-deps cfn-lint==1.58.0`, unpack it, and run
`generate_types.py FOLDER/cfnlint/data/schemas/providers`.
"""

import re
import sys
from pathlib import Path

TYPE = re.compile(r'"((?:AWS|Alexa)::\w+::\w+)"')


def main():
    types = set()
    for path in Path(sys.argv[1]).glob("*.json"):
        types.update(TYPE.findall(path.read_text()))
    out = Path(__file__).with_name("cloudformation_types.txt")
    out.write_text("".join(f"{name}\n" for name in sorted(types)))


if __name__ == "__main__":
    main()

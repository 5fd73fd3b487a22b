"""A stand-in for CloudTrail: it writes records of calls that change REST APIs in CloudTrail's format.

moto does not write records. As in CloudTrail's records of API Gateway, the input is in `<operation>Input` next to the
names of the path. The identity is the role of the session, or a user. Calls of other services are not recorded.
"""

import datetime
import json
import re
import threading
import uuid

from moto.iam.models import get_account_id_from
from moto.sts import sts_backends

RECORDS = []
LOCK = threading.Lock()
VERBS = {"PATCH": "Update", "POST": "Create", "PUT": "Put", "DELETE": "Delete"}
NAMES = {
    "restapis": ("RestApi", "restApiId"),
    "resources": ("Resource", "resourceId"),
    "methods": ("Method", "httpMethod"),
    "integration": ("Integration", None),
    "stages": ("Stage", "stageName"),
    "deployments": ("Deployment", "deploymentId"),
}


def operation(method, path):
    """Returns the name of the operation and the parameters of its path, or None if it changes no REST API."""
    parts = path.strip("/").split("/")
    if method not in VERBS or any(part not in NAMES for part in parts[::2]):
        return None
    named = {NAMES[kind][1]: part for kind, part in zip(parts[::2], parts[1::2])}
    return VERBS[method] + NAMES[parts[::2][-1]][0], named


def identity(key, account):
    role = sts_backends[account]["aws"].get_assumed_role_from_access_key(key)
    if role is None:
        arn = f"arn:aws:iam::{account}:user/dev"
        return {"type": "IAMUser", "principalId": "AIDAEXAMPLE", "arn": arn, "accountId": account, "userName": "dev"}
    name = role.role_arn.split("/")[-1]
    issuer = {"type": "Role", "principalId": "AROAEXAMPLE", "arn": role.role_arn, "accountId": account, "userName": name}
    return {
        "type": "AssumedRole",
        "principalId": f"AROAEXAMPLE:{role.session_name}",
        "arn": f"arn:aws:sts::{account}:assumed-role/{name}/{role.session_name}",
        "accountId": account,
        "sessionContext": {"sessionIssuer": issuer},
    }


def record(environ, body, status, answer):
    """Records a call if it changes a REST API."""
    signed = re.search(r"Credential=([^/]+)/\d+/([^/]+)/apigateway/", environ.get("HTTP_AUTHORIZATION", ""))
    found = signed and operation(environ["REQUEST_METHOD"], environ["PATH_INFO"])
    if not found:
        return
    (name, parameters), (key, region) = found, signed.groups()
    account = get_account_id_from(key)
    if body:
        parameters[name[0].lower() + name[1:] + "Input"] = json.loads(body)
    now = datetime.datetime.now(datetime.timezone.utc)
    one = {
        "eventVersion": "1.11",
        "userIdentity": identity(key, account),
        "eventTime": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "eventSource": "apigateway.amazonaws.com",
        "eventName": name,
        "awsRegion": region,
        "sourceIPAddress": environ.get("REMOTE_ADDR", ""),
        "userAgent": environ.get("HTTP_USER_AGENT", ""),
        "requestParameters": dict(parameters, template=False),
        "responseElements": json.loads(answer) if answer.startswith(b"{") and status < 400 else None,
        "requestID": str(uuid.uuid4()),
        "eventID": str(uuid.uuid4()),
        "readOnly": False,
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": account,
        "eventCategory": "Management",
    }
    if status >= 400:
        one["errorCode"] = "BadRequestException"
    with LOCK:
        RECORDS.append(one)

"""The AWS stand-in of the tests: moto's server, with replacements for the parts that the tests cannot use.

moto 5.2 supports `PutEvaluations` only in test mode, returns the times of `BatchGetResourceConfig` and
`GetResourceConfigHistory` as text that the SDK for Rust cannot parse, and supports few resource types.
This program replaces these calls, and other incomplete ones, by minimal versions that follow the AWS API references:

* `PutEvaluations`: at most 100 evaluations, three compliance types, annotations of at most 256 characters;
* `BatchGetResourceConfig`: at most 100 keys; the answer omits resources that are not recorded;
* `GetResourceConfigHistory`: a resource that is not recorded gives `ResourceNotDiscoveredException`;
* `ListDiscoveredResources`: by type, and optionally by name;
* `EnableKeyRotation` and `GetKeyRotationStatus`: with the id of the key and the rotation period;
* the policies of functions: moto shares one policy between a version and its aliases, and omits conditions;
* `ListVersionsByFunction`: an unknown function gives `ResourceNotFoundException`;
* bucket policies: they are stored and not evaluated, because moto does not support conditions, so a policy that
  denies requests without TLS would deny every request;
* objects in a bucket with Object Lock: the header `x-amz-checksum-sha256` is accepted as the checksum, as in S3.

`apigateway.py` contains the replacements for API Gateway, `bus.py` those for EventBridge, and `cloudcontrol.py` the
Cloud Control API. `GET /stand/trail` returns the calls that `trail.py` recorded.

`POST /stand/patterns` returns which events match one of the event patterns, evaluated by moto, because moto's
`TestEventPattern` returns no result. `POST /stand/items` records configuration items. `GET /stand/evaluations` returns
the evaluations of `PutEvaluations`. The process prints `listening PORT` when it is ready, and ends when its standard
input closes.
"""

import io
import json
import os
import sys
import threading
from urllib.parse import unquote

import trail
import apigateway  # noqa: F401 - the import installs the replacements
import bus
import cloudcontrol
from moto.awslambda.exceptions import GenericResourcNotFound, UnknownPolicyException
from moto.awslambda.responses import LambdaResponse
from moto.config.responses import ConfigResponse
from moto.core.exceptions import JsonRESTError
from moto.iam.access_control import PermissionResult
from moto.kms.responses import KmsResponse
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from moto.s3.models import FakeBucket
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Request, Response

ITEMS = []
EVALUATIONS = []
PERIODS = {}
STATEMENTS = {}
LOCK = threading.Lock()
BASE = (
    "version accountId arn resourceType resourceId resourceName awsRegion configuration configurationStateId "
    "configurationItemStatus configurationItemCaptureTime supplementaryConfiguration"
).split()


def recorded(response, kind):
    with LOCK:
        return [
            item
            for item in ITEMS
            if item["accountId"] == response.current_account
            and item["awsRegion"] == response.region
            and item["resourceType"] == kind
        ]


def invalid(message):
    return JsonRESTError("InvalidParameterValueException", message)


def put_evaluations(self):
    evaluations = self._get_param("Evaluations") or []
    if not self._get_param("ResultToken"):
        raise JsonRESTError("InvalidResultTokenException", "The result token is missing.")
    if len(evaluations) > 100:
        raise invalid("Member must have length less than or equal to 100")
    for evaluation in evaluations:
        if evaluation["ComplianceType"] not in ("COMPLIANT", "NON_COMPLIANT", "NOT_APPLICABLE"):
            raise invalid("The compliance type is not valid")
        if len(evaluation.get("Annotation", "")) > 256 or not evaluation["OrderingTimestamp"]:
            raise invalid("An evaluation is not valid")
    with LOCK:
        EVALUATIONS.extend(
            dict(one, Account=self.current_account, TestMode=bool(self._get_param("TestMode")))
            for one in evaluations
        )
    return json.dumps({"FailedEvaluations": []})


def batch_get_resource_config(self):
    keys = self._get_param("resourceKeys")
    if not 1 <= len(keys) <= 100:
        raise invalid("Between 1 and 100 keys")
    found = []
    for key in keys:
        items = recorded(self, key["resourceType"])
        items = [item for item in items if item["resourceId"] == key["resourceId"]]
        found += [{name: item[name] for name in BASE if name in item} for item in items[-1:]]
    return json.dumps({"baseConfigurationItems": found, "unprocessedResourceKeys": []})


def get_resource_config_history(self):
    items = recorded(self, self._get_param("resourceType"))
    items = [item for item in items if item["resourceId"] == self._get_param("resourceId")]
    later = self._get_param("laterTime")
    items = [item for item in items if not later or item["configurationItemCaptureTime"] <= later]
    if not items:
        raise JsonRESTError("ResourceNotDiscoveredException", "Resource is not discovered.")
    return json.dumps({"configurationItems": items[::-1][: self._get_param("limit") or 10]})


def list_discovered_resources(self):
    kind, name = self._get_param("resourceType"), self._get_param("resourceName")
    items = [item for item in recorded(self, kind) if not name or item.get("resourceName") == name]
    keys = ("resourceType", "resourceId", "resourceName")
    found = {item["resourceId"]: {key: item.get(key) for key in keys} for item in items}
    return json.dumps({"resourceIdentifiers": list(found.values())})


for replaced in (
    put_evaluations,
    batch_get_resource_config,
    get_resource_config_history,
    list_discovered_resources,
):
    setattr(ConfigResponse, replaced.__name__, replaced)


def enable_key_rotation(self):
    key = self._get_param("KeyId")
    self._validate_cmk_id(key)
    self.kms_backend.enable_key_rotation(key)
    with LOCK:
        PERIODS[key] = self._get_param("RotationPeriodInDays") or 365
    return json.dumps(None)


def get_key_rotation_status(self):
    key = self._get_param("KeyId")
    self._validate_cmk_id(key)
    status = {"KeyId": key, "KeyRotationEnabled": self.kms_backend.get_key_rotation_status(key)}
    with LOCK:
        if key in PERIODS:
            status["RotationPeriodInDays"] = PERIODS[key]
    return json.dumps(status)


# The parameters of AddPermission that become conditions: parameter, operator, condition key.
CONDITIONS = (
    ("SourceArn", "ArnLike", "AWS:SourceArn"),
    ("SourceAccount", "StringEquals", "AWS:SourceAccount"),
    ("PrincipalOrgID", "StringEquals", "aws:PrincipalOrgID"),
    ("FunctionUrlAuthType", "StringEquals", "lambda:FunctionUrlAuthType"),
    ("EventSourceToken", "StringEquals", "lambda:EventSourceToken"),
)


def function_policy(response, place):
    """Returns the ARN of an existing function, version or alias, and its statements by id."""
    name = unquote(response.path.split("/")[place])
    qualifier = response.querystring.get("Qualifier", [None])[0]
    arn = response.backend.get_function(name).function_arn
    if qualifier:
        response.backend.get_function(name, qualifier)
        arn += ":" + qualifier
    return arn, STATEMENTS.setdefault(arn, {})


def add_permission(self):
    asked = json.loads(self.body)
    principal = asked["Principal"]
    if principal.isdigit():
        principal = f"arn:aws:iam::{principal}:root"
    if principal != "*":
        principal = {"AWS" if principal.startswith("arn:") else "Service": principal}
    statement = {"Sid": asked["StatementId"], "Effect": "Allow", "Principal": principal, "Action": asked["Action"]}
    conditions = {}
    for name, operator, key in CONDITIONS:
        if name in asked:
            conditions.setdefault(operator, {})[key] = asked[name]
    if asked.get("InvokedViaFunctionUrl"):
        conditions["Bool"] = {"lambda:InvokedViaFunctionUrl": "true"}
    with LOCK:
        arn, statements = function_policy(self, -2)
        if asked["StatementId"] in statements:
            return 409, {"x-amzn-errortype": "ResourceConflictException"}, "{}"
        statement["Resource"] = arn
        if conditions:
            statement["Condition"] = conditions
        statements[asked["StatementId"]] = statement
    return 201, {}, json.dumps({"Statement": json.dumps(statement)})


def get_policy(self):
    with LOCK:
        _, statements = function_policy(self, -2)
        policy = {"Version": "2012-10-17", "Id": "default", "Statement": list(statements.values())}
    if not policy["Statement"]:
        raise GenericResourcNotFound()
    return json.dumps({"Policy": json.dumps(policy), "RevisionId": "1"})


def remove_permission(self):
    with LOCK:
        _, statements = function_policy(self, -3)
        if not statements.pop(unquote(self.path.split("/")[-1]), None):
            raise UnknownPolicyException()
    return 204, {}, ""


def list_versions_by_function(self):
    name = unquote(self.path.split("/")[-2])
    self.backend.get_function(name)
    versions = [one.get_configuration() for one in self.backend.list_versions_by_function(name)]
    return json.dumps({"Versions": versions})


for replaced in (add_permission, get_policy, remove_permission, list_versions_by_function):
    setattr(LambdaResponse, replaced.__name__, replaced)


for replaced in (enable_key_rotation, get_key_rotation_status):
    setattr(KmsResponse, replaced.__name__, replaced)


FakeBucket.get_permission = lambda *_: PermissionResult.NEUTRAL


class StandIn:
    """The WSGI application: moto, the Cloud Control API, and the paths below `/stand/` for the tests."""

    def __init__(self):
        self.moto = DomainDispatcherApplication(create_backend_app)

    def __call__(self, environ, start_response):
        path = environ["PATH_INFO"]
        if cloudcontrol.is_asked(environ):
            return cloudcontrol.answer(environ)(environ, start_response)
        if not path.startswith("/stand/"):
            return self.recorded(environ, start_response)
        with LOCK:
            if path == "/stand/items":
                ITEMS.extend(json.loads(Request(environ).get_data()))
            if path == "/stand/resources":
                answer = cloudcontrol.make(environ, json.loads(Request(environ).get_data()))
                return Response(answer, mimetype="application/json")(environ, start_response)
            if path == "/stand/patterns":
                asked = json.loads(Request(environ).get_data())
                answer = json.dumps(bus.matched(asked["patterns"], asked["events"]))
                return Response(answer, mimetype="application/json")(environ, start_response)
            answer = json.dumps(trail.RECORDS if path == "/stand/trail" else EVALUATIONS)
        return Response(answer, mimetype="application/json")(environ, start_response)


    def recorded(self, environ, start_response):
        # S3 accepts several checksum headers for Object Lock; moto accepts only one.
        if "HTTP_X_AMZ_CHECKSUM_SHA256" in environ:
            environ["HTTP_X_AMZ_SDK_CHECKSUM_ALGORITHM"] = "SHA256"
        if environ["REQUEST_METHOD"] == "GET" or not environ["PATH_INFO"].startswith("/restapis"):
            return self.moto(environ, start_response)
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(body)
        seen = {}

        def start(status, headers, *rest):
            seen["status"] = int(status.split()[0])
            return start_response(status, headers, *rest)

        answer = b"".join(self.moto(dict(environ), start))
        trail.record(environ, body, seen["status"], answer)
        return [answer]


class Silent(WSGIRequestHandler):
    """Keeps connections open like AWS, and does not log requests."""

    protocol_version = "HTTP/1.1"

    def log_request(self, *args):
        pass


def end_with_standard_input():
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    threading.Thread(target=end_with_standard_input, daemon=True).start()
    server = make_server("127.0.0.1", 0, StandIn(), threaded=True, request_handler=Silent)
    print(f"listening {server.server_port}", flush=True)
    server.serve_forever()

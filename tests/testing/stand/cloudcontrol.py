"""A stand-in for the AWS Cloud Control API, which moto does not support.

It implements `GetResource`, `ListResources`, `UpdateResource` and `GetResourceRequestStatus` of the API reference, and
validates requests and answers with botocore's model of the service. The resource types are those of
`remediators/tables/types.json.gz`: a patch of a read-only property fails with `NotUpdatable`, a patch of an unknown
property with `InvalidRequest`, and write-only properties are not in the answers. An update is in progress until the
first request of its status; meanwhile another update of the same resource is rejected. A repeated client token returns
the same request; with other parameters it is rejected.

`POST /stand/resources` creates resources, each `{"type", "id", "properties"}`. With `"fails": {"code": "Throttling",
"keeps": ["Name"]}`, the next update sets the listed properties and then fails with the code. With `"ignores": true`, the
next update succeeds and changes nothing. With `"shuffles": true`, each answer reverses the order of lists.
"""

import copy
import functools
import gzip
import json
import pathlib
import re
import threading
import uuid

import botocore.session
from botocore.validate import ParamValidator
from werkzeug.wrappers import Request, Response

TABLE = pathlib.Path(__file__).parent / "../../../remediators/tables/types.json.gz"
MODEL = botocore.session.Session().get_service_model("cloudcontrol")
RESOURCES = {}
REQUESTS = {}
TOKENS = {}
LOCK = threading.RLock()


class Refused(Exception):
    """An error of the service: code and message."""


@functools.cache
def types():
    """Returns the resource types by name; the table is read only on demand, because the demo does not have it."""
    with gzip.open(TABLE, "rt") as lines:
        return {one["type"]: one for one in map(json.loads, lines)}


def place(environ, kind, identifier):
    """Returns the key of a resource: each Region of the credential scope has its own resources."""
    signed = re.search(r"Credential=[^/]+/\d+/([^/]+)/", environ.get("HTTP_AUTHORIZATION", ""))
    return (signed.group(1) if signed else "eu-central-1", kind, identifier)


def make(environ, resources):
    with LOCK:
        for one in resources:
            RESOURCES[place(environ, one["type"], one["id"])] = copy.deepcopy(one)
    return "{}"


def known(kind):
    if kind not in types():
        raise Refused("TypeNotFoundException", f"Type {kind} was not found")
    return types()[kind]


def description(resource):
    hidden = types()[resource["type"]]["hidden"]
    properties = {name: value for name, value in resource["properties"].items() if name not in hidden}
    if resource.get("shuffles"):
        for value in properties.values():
            if isinstance(value, list):
                value.reverse()
    return {"Identifier": resource["id"], "Properties": json.dumps(properties)}


def find(environ, asked):
    known(asked["TypeName"])
    resource = RESOURCES.get(place(environ, asked["TypeName"], asked["Identifier"]))
    if resource is None:
        raise Refused("ResourceNotFoundException", f"{asked['Identifier']} was not found")
    return resource


def get_resource(environ, asked):
    return {"TypeName": asked["TypeName"], "ResourceDescription": description(find(environ, asked))}


def list_resources(environ, asked):
    known(asked["TypeName"])
    region, kind, _ = place(environ, asked["TypeName"], None)
    found = [description(one) for key, one in sorted(RESOURCES.items()) if key[:2] == (region, kind)]
    return {"TypeName": kind, "ResourceDescriptions": found}


def covered(schema, path):
    return len(schema) <= len(path) and all(part in ("*", name) for part, name in zip(schema, path))


def has(tree, path):
    for name in path:
        tree = tree.get(name, tree.get("*"))
        if tree is None:
            return False
        if not tree:
            return True
    return True


def patched(kind, properties, operations):
    """Returns the properties after a JSON patch (RFC 6902), and the error code if the patch fails."""
    properties = copy.deepcopy(properties)
    for operation in operations:
        path = [part.replace("~1", "/").replace("~0", "~") for part in operation["path"].split("/")[1:]]
        if any(covered(fixed.split("/"), path) for fixed in kind["fixed"]):
            return None, "NotUpdatable"
        if not path or not has(kind["properties"], path):
            return None, "InvalidRequest"
        at = properties
        for name in path[:-1]:
            at = at.get(name) if isinstance(at, dict) else None
        if not isinstance(at, dict) or (operation["op"] != "add" and path[-1] not in at):
            return None, "InvalidRequest"
        if operation["op"] == "remove":
            del at[path[-1]]
        else:
            at[path[-1]] = operation["value"]
    return properties, None


def operations_of(document):
    try:
        operations = json.loads(document)
        well = operations and all(
            one["op"] in ("add", "replace", "remove")
            and one["path"].startswith("/")
            and (one["op"] == "remove" or "value" in one)
            for one in operations
        )
    except (TypeError, KeyError, ValueError):
        well = False
    if not well:
        raise Refused("InvalidRequestException", "The patch document is not valid")
    return operations


def update_resource(environ, asked):
    token = asked.get("ClientToken")
    if token in TOKENS:
        before, request = TOKENS[token]
        if before != asked:
            raise Refused("ClientTokenConflictException", "The token was used for another request")
        return {"ProgressEvent": progress(REQUESTS[request])}
    resource = find(environ, asked)
    running = (one for one in REQUESTS.values() if one["resource"] is resource)
    if any(one["status"] == "IN_PROGRESS" for one in running):
        raise Refused("ConcurrentOperationException", "Another request for the resource is in progress")
    operations = operations_of(asked["PatchDocument"])
    number = str(uuid.uuid4())
    request = {"token": number, "resource": resource, "operations": operations, "status": "IN_PROGRESS", "code": None}
    REQUESTS[number] = request
    if token:
        TOKENS[token] = (asked, number)
    return {"ProgressEvent": progress(request)}


def finish(request):
    resource, fails = request["resource"], request["resource"].pop("fails", None)
    after, code = patched(types()[resource["type"]], resource["properties"], request["operations"])
    if code is None and fails:
        for name in fails.get("keeps", []):
            resource["properties"][name] = after[name]
        code = fails["code"]
    elif code is None and not resource.pop("ignores", False):
        resource["properties"] = after
    request["status"], request["code"] = ("FAILED", code) if code else ("SUCCESS", None)


def progress(request):
    resource = request["resource"]
    event = {
        "TypeName": resource["type"],
        "Identifier": resource["id"],
        "RequestToken": request["token"],
        "Operation": "UPDATE",
        "OperationStatus": request["status"],
        "EventTime": 1767225600.0,
    }
    if request["code"]:
        event.update(ErrorCode=request["code"], StatusMessage=f"the handler said {request['code']}")
    return event


def get_resource_request_status(_, asked):
    request = REQUESTS.get(asked["RequestToken"])
    if request is None:
        raise Refused("RequestTokenNotFoundException", "There is no such request")
    if request["status"] == "IN_PROGRESS":
        finish(request)
    return {"ProgressEvent": progress(request)}


OPERATIONS = {
    "GetResource": get_resource,
    "GetResourceRequestStatus": get_resource_request_status,
    "ListResources": list_resources,
    "UpdateResource": update_resource,
}


def is_asked(environ):
    return environ.get("HTTP_X_AMZ_TARGET", "").startswith(MODEL.metadata["targetPrefix"] + ".")


def fits(shape, value, what):
    """Fails if a request or an answer does not match the model of the service."""
    strange = set(value) - set(shape.members)
    report = ParamValidator().validate(value, shape)
    if strange or report.has_errors():
        raise Refused("ValidationException", f"{what}: {sorted(strange)} {report.generate_report()}")


def answer(environ):
    """Returns the answer to a request as a WSGI application."""
    name = environ["HTTP_X_AMZ_TARGET"].rsplit(".", 1)[1]
    model = MODEL.operation_model(name)
    try:
        if environ.get("CONTENT_TYPE") != "application/x-amz-json-" + MODEL.metadata["jsonVersion"]:
            raise Refused("ValidationException", "The content type is not the protocol's")
        asked = json.loads(Request(environ).get_data())
        fits(model.input_shape, asked, "request")
        with LOCK:
            found = OPERATIONS[name](environ, asked)
        fits(model.output_shape, found, "answer")
        status, body = 200, found
    except Refused as refused:
        code, message = refused.args
        status, body = 400, {"__type": f"com.amazonaws.cloudapiservice#{code}", "Message": message}
    return Response(json.dumps(body), status, mimetype="application/x-amz-json-1.0")

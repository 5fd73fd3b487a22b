"""A developer with an API: `create URI`, `turn API URI`, `served API`, `event API NAME FILE`, against the stand-in."""

import json
import sys
import urllib.request

endpoint, what, *rest = sys.argv[1:]
SIGNED = "AWS4-HMAC-SHA256 Credential=test/20260311/eu-central-1/apigateway/aws4_request, SignedHeaders=host, Signature=none"


def call(method, path, body=None):
    data = None if body is None else json.dumps(body).encode()
    headers = {"Authorization": SIGNED, "Content-Type": "application/json"}
    request = urllib.request.Request(endpoint + path, data=data, method=method, headers=headers)
    with urllib.request.urlopen(request) as answer:
        return json.loads(answer.read() or b"{}")


def root(api):
    return call("GET", f"/restapis/{api}/resources")["item"][0]["id"]


def deploy(api):
    call("POST", f"/restapis/{api}/deployments", {"stageName": "live"})


if what == "create":
    api = call("POST", "/restapis", {"name": "payments"})["id"]
    method = f"/restapis/{api}/resources/{root(api)}/methods/GET"
    call("PUT", method, {"authorizationType": "NONE"})
    call("PUT", f"{method}/integration", {"type": "HTTP_PROXY", "httpMethod": "GET", "uri": rest[0]})
    deploy(api)
    print(api)
elif what == "turn":
    patch = {"patchOperations": [{"op": "replace", "path": "/uri", "value": rest[1]}]}
    call("PATCH", f"/restapis/{rest[0]}/resources/{root(rest[0])}/methods/GET/integration", patch)
    deploy(rest[0])
elif what == "served":
    export = call("GET", f"/restapis/{rest[0]}/stages/live/exports/oas30?extensions=apigateway")
    print(export["paths"]["/"]["get"]["x-amazon-apigateway-integration"]["uri"])
elif what == "event":
    api, name, file = rest
    records = [one for one in call("GET", "/stand/trail") if one["requestParameters"].get("restApiId") == api]
    record = [one for one in records if one["eventName"] == name][-1]
    event = {"version": "0", "id": record["eventID"], "detail-type": "AWS API Call via CloudTrail", "source": "aws.apigateway"}
    event |= {"account": record["recipientAccountId"], "time": record["eventTime"], "region": record["awsRegion"]}
    with open(file, "w") as out:
        json.dump(event | {"resources": [], "detail": record}, out)

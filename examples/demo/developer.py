"""Acts as the developer of a REST API, for `examples/demo.sh`. ENDPOINT is the URL of the stand-in of AWS.

developer.py ENDPOINT create URI             creates and deploys an API with the backend URI, and prints the API id
developer.py ENDPOINT turn API URI           changes the backend to URI and deploys the API
developer.py ENDPOINT served API             prints the URI that the stage calls
developer.py ENDPOINT event API NAME FILE    writes the latest event NAME of the API to FILE, as EventBridge sends it
"""

import json
import sys
import urllib.request

endpoint, what, *rest = sys.argv[1:]
# The stand-in reads the Region and the access key from this header. It does not check the signature.
SIGNED = "AWS4-HMAC-SHA256 Credential=test/20260311/eu-central-1/apigateway/aws4_request, SignedHeaders=host, Signature=none"


def call(method, path, body=None):
    """Sends a request to the stand-in and returns the parsed JSON response."""
    data = None if body is None else json.dumps(body).encode()
    headers = {"Authorization": SIGNED, "Content-Type": "application/json"}
    request = urllib.request.Request(endpoint + path, data=data, method=method, headers=headers)
    with urllib.request.urlopen(request) as answer:
        return json.loads(answer.read() or b"{}")


def root(api):
    """Returns the id of the root resource of an API."""
    return call("GET", f"/restapis/{api}/resources")["item"][0]["id"]


def deploy(api):
    """Deploys an API to the stage `live`."""
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

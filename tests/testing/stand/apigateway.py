"""Replacements for parts of moto's API Gateway that the tests cannot use.

moto 5.2 lacks `UpdateIntegration` and `UpdateDomainName` of REST APIs, and serves the draft from every stage.
These replacements separate deployments from drafts, as the AWS API reference describes:

* `CreateDeployment` takes a snapshot of the draft for the stage and does not change the stage's settings;
  `GetExport` returns the deployment of the stage as OpenAPI 3.0 with the extensions of API Gateway;
* `UpdateIntegration`, `UpdateRestApi` and `UpdateDomainName` accept the patches that the tests use, and
  reject others;
* `UpdateStage` accepts `remove` for the settings of a method;
* definitions cannot be imported, so the validator of definitions need not be installed;
* HTTP APIs: stages with and without automatic deployment, `CreateDeployment`, `ExportApi`, `UpdateStage`,
  quick create, and lists in pages of two items;
* custom domains are shared by REST APIs and HTTP APIs; after an update they are `UPDATING` until the first
  read.
"""

import copy
import json
import sys
import types
import uuid
from urllib.parse import unquote

for module in ("openapi_spec_validator", "openapi_spec_validator.validation", "openapi_spec_validator.validation.exceptions"):
    sys.modules[module] = types.ModuleType(module)
sys.modules["openapi_spec_validator"].validate = None
sys.modules["openapi_spec_validator.validation.exceptions"].OpenAPIValidationError = ValueError

from moto.apigateway import models as rest
from moto.apigateway.exceptions import BadRequestException, NotFoundException
from moto.apigateway.responses import APIGatewayResponse
from moto.apigatewayv2 import models as http
from moto.apigatewayv2 import urls as http_urls
from moto.apigatewayv2.responses import ApiGatewayV2Response

INTEGRATION = {
    "uri": "uri",
    "timeoutInMillis": "timeout_in_millis",
    "cacheNamespace": "cache_namespace",
    "httpMethod": "http_method",
    "connectionType": "connection_type",
    "credentials": "credentials",
}


def parts(path):
    return [part.replace("~1", "/").replace("~0", "~") for part in path.strip("/").split("/")]


def invalid(patch):
    return BadRequestException(f"Invalid patch path '{patch['path']}' specified for op '{patch['op']}'")


# REST APIs: drafts


def update_integration(self):
    path = self.path.split("/")
    integration = self.backend.get_integration(path[2], path[4], path[6])
    if integration is None:
        raise NotFoundException("Invalid Integration identifier specified")
    for patch in self._get_param("patchOperations"):
        names = parts(patch["path"])
        if patch["op"] == "replace" and names[0] in INTEGRATION and len(names) == 1:
            value = int(patch["value"]) if names[0] == "timeoutInMillis" else patch["value"]
            setattr(integration, INTEGRATION[names[0]], value)
        elif patch["op"] == "add" and names[0] == "cacheKeyParameters" and len(names) == 2:
            integration.cache_key_parameters = [*integration.cache_key_parameters, names[1]]
        elif patch["op"] == "replace" and names == ["tlsConfig", "insecureSkipVerification"]:
            integration.tls_config = {"insecureSkipVerification": patch["value"] == "true"}
        else:
            raise invalid(patch)
    return json.dumps(integration.to_json())


REST_API = {
    "disableExecuteApiEndpoint": lambda value: value == "true",
    "policy": lambda value: value or None,
    "securityPolicy": str,
    "endpointAccessMode": str,
    "description": str,
    "minimumCompressionSize": int,
    "apiKeySource": str,
}

# The attributes of moto's class whose names differ from those of the API.
ATTRIBUTES = {"minimumCompressionSize": "minimum_compression_size", "apiKeySource": "api_key_source"}


def update_rest_api(self):
    api = self.backend.get_rest_api(self.path.split("/")[2])
    for patch in self._get_param("patchOperations"):
        name, *rest_of_path = parts(patch["path"])
        if name == "binaryMediaTypes" and patch["op"] == "add" and rest_of_path:
            api.binaryMediaTypes = [*api.binaryMediaTypes, rest_of_path[0]]
            continue
        if name not in REST_API:
            raise invalid(patch)
        if patch["op"] == "remove" and name == "policy":
            api.policy = None
        elif patch["op"] in ("replace", "add"):
            setattr(api, ATTRIBUTES.get(name, name), REST_API[name](patch["value"]))
        else:
            raise invalid(patch)
    if getattr(api, "securityPolicy", "").startswith("SecurityPolicy_") and not getattr(api, "endpointAccessMode", None):
        del api.securityPolicy
        raise BadRequestException("endpointAccessMode is required for this security policy")
    return 200, {}, json.dumps(api.to_dict())


_to_dict = rest.RestAPI.to_dict


def to_dict(self):
    """Returns the API; AWS escapes the quotes of the policy twice."""
    result = _to_dict(self)
    result["policy"] = self.policy and json.dumps(self.policy)[1:-1]
    result["apiStatus"] = "AVAILABLE"
    for name in ("securityPolicy", "endpointAccessMode"):
        if getattr(self, name, None):
            result[name] = getattr(self, name)
    return result


_apply = rest.Stage.apply_operations


def apply_operations(self, patches):
    for patch in patches:
        # The key of a method is part of the path without decoding.
        names = patch["path"].strip("/").split("/")
        if patch["op"] == "remove" and len(names) == 2 and names[0] != "accessLogSettings":
            if self.method_settings.pop("/".join(names), None) is None:
                raise invalid(patch)
        else:
            _apply(self, [patch])
    return self


# REST APIs: deployments


def exported_integration(integration):
    result = integration.to_json()
    for name in ("type", "passthroughBehavior"):
        result[name] = result[name] and result[name].lower()
    responses = result.pop("integrationResponses") or {}
    result["responses"] = {
        response["selectionPattern"] or "default": {
            name: response[name]
            for name in ("statusCode", "responseTemplates", "responseParameters", "contentHandling")
            if response.get(name)
        }
        for response in responses.values()
    }
    if not result["cacheKeyParameters"]:
        del result["cacheNamespace"]
    return {name: value for name, value in result.items() if value not in (None, {}, [])}


def exported_content(models):
    return {kind: {"schema": {"$ref": f"#/components/schemas/{name}"}} for kind, name in models.items()}


def exported_response(code, response):
    result = response.to_json()
    headers = [name.split(".")[-1] for name in result.get("responseParameters") or {}]
    return {
        "description": f"{code} response",
        "headers": {name: {"schema": {"type": "string"}} for name in headers},
        "content": exported_content(result.get("responseModels") or {}),
    }


def exported_authorizer(authorizer):
    """Returns the security scheme of an authorizer; the scheme names the only identity source of a token."""
    result = authorizer.to_json()
    place, name = ("header", "Unused")
    if result["type"] != "REQUEST":
        place, name = result.pop("identitySource").split(".")[-2:]
    definition = {key: one for key, one in result.items() if key not in ("id", "name", "authType") and one is not None}
    definition["type"] = definition["type"].lower()
    return {
        "type": "apiKey",
        "name": name,
        "in": "query" if place == "querystring" else place,
        "x-amazon-apigateway-authtype": result.get("authType", "custom"),
        "x-amazon-apigateway-authorizer": definition,
    }


def exported_definitions(api, methods):
    """Returns the definitions that the methods use, as parts of an export."""
    used = [method.to_json() for method in methods]
    authorizers = {api.authorizers[one["authorizerId"]] for one in used if one["authorizerId"]}
    validators = {api.request_validators[one["requestValidatorId"]] for one in used if one["requestValidatorId"]}
    names = {name for one in used for name in (one["requestModels"] or {}).values()}
    for one in used:
        for response in one["methodResponses"].values():
            names.update((response.get("responseModels") or {}).values())
    models = {model.name: json.loads(model.schema) for model in api.models.values() if model.name in names}
    result = {
        "components": {
            "schemas": {name: {key: one for key, one in schema.items() if key != "$schema"} for name, schema in models.items()},
            "securitySchemes": {one.name: exported_authorizer(one) for one in authorizers},
        },
        "x-amazon-apigateway-request-validators": {
            one.name: {
                "validateRequestBody": one.validate_request_body or False,
                "validateRequestParameters": one.validate_request_parameters or False,
            }
            for one in validators
        },
        "x-amazon-apigateway-binary-media-types": api.binaryMediaTypes,
        "x-amazon-apigateway-minimum-compression-size": api.minimum_compression_size,
        "x-amazon-apigateway-api-key-source": api.api_key_source,
        "x-amazon-apigateway-endpoint-configuration": {"disableExecuteApiEndpoint": api.disableExecuteApiEndpoint},
    }
    return {name: one for name, one in result.items() if one not in (None, [], {})}


def exported_method(api, method):
    result = method.to_json()
    operation = {
        "responses": {code: exported_response(code, one) for code, one in result["methodResponses"].items()},
        "parameters": [],
    }
    if result["requestModels"]:
        operation["requestBody"] = {"content": exported_content(result["requestModels"]), "required": True}
    if result["requestValidatorId"]:
        name = api.request_validators[result["requestValidatorId"]].name
        operation["x-amazon-apigateway-request-validator"] = name
    for name, required in (result["requestParameters"] or {}).items():
        _, _, place, name = name.split(".", 3)
        place = "query" if place == "querystring" else place
        operation["parameters"].append({"name": name, "in": place, "required": required})
    security = {"AWS_IAM": "sigv4"}.get(result["authorizationType"])
    if result["authorizerId"]:
        security = api.authorizers[result["authorizerId"]].name
    scopes = {security: result["authorizationScopes"] or []}
    names = [security] + (["api_key"] if result["apiKeyRequired"] else [])
    operation["security"] = [{name: scopes.get(name, [])} for name in names if name]
    if method.method_integration:
        operation["x-amazon-apigateway-integration"] = exported_integration(method.method_integration)
    return operation


def export(api):
    paths = {}
    for resource in api.resources.values():
        verbs = {
            "x-amazon-apigateway-any-method" if verb == "ANY" else verb.lower(): exported_method(api, method)
            for verb, method in resource.resource_methods.items()
        }
        if verbs:
            paths[resource.get_path()] = verbs
    methods = [method for one in api.resources.values() for method in one.resource_methods.values()]
    result = {"openapi": "3.0.1", "info": {"title": api.name}, "paths": paths}
    result.update(exported_definitions(api, methods))
    if api.policy:
        result["x-amazon-apigateway-policy"] = json.loads(api.policy)
    if api.gateway_responses:
        result["x-amazon-apigateway-gateway-responses"] = {
            kind: {name: response.to_json()[name] for name in ("statusCode", "responseParameters", "responseTemplates") if response.to_json().get(name)}
            for kind, response in api.gateway_responses.items()
        }
    return copy.deepcopy(result)


_create_deployment = rest.RestAPI.create_deployment


def create_deployment(self, name, description, stage_variables=None):
    if not any(method.method_integration for one in self.resources.values() for method in one.resource_methods.values()):
        raise BadRequestException("The REST API doesn't contain any methods")
    stage = self.stages.get(name)
    deployment = _create_deployment(self, name, description, stage_variables)
    deployment.snapshot = export(self)
    if stage is not None:
        # moto would replace the stage by a new one without its settings.
        stage.deployment_id = deployment.id
        self.stages[name] = stage
    return deployment


def get_export(self):
    _, _, api, _, stage, _, _ = self.path.split("/")
    api = self.backend.get_rest_api(api)
    if stage not in api.stages:
        raise NotFoundException("Invalid stage identifier specified")
    body = json.dumps(api.deployments[api.stages[stage].deployment_id].snapshot)
    return 200, {"Content-Type": "application/json"}, body.encode()


# Custom domains


def name_of(self):
    return unquote(self.path.split("/")[2])


def twin(self):
    """Returns the HTTP API backend, because a domain of REST APIs is also a domain of HTTP APIs."""
    return http.apigatewayv2_backends[self.current_account][self.region]


_create_domain_name = APIGatewayResponse.create_domain_name


def create_domain_name(self):
    answer = _create_domain_name(self)
    domain = self.backend.get_domain_name(self._get_param("domainName"))
    domain.mutual = self._get_param("mutualTlsAuthentication")
    domain.access_mode = self._get_param("endpointAccessMode")
    configured = [{"securityPolicy": domain.security_policy, "endpointType": kind} for kind in (domain.endpoint_configuration or {"types": ["EDGE"]})["types"]]
    twin(self).create_domain_name(domain.domain_name, configured, {}, {})
    return answer[0], answer[1], json.dumps(domain.to_json())


def get_domain_name(self):
    domain = self.backend.get_domain_name(name_of(self))
    result = json.dumps(domain.to_json())
    domain.domain_name_status = "AVAILABLE"
    return result


def update_domain_name(self):
    domain = self.backend.get_domain_name(name_of(self))
    names = {"securityPolicy": "security_policy", "endpointAccessMode": "access_mode"}
    given = {}
    for patch in self._get_param("patchOperations"):
        name = parts(patch["path"])[0]
        if patch["op"] != "replace" or name not in names:
            raise invalid(patch)
        given[name] = patch["value"]
    if given.get("securityPolicy", "").startswith("SecurityPolicy_"):
        if not (given.get("endpointAccessMode") or domain.access_mode) or domain.mutual:
            raise BadRequestException("The security policy needs an endpoint access mode, and no mutual TLS")
    for name, value in given.items():
        setattr(domain, names[name], value)
    for configured in twin(self).get_domain_name(domain.domain_name).domain_name_configurations:
        configured["securityPolicy"] = domain.security_policy
    domain.domain_name_status = "UPDATING"
    return json.dumps(domain.to_json())


_domain = rest.DomainName.to_json


def domain_to_json(self):
    result = _domain(self)
    if getattr(self, "access_mode", None):
        result["endpointAccessMode"] = self.access_mode
    if getattr(self, "mutual", None):
        result["mutualTlsAuthentication"] = self.mutual
    return result


def get_base_path_mappings(self, domain_name):
    """Returns the mappings of a domain; moto fails for a domain without mappings."""
    self.get_domain_name(domain_name)
    return list(self.base_path_mappings.get(domain_name, {}).values())


def get_api_mappings(self):
    """Returns the mappings of a domain to HTTP APIs and to REST APIs."""
    domain = unquote(self.path.split("/")[-2])
    found = [mapping.to_json() for mapping in self.apigatewayv2_backend.get_api_mappings(domain_name=domain)]
    rests = rest.apigateway_backends[self.current_account][self.region]
    for mapping in rests.base_path_mappings.get(domain, {}).values():
        found.append({"apiId": mapping.rest_api_id, "apiMappingId": mapping.base_path, "stage": mapping.stage})
    return 200, {}, json.dumps({"items": found})


# HTTP and WebSocket APIs


def http_export(api):
    paths = {}
    for route in api.routes.values():
        verb, _, path = route.route_key.partition(" ")
        verb, path = ("ANY", "/$default") if verb == "$default" else (verb, path)
        integration = (route.target or "").split("/")[-1]
        operation = {"responses": {"default": {"description": f"Default response for {route.route_key}"}}}
        if route.authorization_type not in (None, "NONE"):
            operation["security"] = [{route.authorizer_id or "sigv4": []}]
        if integration in api.integrations:
            result = api.integrations[integration].to_json()
            operation["x-amazon-apigateway-integration"] = {
                "type": result["integrationType"].lower(),
                "httpMethod": result.get("integrationMethod"),
                "uri": result["integrationUri"],
                "connectionType": result["connectionType"],
                "tlsConfig": result.get("tlsConfig"),
            }
            exported = operation["x-amazon-apigateway-integration"]
            operation["x-amazon-apigateway-integration"] = {name: one for name, one in exported.items() if one is not None}
        verb = "x-amazon-apigateway-any-method" if verb == "ANY" else verb.lower()
        paths.setdefault(path, {})[verb] = operation
    result = {"openapi": "3.0.1", "info": {"title": api.name}, "paths": paths}
    if api.cors_configuration:
        result["x-amazon-apigateway-cors"] = api.cors_configuration
    return copy.deepcopy(result)


_stage = http.Stage.__init__
_stage_to_json = http.Stage.to_json


def stage_of(self, api, config):
    self.api = api
    _stage(self, api, config)


def stage_to_json(self):
    result = _stage_to_json(self)
    if getattr(self, "deployment_id", None):
        result["deploymentId"] = self.deployment_id
    elif self.auto_deploy:
        # Each change creates another deployment.
        result["deploymentId"] = uuid.uuid5(uuid.NAMESPACE_OID, json.dumps(http_export(self.api))).hex[:6]
    return result


_http_domain = ApiGatewayV2Response.create_domain_name
_http_domain_to_json = http.DomainName.to_json


def http_domain(self):
    _http_domain(self)
    given = json.loads(self.body)
    domain = self.apigatewayv2_backend.get_domain_name(given["domainName"])
    domain.routing_mode = given.get("routingMode")
    return 201, {}, json.dumps(domain.to_json())


def http_domain_to_json(self):
    return dict(_http_domain_to_json(self), routingMode=getattr(self, "routing_mode", None) or "API_MAPPING_ONLY")


_create_api = ApiGatewayV2Response.create_api


def create_api(self):
    """Creates an API; quick create (`target`) also creates an integration, a route and a stage."""
    status, headers, body = _create_api(self)
    target = json.loads(self.body).get("target")
    if target:
        api = self.apigatewayv2_backend.get_api(json.loads(body)["apiId"])
        integration = api.create_integration("INTERNET", None, "ANY", "HTTP_PROXY", target)
        integration.managed = True
        api.create_route(False, [], "$default", f"integrations/{integration.id}")
        api.create_stage({"stageName": "$default", "autoDeploy": True})
    return status, headers, body


_update_integration = http.Integration.update
_integration_to_json = http.Integration.to_json


def update(self, **given):
    _update_integration(self, **given)
    # An empty configuration removes the configuration.
    self.tls_config = self.tls_config or None


def integration_to_json(self):
    return dict(_integration_to_json(self), apiGatewayManaged=getattr(self, "managed", False))


PAGE = 2


def paged(listed):
    def listing(self):
        status, headers, body = listed(self)
        items = json.loads(body)["items"]
        first = int(self._get_param("nextToken") or 0)
        result = {"items": items[first : first + PAGE]}
        if first + PAGE < len(items):
            result["nextToken"] = str(first + PAGE)
        return status, headers, json.dumps(result)

    return listing


def http_create_deployment(self):
    api = self.apigatewayv2_backend.get_api(self.path.split("/")[-2])
    name = json.loads(self.body or "{}").get("stageName")
    stage = self.apigatewayv2_backend.get_stage(api.api_id, name)
    if stage.auto_deploy:
        raise BadRequestException("Deployment ID cannot be set on stages with AutoDeploy")
    stage.deployment_id, stage.snapshot = uuid.uuid4().hex[:6], http_export(api)
    api.__dict__.setdefault("deployments", {})[stage.deployment_id] = stage.snapshot
    return 201, {}, json.dumps({"deploymentId": stage.deployment_id, "deploymentStatus": "DEPLOYED"})


def http_export_api(self):
    api = self.apigatewayv2_backend.get_api(self.path.split("/")[-3])
    if api.protocol_type != "HTTP":
        raise BadRequestException("Only HTTP APIs can be exported")
    name = self._get_param("stageName")
    result = http_export(api)
    if name:
        stage = self.apigatewayv2_backend.get_stage(api.api_id, name)
        result = result if stage.auto_deploy else getattr(stage, "snapshot", dict(result, paths={}))
    return 200, {"Content-Type": "application/json"}, json.dumps(result)


def http_update_stage(self):
    path = self.path.split("/")
    api = self.apigatewayv2_backend.get_api(path[-3])
    stage = self.apigatewayv2_backend.get_stage(path[-3], unquote(path[-1]))
    body = json.loads(self.body or "{}")
    if "deploymentId" in body:
        if stage.auto_deploy:
            raise BadRequestException("Deployment ID cannot be set on stages with AutoDeploy")
        stage.deployment_id, stage.snapshot = body["deploymentId"], api.deployments[body["deploymentId"]]
    settings = {"defaultRouteSettings": "default_route_settings", "accessLogSettings": "access_log_settings"}
    for name, attribute in settings.items():
        if name in body:
            setattr(stage, attribute, body[name])
    return 200, {}, json.dumps(stage.to_json())


for holder, replaced in (
    (APIGatewayResponse, (update_integration, update_rest_api, get_export)),
    (APIGatewayResponse, (create_domain_name, get_domain_name, update_domain_name)),
    (rest.APIGatewayBackend, (get_base_path_mappings,)),
    (rest.RestAPI, (to_dict, create_deployment)),
    (http.Integration, (update,)),
    (ApiGatewayV2Response, (create_api, get_api_mappings)),
    (rest.Stage, (apply_operations,)),
):
    for function in replaced:
        setattr(holder, function.__name__, function)
rest.DomainName.to_json = domain_to_json
http.Stage.__init__ = stage_of
http.Stage.to_json = stage_to_json
http.Integration.to_json = integration_to_json
http.DomainName.to_json = http_domain_to_json
ApiGatewayV2Response.create_domain_name = http_domain
ApiGatewayV2Response.create_deployment = http_create_deployment
ApiGatewayV2Response.export_api = http_export_api
ApiGatewayV2Response.update_stage = http_update_stage
for name in ("get_stages", "get_routes", "get_integrations", "get_domain_names", "get_api_mappings"):
    setattr(ApiGatewayV2Response, name, paged(getattr(ApiGatewayV2Response, name)))
for path in ("deployments$", "exports/(?P<specification>[^/]+)$"):
    http_urls.url_paths["{0}/v2/apis/(?P<api_id>[^/]+)/" + path] = ApiGatewayV2Response.dispatch

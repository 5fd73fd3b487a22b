//! Compares the draft of a REST API with the deployment of a stage, to find the undeployed changes
//! that are not part of the remediation.
//!
//! The comparison covers operations, the resource policy, gateway responses, authorizers, request
//! validators, models and the settings of the API. A difference between the formats of drafts and
//! exports that the comparison does not handle counts as a change, so the remediation then needs an
//! approval. The same is true for a setting of the draft that an export does not contain. If the
//! draft has the default value of a setting and an export does not contain the setting, the
//! deployed value is unknown and counts as equal.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_apigateway::types::{
    ConnectionType, ContentHandlingStrategy, GatewayResponse, GatewayResponseType, Integration,
    IntegrationResponse, Method, Resource, ResponseTransferMode,
};
use serde_json::{Map, Value, json};

use super::backend::to_https_uri;
use super::published_definitions::{
    DISABLED_ENDPOINT_NAME, DraftedDefinitions, VALIDATOR, describe_exported_models,
    parse_served_definitions, sort_texts,
};

/// The `OpenAPI` extension for the integration of an operation.
const INTEGRATION: &str = "x-amazon-apigateway-integration";

/// The `OpenAPI` extension for an operation with all methods.
const ANY: &str = "x-amazon-apigateway-any-method";

/// The security scheme of API keys.
const API_KEY_SCHEME: &str = "api_key";

/// The security scheme of signed requests.
const SIGNATURE_SCHEME: &str = "sigv4";

/// The name of the resource policy in [`ApiOperations`].
pub(crate) const RESOURCE_POLICY_NAME: &str = "the resource policy";

/// The names of the settings that remediations change.
const SETTING_NAMES: [&str; 2] = [RESOURCE_POLICY_NAME, DISABLED_ENDPOINT_NAME];

/// The parts of an API by name, such as `GET /pets`, in a common form of drafts and exports.
pub(crate) type ApiOperations = BTreeMap<String, Value>;

/// The draft of a REST API.
#[derive(Clone, Debug, Default)]
pub(crate) struct ApiDraft {
    /// All resources, with their methods.
    pub(crate) resources: Vec<Resource>,
    /// The authorizers, request validators, models and settings.
    pub(crate) definitions: DraftedDefinitions,
    /// All gateway responses.
    pub(crate) responses: Vec<GatewayResponse>,
    /// The resource policy.
    pub(crate) policy: Option<String>,
}

impl ApiDraft {
    /// Returns the draft in the common form.
    pub(crate) fn to_operations(&self) -> ApiOperations {
        let methods = self.resources.iter().flat_map(|one| one.resource_methods.iter().flatten());
        let methods: Vec<&Method> = methods.map(|(_, method)| method).collect();
        let mut operations = self.definitions.to_definitions(&methods);
        for resource in &self.resources {
            let path = resource.path.as_deref().unwrap_or_default();
            for (verb, method) in resource.resource_methods.iter().flatten() {
                let described = self.describe_method(resource, method);
                operations.insert(format!("{verb} {path}"), described);
            }
        }
        for response in self.responses.iter().filter(|response| !response.default_response) {
            let kind = response.response_type.as_ref().map(GatewayResponseType::as_str);
            let of = json!({
                "statusCode": response.status_code,
                "responseParameters": response.response_parameters,
                "responseTemplates": response.response_templates,
            });
            operations
                .insert(gateway_response_name(kind.unwrap_or_default()), without_defaults(&of));
        }
        if let Some(policy) = &self.policy {
            let policy =
                super::resource_policy::parse_policy(policy).unwrap_or_else(|| json!(policy));
            operations.insert(RESOURCE_POLICY_NAME.to_owned(), policy);
        }
        operations
    }

    fn describe_method(&self, resource: &Resource, method: &Method) -> Value {
        let authorizer = self.definitions.authorizer_name(method);
        let authorization = match (method.authorization_type.as_deref(), authorizer) {
            (_, Some(name)) => Some(name),
            (Some("AWS_IAM"), None) => Some(SIGNATURE_SCHEME.to_owned()),
            (Some("NONE") | None, None) => None,
            (Some(other), None) => Some(other.to_owned()),
        };
        let integration = method.method_integration.as_ref();
        json!({
            "authorization": authorization,
            "scopes": sort_texts(method.authorization_scopes.iter().flatten().map(String::as_str)),
            "key": method.api_key_required.unwrap_or_default(),
            "validator": self.definitions.validator_name(method),
            "parameters": describe_parameters(method),
            "models": json!(method.request_models.clone().unwrap_or_default()),
            "responses": describe_method_responses(method),
            "integration": integration.map(|one| describe_integration(resource, one)),
        })
    }
}

/// Returns the responses of a method in the common form: the headers and models by status code.
fn describe_method_responses(method: &Method) -> Map<String, Value> {
    const HEADER: &str = "method.response.header.";
    let responses = method.method_responses.iter().flatten();
    let described = responses.map(|(code, one)| {
        let parameters = one.response_parameters.iter().flatten();
        let headers = parameters.filter_map(|(name, _)| name.strip_prefix(HEADER));
        let models = one.response_models.clone().unwrap_or_default();
        (code.clone(), json!({"headers": sort_texts(headers), "models": models}))
    });
    described.collect()
}

/// Returns the request parameters of a method in the common form. An export contains
/// `method.request.querystring.x` as a parameter of the operation.
fn describe_parameters(method: &Method) -> Map<String, Value> {
    let parameters = method.request_parameters.iter().flatten();
    let named = parameters.filter_map(|(name, required)| {
        let mut parts = name.splitn(4, '.').skip(2);
        let place = match parts.next()? {
            "querystring" => "query",
            other => other,
        };
        Some((format!("{place} {}", parts.next()?), json!(required)))
    });
    named.collect()
}

fn gateway_response_name(kind: &str) -> String {
    format!("gateway response {kind}")
}

/// Returns the deployment in the common form, or `None` if the document is not an export.
pub(crate) fn parse_served_operations(export: &Value) -> Option<ApiOperations> {
    let mut operations = parse_served_definitions(export);
    for (path, verbs) in export.get("paths")?.as_object()? {
        for (verb, operation) in verbs.as_object()? {
            let verb = match verb.as_str() {
                ANY => "ANY".to_owned(),
                "get" | "put" | "post" | "delete" | "options" | "head" | "patch" => {
                    verb.to_uppercase()
                }
                _ => continue,
            };
            operations.insert(format!("{verb} {path}"), describe_operation(operation));
        }
    }
    let responses = export.get("x-amazon-apigateway-gateway-responses").and_then(Value::as_object);
    for (kind, response) in responses.into_iter().flatten() {
        let mut response = response.clone();
        // In imported definitions, the status code can be a number.
        if let Some(code) = response.get_mut("statusCode").filter(|code| code.is_number()) {
            *code = json!(code.to_string());
        }
        operations.insert(gateway_response_name(kind), without_defaults(&response));
    }
    if let Some(policy) = export.get("x-amazon-apigateway-policy") {
        operations.insert(RESOURCE_POLICY_NAME.to_owned(), policy.clone());
    }
    Some(operations)
}

/// Returns the integration of an operation in an export.
pub(crate) fn find_served_integration<'a>(
    export: &'a Value,
    verb: &str,
    path: &str,
) -> Option<&'a Value> {
    let verb = if verb == "ANY" { ANY.to_owned() } else { verb.to_lowercase() };
    export.get("paths")?.get(path)?.get(verb)?.get(INTEGRATION)
}

/// Returns the names of the parts that a deployment would change, apart from the parts `ours` that
/// the remediation changes. In an operation of `ours`, only differences of the URI scheme and of
/// the certificate verification are ignored.
pub(crate) fn list_other_changes(
    drafted: &ApiOperations,
    served: &ApiOperations,
    ours: &[&str],
) -> Vec<String> {
    let names: BTreeSet<&String> = drafted.keys().chain(served.keys()).collect();
    let differs = |name: &&String| match (drafted.get(*name), served.get(*name)) {
        _ if SETTING_NAMES.contains(&name.as_str()) && ours.contains(&name.as_str()) => false,
        (Some(here), Some(there)) if ours.contains(&name.as_str()) => {
            without_own_changes(here.clone()) != without_own_changes(there.clone())
        }
        (here, there) => here != there,
    };
    names.into_iter().filter(differs).cloned().collect()
}

/// Returns an operation without the settings that a remediation changes.
fn without_own_changes(mut operation: Value) -> Value {
    if let Some(uri) = operation.pointer_mut("/integration/uri") {
        *uri = json!(to_https_uri(uri.as_str().unwrap_or_default()));
    }
    if let Some(Value::Object(integration)) = operation.pointer_mut("/integration") {
        integration.remove("unverified");
    }
    operation
}

/// Returns the reason for an approval if a deployment would publish other changes.
pub(crate) fn describe_other_changes(stage: &str, others: &[String]) -> Option<String> {
    const SHOWN: usize = 5;
    let more = others.len().saturating_sub(SHOWN);
    let mut names: Vec<String> = others.iter().take(SHOWN).cloned().collect();
    if more > 0 {
        names.push(format!("{more} more"));
    }
    let names = names.join(", ");
    (!others.is_empty()).then(|| {
        format!("a deployment to stage `{stage}` would publish other undeployed changes: {names}")
    })
}

fn describe_operation(operation: &Value) -> Value {
    let security = operation.get("security").and_then(Value::as_array);
    let schemes: Vec<(&String, &Value)> =
        security.into_iter().flatten().filter_map(Value::as_object).flatten().collect();
    let is_key = |scheme: &(&String, &Value)| scheme.0 == API_KEY_SCHEME;
    let authorization = schemes.iter().find(|scheme| !is_key(scheme));
    let scopes = authorization.and_then(|scheme| scheme.1.as_array()).into_iter().flatten();
    let parameters = operation.get("parameters").and_then(Value::as_array);
    let responses = operation.get("responses").and_then(Value::as_object);
    json!({
        "authorization": authorization.map(|scheme| scheme.0),
        "scopes": sort_texts(scopes.filter_map(Value::as_str)),
        "key": schemes.iter().any(is_key),
        "validator": operation.get(VALIDATOR),
        "parameters": parameters.into_iter().flatten().filter_map(|one| {
            let (place, name) = (one.get("in")?.as_str()?, one.get("name")?.as_str()?);
            let required = one.get("required").and_then(Value::as_bool).unwrap_or_default();
            Some((format!("{place} {name}"), json!(required)))
        }).collect::<Map<_, _>>(),
        "models": describe_exported_models(operation.get("requestBody")),
        "responses": responses.into_iter().flatten().map(|(code, one)| {
            let headers = one.get("headers").and_then(Value::as_object);
            let headers = sort_texts(headers.into_iter().flat_map(Map::keys).map(String::as_str));
            let models = describe_exported_models(Some(one));
            (code.clone(), json!({"headers": headers, "models": models}))
        }).collect::<Map<_, _>>(),
        "integration": operation.get(INTEGRATION).map(describe_exported_integration),
    })
}

/// Returns an integration in the common form. The default cache namespace is the id of the
/// resource. Without parameters of the cache key, exports contain no namespace.
fn describe_integration(resource: &Resource, integration: &Integration) -> Value {
    let cached = integration.cache_key_parameters.as_deref().unwrap_or_default();
    let namespace = integration.cache_namespace.as_ref();
    let namespace =
        namespace.filter(|name| !cached.is_empty() || resource.id.as_ref() != Some(*name));
    let verified = integration.tls_config.as_ref().map(|tls| tls.insecure_skip_verification);
    without_defaults(&json!({
        "type": integration.r#type.as_ref().map(|kind| kind.as_str().to_lowercase()),
        "uri": integration.uri,
        "httpMethod": integration.http_method,
        "connectionType": integration.connection_type.as_ref().map(ConnectionType::as_str),
        "connectionId": integration.connection_id,
        "credentials": integration.credentials,
        "requestParameters": integration.request_parameters,
        "requestTemplates": integration.request_templates,
        "passthroughBehavior": integration.passthrough_behavior.as_deref().map(str::to_lowercase),
        "contentHandling": integration.content_handling.as_ref().map(ContentHandlingStrategy::as_str),
        "unverified": verified,
        "timeout": integration.timeout_in_millis,
        "cacheKeyParameters": sort_texts(cached.iter().map(String::as_str)),
        "cacheNamespace": namespace,
        "transfer": integration.response_transfer_mode.as_ref().map(ResponseTransferMode::as_str),
        "target": integration.integration_target,
        "responses": integration.integration_responses.as_ref().map(|all| {
            all.iter().map(|(code, one)| (code.clone(), describe_response(one))).collect::<Map<_, _>>()
        }),
    }))
}

fn describe_response(response: &IntegrationResponse) -> Value {
    without_defaults(&json!({
        "pattern": response.selection_pattern,
        "parameters": response.response_parameters,
        "templates": response.response_templates,
        "contentHandling": response.content_handling.as_ref().map(ContentHandlingStrategy::as_str),
    }))
}

/// Returns an exported integration in the common form. Exports contain responses by pattern, drafts
/// by status code.
fn describe_exported_integration(integration: &Value) -> Value {
    let lower = |name: &str| Some(integration.get(name)?.as_str()?.to_lowercase());
    let part = |name: &str| integration.get(name).cloned().unwrap_or_default();
    let cached = integration.get("cacheKeyParameters").and_then(Value::as_array);
    let cached = sort_texts(cached.into_iter().flatten().filter_map(Value::as_str));
    let responses = integration.get("responses").and_then(Value::as_object).map(|all| {
        let by_code = all.iter().filter_map(|(pattern, one)| {
            let code = one.get("statusCode")?;
            let code = code.as_str().map_or_else(|| code.to_string(), str::to_owned);
            let pattern = (pattern != "default").then_some(pattern);
            Some((
                code,
                without_defaults(&json!({
                    "pattern": pattern,
                    "parameters": one.get("responseParameters"),
                    "templates": one.get("responseTemplates"),
                    "contentHandling": one.get("contentHandling"),
                })),
            ))
        });
        by_code.collect::<Map<_, _>>()
    });
    without_defaults(&json!({
        "type": lower("type"),
        "uri": part("uri"),
        "httpMethod": part("httpMethod"),
        "connectionType": part("connectionType"),
        "connectionId": part("connectionId"),
        "credentials": part("credentials"),
        "requestParameters": part("requestParameters"),
        "requestTemplates": part("requestTemplates"),
        "passthroughBehavior": lower("passthroughBehavior"),
        "contentHandling": part("contentHandling"),
        "unverified": integration.pointer("/tlsConfig/insecureSkipVerification"),
        "timeout": part("timeoutInMillis"),
        "cacheNamespace": if cached.is_empty() { Value::Null } else { part("cacheNamespace") },
        "cacheKeyParameters": cached,
        "transfer": part("responseTransferMode"),
        "target": part("integrationTarget"),
        "responses": responses,
    }))
}

/// The time in milliseconds after which an integration times out by default.
///
/// Source: Amazon API Gateway API Reference, `PutIntegration`, `timeoutInMillis`.
const DEFAULT_TIMEOUT: i64 = 29_000;

/// Returns an object without null values, empty values and default values.
pub(crate) fn without_defaults(value: &Value) -> Value {
    let is_explicit = |(name, value): &(&String, &Value)| match value {
        Value::Null | Value::Bool(false) => false,
        Value::Object(map) => !map.is_empty(),
        Value::Array(list) => !list.is_empty(),
        Value::String(text) => {
            let is_default = match name.as_str() {
                "connectionType" => text == "INTERNET",
                "transfer" => text == "BUFFERED",
                _ => false,
            };
            !text.is_empty() && !is_default
        }
        // The SDK returns 0 for a timeout that AWS does not return.
        Value::Number(number) if name.as_str() == "timeout" => {
            ![0, DEFAULT_TIMEOUT].contains(&number.as_i64().unwrap_or_default())
        }
        _ => true,
    };
    let entries = value.as_object().into_iter().flatten();
    entries.filter(is_explicit).map(|(name, value)| (name.clone(), value.clone())).collect()
}

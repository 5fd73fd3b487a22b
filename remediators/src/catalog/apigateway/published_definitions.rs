//! The definitions of a REST API that a deployment publishes besides its operations: authorizers,
//! request validators, models and settings, in a common form of drafts and exports.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_apigateway::types::{Authorizer, AuthorizerType, Method, Model, RequestValidator};
use serde_json::{Map, Value, json};

use super::undeployed_changes::{ApiOperations, without_defaults};

/// The name of the default endpoint in [`ApiOperations`], if it is disabled.
pub(crate) const DISABLED_ENDPOINT_NAME: &str = "the disabled default endpoint";

/// The `OpenAPI` extension for the request validator of an operation.
pub(crate) const VALIDATOR: &str = "x-amazon-apigateway-request-validator";

/// The `OpenAPI` extension for the definition of an authorizer.
const AUTHORIZER: &str = "x-amazon-apigateway-authorizer";

/// The names of the settings of an API, with their `OpenAPI` extensions.
const SETTINGS: &[(&str, &str)] = &[
    ("the binary media types", "/x-amazon-apigateway-binary-media-types"),
    ("the minimum compression size", "/x-amazon-apigateway-minimum-compression-size"),
    ("the source of API keys", "/x-amazon-apigateway-api-key-source"),
    (
        DISABLED_ENDPOINT_NAME,
        "/x-amazon-apigateway-endpoint-configuration/disableExecuteApiEndpoint",
    ),
];

/// The time in seconds for which the result of an authorizer is cached by default.
///
/// Source: Amazon API Gateway API Reference, `Authorizer`, `authorizerResultTtlInSeconds`.
const DEFAULT_CACHE_TIME: i64 = 300;

/// The definitions in the draft of a REST API.
#[derive(Clone, Debug, Default)]
pub(crate) struct DraftedDefinitions {
    /// All authorizers.
    pub(crate) authorizers: Vec<Authorizer>,
    /// All request validators.
    pub(crate) validators: Vec<RequestValidator>,
    /// All models.
    pub(crate) models: Vec<Model>,
    /// The media types that API Gateway treats as binary.
    pub(crate) binary_media_types: Vec<String>,
    /// The size in bytes from which API Gateway compresses responses. `None` if it does not.
    pub(crate) minimum_compression_size: Option<i32>,
    /// The source of API keys. `None` if AWS does not return it.
    pub(crate) api_key_source: Option<String>,
    /// True if the default endpoint is disabled.
    pub(crate) is_endpoint_disabled: bool,
}

impl DraftedDefinitions {
    /// Returns the authorizer of a method.
    fn find_authorizer(&self, method: &Method) -> Option<&Authorizer> {
        let id = method.authorizer_id.as_ref()?;
        self.authorizers.iter().find(|one| one.id.as_ref() == Some(id))
    }

    /// Returns the name of the authorizer of a method. `None` if the method has no authorizer.
    pub(crate) fn authorizer_name(&self, method: &Method) -> Option<String> {
        method.authorizer_id.as_ref()?;
        let name = self.find_authorizer(method).and_then(|one| one.name.clone());
        Some(name.unwrap_or_else(|| "unknown".to_owned()))
    }

    /// Returns the request validator of a method.
    fn find_validator(&self, method: &Method) -> Option<&RequestValidator> {
        let id = method.request_validator_id.as_ref()?;
        self.validators.iter().find(|one| one.id.as_ref() == Some(id))
    }

    /// Returns the name of the request validator of a method. `None` if the method has none.
    pub(crate) fn validator_name(&self, method: &Method) -> Option<String> {
        method.request_validator_id.as_ref()?;
        let name = self.find_validator(method).and_then(|one| one.name.clone());
        Some(name.unwrap_or_else(|| "unknown".to_owned()))
    }

    /// Returns the definitions that methods use, and the settings that differ from the default.
    /// Exports do not contain other definitions.
    pub(crate) fn to_definitions(&self, methods: &[&Method]) -> ApiOperations {
        let mut all = self.describe_settings();
        for method in methods {
            if let (Some(name), Some(one)) =
                (self.authorizer_name(method), self.find_authorizer(method))
            {
                all.insert(authorizer_key(&name), describe_authorizer(one));
            }
            if let (Some(name), Some(one)) =
                (self.validator_name(method), self.find_validator(method))
            {
                let (body, parameters) =
                    (one.validate_request_body, one.validate_request_parameters);
                all.insert(validator_key(&name), describe_validator(body, parameters));
            }
        }
        let by_name: BTreeMap<&str, Value> = self
            .models
            .iter()
            .filter_map(|model| {
                Some((model.name.as_deref()?, parse_schema(model.schema.as_deref())))
            })
            .collect();
        let mut waiting: Vec<String> = methods.iter().flat_map(|one| list_models(one)).collect();
        let mut seen = BTreeSet::new();
        while let Some(name) = waiting.pop() {
            if !seen.insert(name.clone()) {
                continue;
            }
            // A method can name a model that does not exist.
            let Some(schema) = by_name.get(name.as_str()) else { continue };
            waiting.extend(
                by_name
                    .keys()
                    .filter(|other| refers_to(schema, other))
                    .map(|other| (*other).to_owned()),
            );
            all.insert(model_key(&name), schema.clone());
        }
        all
    }

    fn describe_settings(&self) -> ApiOperations {
        let mut media_types = self.binary_media_types.clone();
        media_types.sort();
        let source = self.api_key_source.as_deref().unwrap_or("HEADER");
        let values = [
            json!(media_types),
            json!(self.minimum_compression_size),
            json!(source),
            json!(self.is_endpoint_disabled),
        ];
        let named = SETTINGS.iter().zip(values).map(|((name, _), value)| (*name, value));
        named.filter(is_explicit_setting).map(|(name, value)| (name.to_owned(), value)).collect()
    }
}

/// Returns the definitions of an export.
pub(crate) fn parse_served_definitions(export: &Value) -> ApiOperations {
    let settings = SETTINGS.iter().filter_map(|(name, path)| {
        let mut value = export.pointer(path)?.clone();
        if let Value::Array(entries) = &mut value {
            entries.sort_by_key(Value::to_string);
        }
        Some((*name, value))
    });
    let mut all: ApiOperations = settings
        .filter(is_explicit_setting)
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
    let entries =
        |path: &str| export.pointer(path).and_then(Value::as_object).into_iter().flatten();
    for (name, scheme) in entries("/components/securitySchemes") {
        if let Some(authorizer) = scheme.get(AUTHORIZER) {
            all.insert(authorizer_key(name), describe_exported_authorizer(scheme, authorizer));
        }
    }
    for (name, validator) in entries("/x-amazon-apigateway-request-validators") {
        let is_on = |field: &str| validator.get(field).and_then(Value::as_bool).unwrap_or_default();
        let (body, parameters) = (is_on("validateRequestBody"), is_on("validateRequestParameters"));
        all.insert(validator_key(name), describe_validator(body, parameters));
    }
    for (name, schema) in entries("/components/schemas") {
        all.insert(model_key(name), normalize_schema(schema));
    }
    retain_used(all, export)
}

/// Removes the authorizers and request validators that no operation of the export uses.
fn retain_used(mut all: ApiOperations, export: &Value) -> ApiOperations {
    let paths = export.get("paths").and_then(Value::as_object).into_iter().flatten();
    let operations = paths.filter_map(|(_, verbs)| verbs.as_object()).flat_map(Map::values);
    let mut used = BTreeSet::new();
    for operation in operations {
        let security = operation.get("security").and_then(Value::as_array).into_iter().flatten();
        used.extend(
            security
                .filter_map(Value::as_object)
                .flat_map(Map::keys)
                .map(|name| authorizer_key(name)),
        );
        used.extend(operation.get(VALIDATOR).and_then(Value::as_str).map(validator_key));
    }
    let is_unused = |name: &String| {
        let can_be_unused =
            name.starts_with(&authorizer_key("")) || name.starts_with(&validator_key(""));
        can_be_unused && !used.contains(name)
    };
    all.retain(|name, _| !is_unused(name));
    all
}

/// Returns the name of the model of each content type of a body or a response in an export.
pub(crate) fn describe_exported_models(body: Option<&Value>) -> Map<String, Value> {
    let content = body.and_then(|body| body.get("content")).and_then(Value::as_object);
    let models = content.into_iter().flatten().filter_map(|(kind, one)| {
        let reference = one.pointer("/schema/$ref")?.as_str()?;
        Some((kind.clone(), json!(last_segment(reference))))
    });
    models.collect()
}

fn authorizer_key(name: &str) -> String {
    format!("authorizer {name}")
}

fn validator_key(name: &str) -> String {
    format!("request validator {name}")
}

fn model_key(name: &str) -> String {
    format!("model {name}")
}

/// Returns whether a setting differs from the default of API Gateway.
fn is_explicit_setting((_, value): &(&str, Value)) -> bool {
    let is_empty = value.as_array().is_some_and(Vec::is_empty);
    !is_empty && !value.is_null() && *value != json!(false) && *value != json!("HEADER")
}

fn describe_validator(body: bool, parameters: bool) -> Value {
    json!({"body": body, "parameters": parameters})
}

fn describe_authorizer(one: &Authorizer) -> Value {
    without_defaults(&json!({
        "type": one.r#type.as_ref().map(|kind| kind.as_str().to_lowercase()),
        "uri": one.authorizer_uri,
        "credentials": one.authorizer_credentials,
        "providers": sort_texts(one.provider_arns.iter().flatten().map(String::as_str)),
        "identity": describe_identity(one.identity_source.as_deref()),
        "validation": one.identity_validation_expression,
        "cache": one.authorizer_result_ttl_in_seconds.map_or(DEFAULT_CACHE_TIME, i64::from),
    }))
}

/// Returns an exported authorizer in the common form. Except for authorizers of type `REQUEST`, the
/// security scheme contains the place and the name of the identity source.
fn describe_exported_authorizer(scheme: &Value, authorizer: &Value) -> Value {
    let text = |from: &Value, name: &str| from.get(name).and_then(Value::as_str).map(str::to_owned);
    let kind = text(authorizer, "type").map(|kind| kind.to_lowercase());
    let providers = authorizer.get("providerARNs").and_then(Value::as_array);
    let is_request =
        kind.as_deref() == Some(AuthorizerType::Request.as_str().to_lowercase().as_str());
    let identity = text(authorizer, "identitySource").or_else(|| {
        let place = text(scheme, "in").filter(|_| !is_request)?;
        let place = if place == "query" { "querystring".to_owned() } else { place };
        Some(format!("method.request.{place}.{}", text(scheme, "name")?))
    });
    let cache = authorizer.get("authorizerResultTtlInSeconds").and_then(Value::as_i64);
    without_defaults(&json!({
        "type": kind,
        "uri": authorizer.get("authorizerUri"),
        "credentials": authorizer.get("authorizerCredentials"),
        "providers": sort_texts(providers.into_iter().flatten().filter_map(Value::as_str)),
        "identity": describe_identity(identity.as_deref()),
        "validation": authorizer.get("identityValidationExpression"),
        "cache": cache.unwrap_or(DEFAULT_CACHE_TIME),
    }))
}

/// Returns the identity sources of an authorizer, which API Gateway writes with commas.
fn describe_identity(source: Option<&str>) -> Vec<String> {
    let parts = source.unwrap_or_default().split(',').map(str::trim);
    sort_texts(parts.filter(|part| !part.is_empty()))
}

/// Returns texts in alphabetical order.
pub(crate) fn sort_texts<'a>(texts: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut texts: Vec<String> = texts.map(str::to_owned).collect();
    texts.sort();
    texts
}

/// Returns the names of the models that a method uses.
fn list_models(method: &Method) -> Vec<String> {
    let responses = method.method_responses.iter().flatten();
    let responses = responses.flat_map(|(_, one)| one.response_models.iter().flatten());
    let requests = method.request_models.iter().flatten();
    requests.chain(responses).map(|(_, name)| name.clone()).collect()
}

fn parse_schema(schema: Option<&str>) -> Value {
    let text = schema.unwrap_or_default();
    serde_json::from_str(text).map_or_else(|_| json!(text), |schema| normalize_schema(&schema))
}

/// Returns a schema in the common form: without the version of JSON Schema, with the names of
/// referenced models in place of their URLs, and with floating-point numbers.
fn normalize_schema(schema: &Value) -> Value {
    match schema {
        Value::Object(fields) => {
            let fields = fields.iter().filter(|(name, _)| name.as_str() != "$schema");
            let normal = fields.map(|(name, value)| match value {
                Value::String(text) if name == "$ref" => (name.clone(), json!(last_segment(text))),
                Value::Array(names) if name == "required" => {
                    (name.clone(), json!(sort_texts(names.iter().filter_map(Value::as_str))))
                }
                value => (name.clone(), normalize_schema(value)),
            });
            normal.collect()
        }
        Value::Array(entries) => entries.iter().map(normalize_schema).collect(),
        Value::Number(number) => json!(number.as_f64()),
        other => other.clone(),
    }
}

/// Returns whether a schema in the common form refers to a model.
fn refers_to(schema: &Value, name: &str) -> bool {
    match schema {
        Value::Object(fields) => {
            let is_reference = fields.get("$ref").and_then(Value::as_str) == Some(name);
            is_reference || fields.values().any(|value| refers_to(value, name))
        }
        Value::Array(entries) => entries.iter().any(|entry| refers_to(entry, name)),
        _ => false,
    }
}

fn last_segment(reference: &str) -> &str {
    reference.rsplit('/').next().unwrap_or(reference)
}

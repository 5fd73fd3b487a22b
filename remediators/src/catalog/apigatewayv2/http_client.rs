//! The client for HTTP and WebSocket APIs: APIs, routes, stages, deployments and exports.

use std::collections::{BTreeMap, BTreeSet};

use evenkeel_client::{Method, RestCall, ServiceClient};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::access::connection::AwsConnection;
use crate::access::rate_limit::RateLimiter;
use crate::catalog::apigateway::backend::to_https_uri;
use crate::catalog::apigateway::rest_client::{
    AwsResult, ServedDeployment, classify_gateway_error, incomplete_response, list_deploy_actions,
};
use crate::catalog::apigateway::undeployed_changes::{
    ApiOperations, describe_other_changes, list_other_changes,
};

/// The `OpenAPI` extension for the integration of a route.
const INTEGRATION: &str = "x-amazon-apigateway-integration";

/// The `OpenAPI` extension for a route with all methods.
const ANY: &str = "x-amazon-apigateway-any-method";

/// The path under which the default route is exported.
const DEFAULT_ROUTE_PATH: &str = "/$default";

/// A page of a list.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ListPage<T> {
    items: Option<Vec<T>>,
    next_token: Option<String>,
}

/// The response for an API.
///
/// Source: Amazon API Gateway Version 2 API Reference, `Apis`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct HttpApiResponse {
    pub(crate) disable_execute_api_endpoint: Option<bool>,
    protocol_type: Option<String>,
}

/// The response for a stage.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StageResponse {
    auto_deploy: Option<bool>,
    deployment_id: Option<String>,
    stage_name: Option<String>,
    pub(crate) stage_variables: Option<BTreeMap<String, String>>,
}

/// The response for a route.
///
/// Source: Amazon API Gateway Version 2 API Reference, `Routes`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RouteResponse {
    pub(crate) route_key: Option<String>,
    pub(crate) target: Option<String>,
}

/// The mapping of a custom domain to an API.
///
/// Source: Amazon API Gateway Version 2 API Reference, `ApiMappings`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ApiMapping {
    pub(crate) api_id: Option<String>,
    pub(crate) stage: Option<String>,
}

/// A stage and its deployment.
///
/// Source: Amazon API Gateway Version 2 API Reference, `Stage`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HttpStage {
    /// True if API Gateway deploys each change automatically.
    pub auto: bool,
    /// The deployment. `None` if API Gateway deploys automatically, or if nothing is deployed.
    pub deployment: Option<ServedDeployment>,
}

impl HttpStage {
    /// Returns the stage that a response describes.
    pub(crate) fn from_response(response: &StageResponse) -> HttpStage {
        let auto = response.auto_deploy.unwrap_or_default();
        let deployment = response.deployment_id.clone().filter(|_| !auto);
        HttpStage { auto, deployment: deployment.map(ServedDeployment::Is) }
    }

    /// Returns whether the stage serves a deployment.
    pub(crate) fn is_in_use(&self) -> bool {
        self.auto || self.deployment.is_some()
    }

    /// Returns the stage after a new deployment. A stage with automatic deployment is unchanged.
    pub(crate) fn with_next_deployment(&self) -> HttpStage {
        let deployment = self.deployment.as_ref().map(ServedDeployment::next_deployment);
        HttpStage { deployment, ..self.clone() }
    }

    /// Returns whether the stage satisfies the stage `wanted`.
    pub(crate) fn has_reached(&self, wanted: &HttpStage) -> bool {
        let deployed = match (&self.deployment, &wanted.deployment) {
            (Some(seen), Some(wanted)) => seen.has_reached(wanted),
            (seen, wanted) => seen == wanted,
        };
        self.auto == wanted.auto && deployed
    }
}

/// Returns the IAM actions that the deployments need.
pub(crate) fn list_stage_actions<'a>(
    changes: impl Iterator<Item = (&'a HttpStage, &'a HttpStage)>,
) -> Vec<&'static str> {
    let deployments =
        changes.filter_map(|(from, to)| from.deployment.as_ref().zip(to.deployment.as_ref()));
    list_deploy_actions(deployments)
}

/// A client of API Gateway for HTTP and WebSocket APIs.
#[derive(Clone, Debug)]
pub(crate) struct HttpApiClient {
    service: ServiceClient,
    rate_limiter: RateLimiter,
}

impl From<&AwsConnection> for HttpApiClient {
    fn from(aws: &AwsConnection) -> Self {
        HttpApiClient {
            service: ServiceClient::api_gateway_v2(&aws.config),
            rate_limiter: aws.rate_limiter.clone(),
        }
    }
}

impl HttpApiClient {
    /// Returns a call with an HTTP method and a path below `/v2`.
    pub(crate) fn build_call(&self, method: Method, path: &[&str]) -> RestCall<'_> {
        self.service.rest_call(method, &[&["v2"], path].concat())
    }

    /// Sends a write call.
    pub(crate) async fn send_change(
        &self,
        method: Method,
        path: &[&str],
        content: &Value,
    ) -> AwsResult<()> {
        self.build_call(method, path)
            .with_json(content)
            .send_rest()
            .await
            .map(drop)
            .map_err(classify_gateway_error)
    }

    /// Reads all pages of a list. `call` is the name of the operation, for errors.
    pub(crate) async fn list_all<T: DeserializeOwned>(
        &self,
        call: &str,
        path: &[&str],
    ) -> AwsResult<Vec<T>> {
        let (mut all, mut next) = (Vec::new(), None::<String>);
        loop {
            let mut page = self.build_call(Method::GET, path);
            if let Some(next) = &next {
                page = page.with_query("nextToken", Some(next));
            }
            let page = page
                .send_rest()
                .await
                .and_then(|page| page.parse_json())
                .map_err(classify_gateway_error)?;
            let ListPage { items, next_token } = page;
            all.extend(items.ok_or_else(|| incomplete_response(call))?);
            next = next_token.filter(|token| !token.is_empty());
            if next.is_none() {
                return Ok(all);
            }
        }
    }

    /// Reads an API.
    pub(crate) async fn read_api(&self, api: &str) -> AwsResult<HttpApiResponse> {
        let answer = self.build_call(Method::GET, &["apis", api]).send_rest().await;
        answer.and_then(|answer| answer.parse_json()).map_err(classify_gateway_error)
    }

    /// Returns whether an API has the protocol HTTP. WebSocket APIs cannot be exported.
    ///
    /// Source: Amazon API Gateway Version 2 API Reference, `ExportApi`.
    pub(crate) async fn is_exportable(&self, api: &str) -> AwsResult<bool> {
        let protocol = self.read_api(api).await?.protocol_type;
        Ok(protocol.ok_or_else(|| incomplete_response("GetApi"))? == "HTTP")
    }

    /// Reads the responses for all stages of an API.
    pub(crate) async fn list_stage_responses(&self, api: &str) -> AwsResult<Vec<StageResponse>> {
        self.list_all("GetStages", &["apis", api, "stages"]).await
    }

    /// Reads all stages of an API, by name.
    pub(crate) async fn list_stages(&self, api: &str) -> AwsResult<BTreeMap<String, HttpStage>> {
        let stages = self.list_stage_responses(api).await?;
        stages
            .iter()
            .map(|response| Ok((read_stage_name(response)?, HttpStage::from_response(response))))
            .collect()
    }

    /// Reads all routes in the draft of an API.
    pub(crate) async fn list_routes(&self, api: &str) -> AwsResult<Vec<RouteResponse>> {
        self.list_all("GetRoutes", &["apis", api, "routes"]).await
    }

    /// Reads the mappings of a custom domain to APIs of all types.
    pub(crate) async fn list_mappings(&self, domain: &str) -> AwsResult<Vec<ApiMapping>> {
        self.list_all("GetApiMappings", &["domainnames", domain, "apimappings"]).await
    }

    /// Exports the deployment of a stage, or the draft if `stage` is `None`.
    pub(crate) async fn export_api(&self, api: &str, stage: Option<&str>) -> AwsResult<ApiExport> {
        let mut export = self.build_call(Method::GET, &["apis", api, "exports", "OAS30"]);
        export = export.with_query("outputType", Some("JSON"));
        if let Some(stage) = stage {
            export = export.with_query("stageName", Some(stage));
        }
        let answer = export.send_rest().await.map_err(classify_gateway_error)?;
        let export = serde_json::from_slice(answer.body_bytes())
            .ok()
            .and_then(|document| ApiExport::from_document(&document));
        export.ok_or_else(|| incomplete_response("ExportApi"))
    }

    /// Returns the reason why deployments to stages need an approval: they would publish other
    /// undeployed changes. `ours` are the routes that the remediation changes.
    pub(crate) async fn describe_undeployed_changes(
        &self,
        api: &str,
        stages: &[&String],
        ours: &BTreeSet<String>,
    ) -> AwsResult<Option<String>> {
        if stages.is_empty() {
            return Ok(None);
        }
        let mut questions = Vec::new();
        if self.is_exportable(api).await? {
            let drafted = self.export_api(api, None).await?.without_own_changes(ours);
            for stage in stages {
                let served = self.export_api(api, Some(stage)).await?.without_own_changes(ours);
                questions.extend(describe_other_changes(
                    stage,
                    &list_other_changes(&drafted, &served, &[]),
                ));
            }
        } else {
            questions.extend(stages.iter().map(|stage| {
                format!(
                    "a deployment to stage `{stage}` would publish all undeployed changes of the \
                     WebSocket API, which cannot be listed; check them before you approve"
                )
            }));
        }
        Ok((!questions.is_empty()).then(|| questions.join("; ")))
    }

    /// Sets the deployment of each stage in `wanted`: an earlier deployment, or a new deployment of
    /// the draft.
    pub(crate) async fn deploy_stages<'a>(
        &self,
        api: &str,
        wanted: impl Iterator<Item = (&'a String, &'a HttpStage)>,
    ) -> AwsResult<()> {
        let now = self.list_stages(api).await?;
        for (name, wanted) in wanted {
            let Some(seen) = now.get(name).filter(|seen| !seen.has_reached(wanted)) else {
                continue;
            };
            match &wanted.deployment {
                // The deployment of a stage with automatic deployment cannot be chosen.
                _ if seen.auto => {}
                None => {}
                Some(ServedDeployment::Is(id)) => {
                    let path = ["apis", api, "stages", name];
                    self.send_change(Method::PATCH, &path, &json!({"deploymentId": id})).await?;
                }
                Some(ServedDeployment::After(_)) => {
                    self.rate_limiter.wait_for_turn("CreateDeployment").await;
                    let why = "Evenkeel: compliant configuration restored";
                    let deployment = json!({"stageName": name, "description": why});
                    self.send_change(Method::POST, &["apis", api, "deployments"], &deployment)
                        .await?;
                }
            }
        }
        Ok(())
    }
}

/// Returns the name of a stage.
pub(crate) fn read_stage_name(response: &StageResponse) -> AwsResult<String> {
    response.stage_name.clone().ok_or_else(|| incomplete_response("GetStages"))
}

/// An exported API: its operations by route key, such as `GET /pets` or `$default`, and the other
/// parts that a deployment publishes.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ApiExport {
    routes: ApiOperations,
    other_parts: ApiOperations,
}

impl ApiExport {
    /// Parses an `OpenAPI` document. Returns `None` if the document is not valid.
    fn from_document(export: &Value) -> Option<ApiExport> {
        let mut routes = ApiOperations::new();
        for (path, verbs) in export.get("paths")?.as_object()? {
            for (verb, operation) in verbs.as_object()? {
                let key = match verb.as_str() {
                    ANY if path == DEFAULT_ROUTE_PATH => "$default".to_owned(),
                    ANY => format!("ANY {path}"),
                    verb => format!("{} {path}", verb.to_uppercase()),
                };
                let mut operation = operation.clone();
                if let Some(integration) = operation.get_mut(INTEGRATION) {
                    *integration = resolve_reference(export, integration)?;
                }
                routes.insert(key, operation);
            }
        }
        let mut other_parts = ApiOperations::new();
        if let Some(cors) = export.get("x-amazon-apigateway-cors") {
            other_parts.insert("the CORS configuration".to_owned(), cors.clone());
        }
        let schemes = export.pointer("/components/securitySchemes").and_then(Value::as_object);
        for (name, scheme) in schemes.into_iter().flatten() {
            other_parts.insert(format!("authorizer {name}"), scheme.clone());
        }
        Some(ApiExport { routes, other_parts })
    }

    /// Returns the integration of a route.
    pub(crate) fn find_integration(&self, route: &str) -> Option<&Value> {
        self.routes.get(route)?.get(INTEGRATION)
    }

    /// Returns all parts, without the changes that the remediation makes to the routes in `ours`.
    fn without_own_changes(self, ours: &BTreeSet<String>) -> ApiOperations {
        let normalize = |(key, mut operation): (String, Value)| {
            let integration = operation.get_mut(INTEGRATION).filter(|_| ours.contains(&key));
            if let Some(Value::Object(integration)) = integration {
                integration.remove("tlsConfig");
                if let Some(uri) = integration.get_mut("uri") {
                    *uri = json!(to_https_uri(uri.as_str().unwrap_or_default()));
                }
            }
            (key, operation)
        };
        self.routes.into_iter().map(normalize).chain(self.other_parts).collect()
    }
}

/// Returns the integration of a route. A route can contain a reference to an integration, because
/// several routes can share it.
///
/// Source: Amazon API Gateway Developer Guide, "x-amazon-apigateway-integrations object".
fn resolve_reference(export: &Value, integration: &Value) -> Option<Value> {
    match integration.get("$ref").and_then(Value::as_str) {
        Some(reference) => export.pointer(reference.strip_prefix('#')?).cloned(),
        None => Some(integration.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_export_contains_routes_by_key_and_shared_integrations() {
        let export = ApiExport::from_document(&json!({
            "paths": {
                "/$default": {ANY: {INTEGRATION: {"uri": "http://a.example/"}}},
                "/pets": {"get": {INTEGRATION: {"$ref": "#/components/x/one"}}, ANY: {}},
            },
            "components": {
                "x": {"one": {"uri": "http://b.example/"}},
                "securitySchemes": {"jwt": {"type": "oauth2"}},
            },
            "x-amazon-apigateway-cors": {"allowOrigins": ["*"]},
        }))
        .unwrap();
        let uri = |route: &str| export.find_integration(route).map(|one| one["uri"].clone());
        assert_eq!(uri("$default"), Some(json!("http://a.example/")));
        assert_eq!(uri("GET /pets"), Some(json!("http://b.example/")));
        assert_eq!(uri("ANY /pets"), None);
        let ours = BTreeSet::from(["GET /pets".to_owned()]);
        let operations = export.clone().without_own_changes(&ours);
        assert_eq!(
            operations.keys().collect::<Vec<_>>(),
            ["$default", "ANY /pets", "GET /pets", "authorizer jwt", "the CORS configuration"]
        );
        let normalized = &operations["GET /pets"][INTEGRATION]["uri"];
        assert_eq!(normalized, "https://b.example/");
        assert_eq!(operations["$default"][INTEGRATION]["uri"], "http://a.example/");
        for invalid in [
            json!({}),
            json!({"paths": 1}),
            json!({"paths": {"/": {"get": {INTEGRATION: {"$ref": "#/no"}}}}}),
        ] {
            assert_eq!(ApiExport::from_document(&invalid), None);
        }
    }
}

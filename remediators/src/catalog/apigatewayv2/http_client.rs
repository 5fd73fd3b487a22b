//! Stages and deployments of HTTP and WebSocket APIs: what is served, apart from what is drafted.

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

/// The extension that a route's integration is exported as.
const INTEGRATION: &str = "x-amazon-apigateway-integration";

/// The route that stands for all methods.
const ANY: &str = "x-amazon-apigateway-any-method";

/// The path under which the route for everything else is exported.
const DEFAULT_ROUTE_PATH: &str = "/$default";

/// A page of a list.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ListPage<T> {
    items: Option<Vec<T>>,
    next_token: Option<String>,
}

/// Source: Amazon API Gateway Version 2 API Reference, `Apis`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct HttpApiResponse {
    pub(crate) disable_execute_api_endpoint: Option<bool>,
    protocol_type: Option<String>,
}

/// A stage, as AWS tells it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StageResponse {
    auto_deploy: Option<bool>,
    deployment_id: Option<String>,
    stage_name: Option<String>,
    pub(crate) stage_variables: Option<BTreeMap<String, String>>,
}

/// Source: Amazon API Gateway Version 2 API Reference, `Routes`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RouteResponse {
    pub(crate) route_key: Option<String>,
    pub(crate) target: Option<String>,
}

/// Source: Amazon API Gateway Version 2 API Reference, `ApiMappings`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ApiMapping {
    pub(crate) api_id: Option<String>,
    pub(crate) stage: Option<String>,
}

/// How a stage comes to serve what is drafted.
///
/// Source: Amazon API Gateway Version 2 API Reference, `Stage`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HttpStage {
    /// API Gateway deploys whatever changes.
    pub auto: bool,
    /// Its deployment; none where API Gateway deploys, and where nothing was deployed yet.
    pub deployment: Option<ServedDeployment>,
}

impl HttpStage {
    /// As AWS tells it.
    pub(crate) fn from_response(told: &StageResponse) -> HttpStage {
        let auto = told.auto_deploy.unwrap_or_default();
        let deployment = told.deployment_id.clone().filter(|_| !auto);
        HttpStage { auto, deployment: deployment.map(ServedDeployment::Is) }
    }

    /// Whether it serves anything.
    pub(crate) fn is_in_use(&self) -> bool {
        self.auto || self.deployment.is_some()
    }

    /// The same after a new deployment, where API Gateway makes none itself.
    pub(crate) fn with_next_deployment(&self) -> HttpStage {
        let deployment = self.deployment.as_ref().map(ServedDeployment::next_deployment);
        HttpStage { deployment, ..self.clone() }
    }

    /// Whether a stage that is `self` is as `wanted`.
    pub(crate) fn has_reached(&self, wanted: &HttpStage) -> bool {
        let deployed = match (&self.deployment, &wanted.deployment) {
            (Some(seen), Some(wanted)) => seen.has_reached(wanted),
            (seen, wanted) => seen == wanted,
        };
        self.auto == wanted.auto && deployed
    }
}

/// The IAM actions that deployments take.
pub(crate) fn list_stage_actions<'a>(
    changes: impl Iterator<Item = (&'a HttpStage, &'a HttpStage)>,
) -> Vec<&'static str> {
    let deployments =
        changes.filter_map(|(from, to)| from.deployment.as_ref().zip(to.deployment.as_ref()));
    list_deploy_actions(deployments)
}

/// API Gateway, for HTTP and WebSocket APIs.
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
    /// A call of a method on a path below `/v2`.
    pub(crate) fn build_call(&self, method: Method, path: &[&str]) -> RestCall<'_> {
        self.service.rest_call(method, &[&["v2"], path].concat())
    }

    /// Sends a call that changes something.
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

    /// All pages of a list, which `call` reads.
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

    /// An API.
    pub(crate) async fn read_api(&self, api: &str) -> AwsResult<HttpApiResponse> {
        let answer = self.build_call(Method::GET, &["apis", api]).send_rest().await;
        answer.and_then(|answer| answer.parse_json()).map_err(classify_gateway_error)
    }

    /// Whether an API is of protocol HTTP: one of protocol WebSocket cannot be exported.
    ///
    /// Source: Amazon API Gateway Version 2 API Reference, `ExportApi`.
    pub(crate) async fn is_exportable(&self, api: &str) -> AwsResult<bool> {
        let protocol = self.read_api(api).await?.protocol_type;
        Ok(protocol.ok_or_else(|| incomplete_response("GetApi"))? == "HTTP")
    }

    /// All stages of an API, as AWS tells them.
    pub(crate) async fn list_stage_responses(&self, api: &str) -> AwsResult<Vec<StageResponse>> {
        self.list_all("GetStages", &["apis", api, "stages"]).await
    }

    /// All stages of an API.
    pub(crate) async fn list_stages(&self, api: &str) -> AwsResult<BTreeMap<String, HttpStage>> {
        let stages = self.list_stage_responses(api).await?;
        stages
            .iter()
            .map(|told| Ok((read_stage_name(told)?, HttpStage::from_response(told))))
            .collect()
    }

    /// All routes of an API's draft.
    pub(crate) async fn list_routes(&self, api: &str) -> AwsResult<Vec<RouteResponse>> {
        self.list_all("GetRoutes", &["apis", api, "routes"]).await
    }

    /// Which APIs of any kind a custom domain leads to, by paths.
    pub(crate) async fn list_mappings(&self, domain: &str) -> AwsResult<Vec<ApiMapping>> {
        self.list_all("GetApiMappings", &["domainnames", domain, "apimappings"]).await
    }

    /// What a stage serves, or what is drafted, by route.
    pub(crate) async fn export_api(&self, api: &str, stage: Option<&str>) -> AwsResult<ApiExport> {
        let mut export = self.build_call(Method::GET, &["apis", api, "exports", "OAS30"]);
        export = export.with_query("outputType", Some("JSON"));
        if let Some(stage) = stage {
            export = export.with_query("stageName", Some(stage));
        }
        let answer = export.send_rest().await.map_err(classify_gateway_error)?;
        let read = serde_json::from_slice(answer.body_bytes())
            .ok()
            .and_then(|read| ApiExport::from_document(&read));
        read.ok_or_else(|| incomplete_response("ExportApi"))
    }

    /// Why a person must say yes to deployments to stages: they would publish what others have drafted, beside
    /// what we change of the routes that are `ours`.
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
                    &list_other_changes(&drafted, &served, None),
                ));
            }
        } else {
            questions.extend(stages.iter().map(|stage| {
                format!(
                    "a deployment to stage `{stage}` would publish all that is drafted, and of a \
                     WebSocket API it cannot be told what that is"
                )
            }));
        }
        Ok((!questions.is_empty()).then(|| questions.join("; ")))
    }

    /// Lets stages serve what is wanted: a former deployment, or a new one of the draft.
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
                // A deployment cannot be chosen where API Gateway makes it.
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

/// A stage's name.
pub(crate) fn read_stage_name(told: &StageResponse) -> AwsResult<String> {
    told.stage_name.clone().ok_or_else(|| incomplete_response("GetStages"))
}

/// An exported API: its routes as they are called in the API, such as `GET /pets` or `$default`, and what
/// else a deployment publishes.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ApiExport {
    routes: ApiOperations,
    other_parts: ApiOperations,
}

impl ApiExport {
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
        let mut beside = ApiOperations::new();
        if let Some(cors) = export.get("x-amazon-apigateway-cors") {
            beside.insert("the CORS configuration".to_owned(), cors.clone());
        }
        let schemes = export.pointer("/components/securitySchemes").and_then(Value::as_object);
        for (name, scheme) in schemes.into_iter().flatten() {
            beside.insert(format!("authorizer {name}"), scheme.clone());
        }
        Some(ApiExport { routes, other_parts: beside })
    }

    /// The integration of a route.
    pub(crate) fn find_integration(&self, route: &str) -> Option<&Value> {
        self.routes.get(route)?.get(INTEGRATION)
    }

    /// All of it, without what we change of the routes that are `ours`.
    fn without_own_changes(self, ours: &BTreeSet<String>) -> ApiOperations {
        let level = |(key, mut operation): (String, Value)| {
            let integration = operation.get_mut(INTEGRATION).filter(|_| ours.contains(&key));
            if let Some(Value::Object(integration)) = integration {
                integration.remove("tlsConfig");
                if let Some(uri) = integration.get_mut("uri") {
                    *uri = json!(to_https_uri(uri.as_str().unwrap_or_default()));
                }
            }
            (key, operation)
        };
        self.routes.into_iter().map(level).chain(self.other_parts).collect()
    }
}

/// An integration may be told once for several routes.
///
/// Source: Amazon API Gateway Developer Guide, "x-amazon-apigateway-integrations object".
fn resolve_reference(export: &Value, integration: &Value) -> Option<Value> {
    match integration.get("$ref").and_then(Value::as_str) {
        Some(place) => export.pointer(place.strip_prefix('#')?).cloned(),
        None => Some(integration.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_export_tells_routes_by_their_names_and_integrations_that_are_told_once() {
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
        let uri = |route: &str| export.find_integration(route).map(|told| told["uri"].clone());
        assert_eq!(uri("$default"), Some(json!("http://a.example/")));
        assert_eq!(uri("GET /pets"), Some(json!("http://b.example/")));
        assert_eq!(uri("ANY /pets"), None);
        let ours = BTreeSet::from(["GET /pets".to_owned()]);
        let operations = export.clone().without_own_changes(&ours);
        assert_eq!(
            operations.keys().collect::<Vec<_>>(),
            ["$default", "ANY /pets", "GET /pets", "authorizer jwt", "the CORS configuration"]
        );
        let leveled = &operations["GET /pets"][INTEGRATION]["uri"];
        assert_eq!(leveled, "https://b.example/");
        assert_eq!(operations["$default"][INTEGRATION]["uri"], "http://a.example/");
        for none in [
            json!({}),
            json!({"paths": 1}),
            json!({"paths": {"/": {"get": {INTEGRATION: {"$ref": "#/no"}}}}}),
        ] {
            assert_eq!(ApiExport::from_document(&none), None);
        }
    }
}

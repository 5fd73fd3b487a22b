//! Stages and deployments of HTTP and WebSocket APIs: what is served, apart from what is drafted.

use std::collections::{BTreeMap, BTreeSet};

use evenkeel_client::{Method, RestCall, Service};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::access::aws::Aws;
use crate::access::pace::Pace;
use crate::catalog::apigateway::backend::secured;
use crate::catalog::apigateway::draft::{Operations, others, question};
use crate::catalog::apigateway::rest::{Answer, Deployment, deploy_calls, refused, unread};

/// The extension that a route's integration is exported as.
const INTEGRATION: &str = "x-amazon-apigateway-integration";

/// The route that stands for all methods.
const ANY: &str = "x-amazon-apigateway-any-method";

/// The path under which the route for everything else is exported.
const DEFAULT: &str = "/$default";

/// A page of a list.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page<T> {
    items: Option<Vec<T>>,
    next_token: Option<String>,
}

/// Source: Amazon API Gateway Version 2 API Reference, `Apis`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Api {
    pub(crate) disable_execute_api_endpoint: Option<bool>,
    protocol_type: Option<String>,
}

/// A stage, as AWS tells it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Told {
    auto_deploy: Option<bool>,
    deployment_id: Option<String>,
    stage_name: Option<String>,
    pub(crate) stage_variables: Option<BTreeMap<String, String>>,
}

/// Source: Amazon API Gateway Version 2 API Reference, `Routes`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Route {
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
pub struct Stage {
    /// API Gateway deploys whatever changes.
    pub auto: bool,
    /// Its deployment; none where API Gateway deploys, and where nothing was deployed yet.
    pub deployment: Option<Deployment>,
}

impl Stage {
    /// As AWS tells it.
    pub(crate) fn of(told: &Told) -> Stage {
        let auto = told.auto_deploy.unwrap_or_default();
        let deployment = told.deployment_id.clone().filter(|_| !auto);
        Stage { auto, deployment: deployment.map(Deployment::Is) }
    }

    /// Whether it serves anything.
    pub(crate) fn in_use(&self) -> bool {
        self.auto || self.deployment.is_some()
    }

    /// The same after a new deployment, where API Gateway makes none itself.
    pub(crate) fn anew(&self) -> Stage {
        let deployment = self.deployment.as_ref().map(Deployment::anew);
        Stage { deployment, ..self.clone() }
    }

    /// Whether a stage that is `self` is as `wanted`.
    pub(crate) fn reached(&self, wanted: &Stage) -> bool {
        let deployed = match (&self.deployment, &wanted.deployment) {
            (Some(seen), Some(wanted)) => seen.reached(wanted),
            (seen, wanted) => seen == wanted,
        };
        self.auto == wanted.auto && deployed
    }
}

/// The IAM actions that deployments take.
pub(crate) fn stage_calls<'a>(
    changes: impl Iterator<Item = (&'a Stage, &'a Stage)>,
) -> Vec<&'static str> {
    let deployments =
        changes.filter_map(|(from, to)| from.deployment.as_ref().zip(to.deployment.as_ref()));
    deploy_calls(deployments)
}

/// API Gateway, for HTTP and WebSocket APIs.
#[derive(Clone, Debug)]
pub(crate) struct Http {
    service: Service,
    pace: Pace,
}

impl From<&Aws> for Http {
    fn from(aws: &Aws) -> Self {
        Http { service: Service::api_gateway_v2(&aws.config), pace: aws.pace.clone() }
    }
}

impl Http {
    /// A call of a method on a path below `/v2`.
    pub(crate) fn call(&self, method: Method, path: &[&str]) -> RestCall<'_> {
        self.service.rest(method, &[&["v2"], path].concat())
    }

    /// Sends a call that changes something.
    pub(crate) async fn change(
        &self,
        method: Method,
        path: &[&str],
        content: &Value,
    ) -> Answer<()> {
        self.call(method, path).with_json(content).send().await.map(drop).map_err(refused)
    }

    /// All pages of a list, which `call` reads.
    pub(crate) async fn list<T: DeserializeOwned>(
        &self,
        call: &str,
        path: &[&str],
    ) -> Answer<Vec<T>> {
        let (mut all, mut next) = (Vec::new(), None::<String>);
        loop {
            let mut page = self.call(Method::GET, path);
            if let Some(next) = &next {
                page = page.with_query("nextToken", Some(next));
            }
            let page = page.send().await.and_then(|page| page.json()).map_err(refused)?;
            let Page { items, next_token } = page;
            all.extend(items.ok_or_else(|| unread(call))?);
            next = next_token.filter(|token| !token.is_empty());
            if next.is_none() {
                return Ok(all);
            }
        }
    }

    /// An API.
    pub(crate) async fn api(&self, api: &str) -> Answer<Api> {
        let answer = self.call(Method::GET, &["apis", api]).send().await;
        answer.and_then(|answer| answer.json()).map_err(refused)
    }

    /// Whether an API is of protocol HTTP: one of protocol WebSocket cannot be exported.
    ///
    /// Source: Amazon API Gateway Version 2 API Reference, `ExportApi`.
    pub(crate) async fn is_exportable(&self, api: &str) -> Answer<bool> {
        let protocol = self.api(api).await?.protocol_type;
        Ok(protocol.ok_or_else(|| unread("GetApi"))? == "HTTP")
    }

    /// All stages of an API, as AWS tells them.
    pub(crate) async fn told(&self, api: &str) -> Answer<Vec<Told>> {
        self.list("GetStages", &["apis", api, "stages"]).await
    }

    /// All stages of an API.
    pub(crate) async fn stages(&self, api: &str) -> Answer<BTreeMap<String, Stage>> {
        let stages = self.told(api).await?;
        stages.iter().map(|told| Ok((name(told)?, Stage::of(told)))).collect()
    }

    /// All routes of an API's draft.
    pub(crate) async fn routes(&self, api: &str) -> Answer<Vec<Route>> {
        self.list("GetRoutes", &["apis", api, "routes"]).await
    }

    /// Which APIs of any kind a custom domain leads to, by paths.
    pub(crate) async fn mappings(&self, domain: &str) -> Answer<Vec<ApiMapping>> {
        self.list("GetApiMappings", &["domainnames", domain, "apimappings"]).await
    }

    /// What a stage serves, or what is drafted, by route.
    pub(crate) async fn export(&self, api: &str, stage: Option<&str>) -> Answer<Export> {
        let mut export = self.call(Method::GET, &["apis", api, "exports", "OAS30"]);
        export = export.with_query("outputType", Some("JSON"));
        if let Some(stage) = stage {
            export = export.with_query("stageName", Some(stage));
        }
        let answer = export.send().await.map_err(refused)?;
        let read = serde_json::from_slice(answer.body()).ok().and_then(|read| Export::of(&read));
        read.ok_or_else(|| unread("ExportApi"))
    }

    /// Why a person must say yes to deployments to stages: they would publish what others have drafted, beside
    /// what we change of the routes that are `ours`.
    pub(crate) async fn guard(
        &self,
        api: &str,
        stages: &[&String],
        ours: &BTreeSet<String>,
    ) -> Answer<Option<String>> {
        if stages.is_empty() {
            return Ok(None);
        }
        let mut questions = Vec::new();
        if self.is_exportable(api).await? {
            let drafted = self.export(api, None).await?.without(ours);
            for stage in stages {
                let served = self.export(api, Some(stage)).await?.without(ours);
                questions.extend(question(stage, &others(&drafted, &served, None)));
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
    pub(crate) async fn deploy<'a>(
        &self,
        api: &str,
        wanted: impl Iterator<Item = (&'a String, &'a Stage)>,
    ) -> Answer<()> {
        let now = self.stages(api).await?;
        for (name, wanted) in wanted {
            let Some(seen) = now.get(name).filter(|seen| !seen.reached(wanted)) else { continue };
            match &wanted.deployment {
                // A deployment cannot be chosen where API Gateway makes it.
                _ if seen.auto => {}
                None => {}
                Some(Deployment::Is(id)) => {
                    let path = ["apis", api, "stages", name];
                    self.change(Method::PATCH, &path, &json!({"deploymentId": id})).await?;
                }
                Some(Deployment::After(_)) => {
                    self.pace.wait("CreateDeployment").await;
                    let why = "Evenkeel: compliant configuration restored";
                    let deployment = json!({"stageName": name, "description": why});
                    self.change(Method::POST, &["apis", api, "deployments"], &deployment).await?;
                }
            }
        }
        Ok(())
    }
}

/// A stage's name.
pub(crate) fn name(told: &Told) -> Answer<String> {
    told.stage_name.clone().ok_or_else(|| unread("GetStages"))
}

/// An exported API: its routes as they are called in the API, such as `GET /pets` or `$default`, and what
/// else a deployment publishes.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Export {
    routes: Operations,
    beside: Operations,
}

impl Export {
    fn of(export: &Value) -> Option<Export> {
        let mut routes = Operations::new();
        for (path, verbs) in export.get("paths")?.as_object()? {
            for (verb, operation) in verbs.as_object()? {
                let key = match verb.as_str() {
                    ANY if path == DEFAULT => "$default".to_owned(),
                    ANY => format!("ANY {path}"),
                    verb => format!("{} {path}", verb.to_uppercase()),
                };
                let mut operation = operation.clone();
                if let Some(integration) = operation.get_mut(INTEGRATION) {
                    *integration = whole(export, integration)?;
                }
                routes.insert(key, operation);
            }
        }
        let mut beside = Operations::new();
        if let Some(cors) = export.get("x-amazon-apigateway-cors") {
            beside.insert("the CORS configuration".to_owned(), cors.clone());
        }
        let schemes = export.pointer("/components/securitySchemes").and_then(Value::as_object);
        for (name, scheme) in schemes.into_iter().flatten() {
            beside.insert(format!("authorizer {name}"), scheme.clone());
        }
        Some(Export { routes, beside })
    }

    /// The integration of a route.
    pub(crate) fn integration(&self, route: &str) -> Option<&Value> {
        self.routes.get(route)?.get(INTEGRATION)
    }

    /// All of it, without what we change of the routes that are `ours`.
    fn without(self, ours: &BTreeSet<String>) -> Operations {
        let level = |(key, mut operation): (String, Value)| {
            let integration = operation.get_mut(INTEGRATION).filter(|_| ours.contains(&key));
            if let Some(Value::Object(integration)) = integration {
                integration.remove("tlsConfig");
                if let Some(uri) = integration.get_mut("uri") {
                    *uri = json!(secured(uri.as_str().unwrap_or_default()));
                }
            }
            (key, operation)
        };
        self.routes.into_iter().map(level).chain(self.beside).collect()
    }
}

/// An integration may be told once for several routes.
///
/// Source: Amazon API Gateway Developer Guide, "x-amazon-apigateway-integrations object".
fn whole(export: &Value, integration: &Value) -> Option<Value> {
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
        let export = Export::of(&json!({
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
        let uri = |route: &str| export.integration(route).map(|told| told["uri"].clone());
        assert_eq!(uri("$default"), Some(json!("http://a.example/")));
        assert_eq!(uri("GET /pets"), Some(json!("http://b.example/")));
        assert_eq!(uri("ANY /pets"), None);
        let ours = BTreeSet::from(["GET /pets".to_owned()]);
        let operations = export.clone().without(&ours);
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
            assert_eq!(Export::of(&none), None);
        }
    }
}

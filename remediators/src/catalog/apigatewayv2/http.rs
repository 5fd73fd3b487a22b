//! Stages and deployments of HTTP and WebSocket APIs: what is served, apart from what is drafted.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_apigatewayv2::Client;
use aws_sdk_apigatewayv2::types::{ApiMapping, Route, Stage as Told};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::aws::Aws;
use crate::catalog::apigateway::backend::secured;
use crate::catalog::apigateway::draft::{Operations, others, question};
use crate::catalog::apigateway::rest::{Answer, Deployment, deploy_calls, refused, unread};
use crate::pace::Pace;

/// The extension that a route's integration is exported as.
const INTEGRATION: &str = "x-amazon-apigateway-integration";

/// The route that stands for all methods.
const ANY: &str = "x-amazon-apigateway-any-method";

/// The path under which the route for everything else is exported.
const DEFAULT: &str = "/$default";

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
    pub(crate) client: Client,
    pace: Pace,
}

impl From<&Aws> for Http {
    fn from(aws: &Aws) -> Self {
        Http { client: Client::new(&aws.config), pace: aws.pace.clone() }
    }
}

impl Http {
    /// Whether an API is of protocol HTTP: one of protocol WebSocket cannot be exported.
    ///
    /// Source: Amazon API Gateway Version 2 API Reference, `ExportApi`.
    pub(crate) async fn is_exportable(&self, api: &str) -> Answer<bool> {
        let told = self.client.get_api().api_id(api).send().await.map_err(refused)?;
        let protocol = told.protocol_type.ok_or_else(|| unread("GetApi"))?;
        Ok(protocol.as_str() == "HTTP")
    }

    /// All stages of an API, as AWS tells them.
    pub(crate) async fn told(&self, api: &str) -> Answer<Vec<Told>> {
        all("GetStages", |next| {
            let page = self.client.get_stages().api_id(api).set_next_token(next).send();
            async move { page.await.map(|page| (page.items, page.next_token)).map_err(refused) }
        })
        .await
    }

    /// All stages of an API.
    pub(crate) async fn stages(&self, api: &str) -> Answer<BTreeMap<String, Stage>> {
        let stages = self.told(api).await?;
        stages.iter().map(|told| Ok((name(told)?, Stage::of(told)))).collect()
    }

    /// All routes of an API's draft.
    pub(crate) async fn routes(&self, api: &str) -> Answer<Vec<Route>> {
        all("GetRoutes", |next| {
            let page = self.client.get_routes().api_id(api).set_next_token(next).send();
            async move { page.await.map(|page| (page.items, page.next_token)).map_err(refused) }
        })
        .await
    }

    /// Which APIs of any kind a custom domain leads to, by paths.
    pub(crate) async fn mappings(&self, domain: &str) -> Answer<Vec<ApiMapping>> {
        all("GetApiMappings", |next| {
            let page =
                self.client.get_api_mappings().domain_name(domain).set_next_token(next).send();
            async move { page.await.map(|page| (page.items, page.next_token)).map_err(refused) }
        })
        .await
    }

    /// What a stage serves, or what is drafted, by route.
    pub(crate) async fn export(&self, api: &str, stage: Option<&str>) -> Answer<Export> {
        let export =
            self.client.export_api().api_id(api).specification("OAS30").output_type("JSON");
        let export = export.set_stage_name(stage.map(str::to_owned));
        let body = export.send().await.map_err(refused)?.body.ok_or_else(|| unread("ExportApi"))?;
        let read = serde_json::from_slice(body.as_ref()).ok().and_then(|read| Export::of(&read));
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
                    let update = self.client.update_stage().api_id(api).stage_name(name);
                    update.deployment_id(id).send().await.map_err(refused)?;
                }
                Some(Deployment::After(_)) => {
                    self.pace.wait("CreateDeployment").await;
                    let create = self.client.create_deployment().api_id(api).stage_name(name);
                    let create = create.description("Evenkeel: compliant configuration restored");
                    create.send().await.map_err(refused)?;
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

/// All pages of a list.
pub(crate) async fn all<T, F>(call: &str, page: impl Fn(Option<String>) -> F) -> Answer<Vec<T>>
where
    F: Future<Output = Answer<(Option<Vec<T>>, Option<String>)>>,
{
    let (mut all, mut next) = (Vec::new(), None);
    loop {
        let (items, following) = page(next).await?;
        all.extend(items.ok_or_else(|| unread(call))?);
        next = following.filter(|token| !token.is_empty());
        if next.is_none() {
            return Ok(all);
        }
    }
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

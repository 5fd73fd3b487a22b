//! How routes of an HTTP or WebSocket API reach a backend: in the draft, and in each stage.

use std::collections::{BTreeMap, BTreeSet};
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use evenkeel_client::Method;
use evenkeel_rules::policy::Tier;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::time::sleep;

use super::http::{Export, Http, Stage, name, stage_calls};
use crate::access::aws::Aws;
use crate::access::probe::Probe;
use crate::catalog::apigateway::PERMISSIONS;
use crate::catalog::apigateway::backend::variables;
use crate::catalog::apigateway::names::{api_of, arn, http_integration};
use crate::catalog::apigateway::rest::{Answer, unread};
use crate::remediator::spec::RemediatorSpec;
use crate::remediator::{Check, Plan, RefusedByAws, Remediator};
use crate::violation::Target;

/// So often is a stage that deploys by itself asked whether it has done so, once a second.
const LOOKS: usize = 5;

/// What policies call the integration that quick create made: its event does not name it.
const QUICK: &str = "default";

/// An integration, as AWS tells it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Told {
    api_gateway_managed: Option<bool>,
    connection_type: Option<String>,
    integration_id: Option<String>,
    integration_type: Option<String>,
    integration_uri: Option<String>,
    tls_config: Option<TlsConfig>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TlsConfig {
    server_name_to_verify: Option<String>,
}

/// Whether an integration of this type calls a backend over HTTP or HTTPS.
fn is_over_http(kind: &str) -> bool {
    matches!(kind, "HTTP" | "HTTP_PROXY")
}

/// How an API's routes reach a backend.
///
/// Source: Amazon API Gateway Version 2 API Reference, `Integration`, `Stage`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HttpIntegration {
    /// Its type, such as `HTTP_PROXY`.
    pub kind: String,
    /// It goes through a VPC link.
    pub private: bool,
    /// Quick create made it.
    pub managed: bool,
    /// The API is of protocol HTTP, not WebSocket.
    pub http: bool,
    /// Where to, in the draft.
    pub draft: Backend,
    /// The routes that lead to it, in the draft.
    pub routes: BTreeSet<String>,
    /// What each stage serves.
    pub stages: BTreeMap<String, Served>,
}

/// A backend.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Backend {
    /// Its address.
    pub uri: String,
    /// The name to verify in a private backend's certificate, empty for any; none where it is not called over
    /// TLS.
    pub tls: Option<String>,
}

/// What a stage serves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Served {
    /// Its deployment.
    pub stage: Stage,
    /// Where the draft's routes lead to, as far as they are served and known: of a WebSocket API they are not.
    pub routes: BTreeMap<String, Backend>,
    /// The stage's variables that the draft's URI names.
    pub variables: BTreeMap<String, String>,
}

impl HttpIntegration {
    /// Whether it calls a backend over HTTP or HTTPS at all.
    pub(crate) fn over_http(&self) -> bool {
        is_over_http(&self.kind)
    }

    /// Whether such a backend is drafted, or served by a stage.
    pub(crate) fn has(&self, which: impl Fn(&Backend) -> bool) -> bool {
        let served = self.stages.values().flat_map(|served| served.routes.values());
        served.chain([&self.draft]).any(which)
    }

    /// The same with another draft, deployed to the stages that serve a backend that is `wrong`.
    pub(crate) fn with(&self, draft: Backend, wrong: impl Fn(&Backend) -> bool) -> HttpIntegration {
        let known = self.routes.iter().filter(|_| self.http);
        let routes: BTreeMap<String, Backend> =
            known.map(|route| (route.clone(), draft.clone())).collect();
        let mut after = HttpIntegration { draft, ..self.clone() };
        for served in after.stages.values_mut().filter(|served| served.stage.in_use()) {
            // What a stage of a WebSocket API serves is not known: it may be what was drafted.
            let affected = served.routes.values().any(&wrong) || !self.http && wrong(&self.draft);
            if served.stage.auto || affected {
                served.stage = served.stage.anew();
                served.routes.clone_from(&routes);
            }
        }
        after
    }
}

/// What is wrong with an integration, and what it should be.
pub trait HttpIntegrationRule: Send + Sync + 'static {
    /// The remediator's name.
    const ID: &'static str;

    /// See [`RemediatorSpec::tier`].
    const TIER: Tier;

    /// See [`RemediatorSpec::check`].
    const CHECK: Option<&'static str> = None;

    /// What a policy's header may tell it.
    const WITH: &'static [&'static str] = &[];

    /// What to do about a state.
    fn plan(target: &Target, before: &HttpIntegration) -> Plan<HttpIntegration>;

    /// What the backends say to it.
    fn check(
        probe: Option<&dyn Probe>,
        after: &HttpIntegration,
    ) -> impl Future<Output = Check> + Send;
}

/// Repairs integrations of HTTP and WebSocket APIs by a rule.
#[derive(Debug)]
pub struct HttpIntegrations<R> {
    http: Http,
    probe: Option<Arc<dyn Probe>>,
    rule: PhantomData<fn() -> R>,
}

impl<R> From<Aws> for HttpIntegrations<R> {
    fn from(aws: Aws) -> Self {
        HttpIntegrations { http: Http::from(&aws), probe: aws.probe, rule: PhantomData }
    }
}

impl<R: HttpIntegrationRule> Remediator for HttpIntegrations<R> {
    type State = HttpIntegration;

    const SPEC: RemediatorSpec = RemediatorSpec {
        id: R::ID,
        permissions: PERMISSIONS,
        tier: Some(R::TIER),
        check: R::CHECK,
        with: R::WITH,
        arns: |target| vec![arn(target, &format!("/apis/{}/*", api_of(target)))],
        reads: |target| vec![arn(target, &format!("/apis/{}", api_of(target)))],
        ..RemediatorSpec::EMPTY
    };

    fn calls(from: &HttpIntegration, to: &HttpIntegration) -> Vec<&'static str> {
        let patched = (from.draft != to.draft).then_some("apigateway:PATCH");
        let stages = from
            .stages
            .iter()
            .filter_map(|(name, from)| Some((&from.stage, &to.stages.get(name)?.stage)));
        let mut calls: Vec<_> = patched.into_iter().chain(stage_calls(stages)).collect();
        calls.dedup();
        calls
    }

    async fn observe(&self, target: &Target) -> Answer<HttpIntegration> {
        let [api, id] = http_integration(target)?;
        let http = self.http.is_exportable(&api).await?;
        let told = self.told(&api, &id).await?;
        let draft = drafted(&told)?;
        let own = format!("integrations/{}", told.integration_id.as_deref().unwrap_or(&id));
        let routes = self.http.routes(&api).await?.into_iter();
        let routes = routes.filter(|route| route.target.as_ref() == Some(&own));
        let routes: Option<BTreeSet<String>> = routes.map(|route| route.route_key).collect();
        let routes = routes.ok_or_else(|| unread("GetRoutes"))?;
        let needed = variables(&draft.uri);
        let mut stages = BTreeMap::new();
        for told in self.http.told(&api).await? {
            let name = name(&told)?;
            let stage = Stage::of(&told);
            let routes = if http && stage.in_use() {
                served(&self.http.export(&api, Some(&name)).await?, &routes)
            } else {
                BTreeMap::new()
            };
            let known = told.stage_variables.into_iter().flatten();
            let variables = known.filter(|(name, _)| needed.contains(name)).collect();
            stages.insert(name, Served { stage, routes, variables });
        }
        let kind = told.integration_type.ok_or_else(|| unread("GetIntegrations"))?;
        Ok(HttpIntegration {
            kind,
            private: told.connection_type.as_deref() == Some("VPC_LINK"),
            managed: told.api_gateway_managed.unwrap_or_default(),
            http,
            draft,
            routes,
            stages,
        })
    }

    fn plan(&self, target: &Target, before: &HttpIntegration) -> Plan<HttpIntegration> {
        R::plan(target, before)
    }

    async fn precheck(
        &self,
        target: &Target,
        before: &HttpIntegration,
        after: &HttpIntegration,
    ) -> Answer<Check> {
        let first = match R::check(self.probe.as_deref(), after).await {
            Check::Go => None,
            Check::Ask(why) => Some(why),
            refused @ Check::Refuse(_) => return Ok(refused),
        };
        let [api, _] = http_integration(target)?;
        let deployed = after.stages.iter().filter(|(name, after)| {
            before.stages.get(*name).is_none_or(|before| before.stage != after.stage)
        });
        let stages: Vec<&String> = deployed.map(|(name, _)| name).collect();
        let guarded = self.http.guard(&api, &stages, &after.routes).await?;
        let asked: Vec<String> = first.into_iter().chain(guarded).collect();
        Ok(if asked.is_empty() { Check::Go } else { Check::Ask(asked.join("; ")) })
    }

    async fn apply(&self, target: &Target, state: &HttpIntegration) -> Answer<()> {
        let [api, id] = http_integration(target)?;
        let told = self.told(&api, &id).await?;
        let now = drafted(&told)?;
        if now != state.draft {
            let id = told.integration_id.ok_or_else(|| unread("GetIntegrations"))?;
            let path = ["apis", &api, "integrations", &id];
            let update = update(told.integration_type.as_deref(), &now, &state.draft);
            self.http.change(Method::PATCH, &path, &update).await?;
            self.settle(&api, state).await?;
        }
        let wanted = state.stages.iter().map(|(name, served)| (name, &served.stage));
        self.http.deploy(&api, wanted).await
    }

    fn between(seen: &HttpIntegration, before: &HttpIntegration, after: &HttpIntegration) -> bool {
        // As planned, but for the stages that are still as before.
        let mut stages = after.stages.clone();
        for (name, wanted) in &mut stages {
            if let Some(former) =
                before.stages.get(name).filter(|one| seen.stages.get(name) == Some(*one))
            {
                wanted.clone_from(former);
            }
        }
        Self::reached(seen, &HttpIntegration { stages, ..after.clone() })
    }

    fn reached(seen: &HttpIntegration, wanted: &HttpIntegration) -> bool {
        let same = seen.stages.len() == wanted.stages.len()
            && seen.stages.iter().zip(&wanted.stages).all(|((name, seen), (other, wanted))| {
                let stage = wanted.stage.clone();
                name == other
                    && seen.stage.reached(&wanted.stage)
                    && *wanted == Served { stage, ..seen.clone() }
            });
        same && HttpIntegration { stages: wanted.stages.clone(), ..seen.clone() } == *wanted
    }
}

impl<R> HttpIntegrations<R> {
    /// The integration, as AWS tells it.
    async fn told(&self, api: &str, id: &str) -> Answer<Told> {
        let path = ["apis", api, "integrations"];
        let list: Vec<Told> = self.http.list("GetIntegrations", &path).await?;
        let found = list.into_iter().find(|told| match id {
            QUICK => told.api_gateway_managed.unwrap_or_default(),
            id => told.integration_id.as_deref() == Some(id),
        });
        found.ok_or(RefusedByAws::Gone)
    }

    /// Waits until the stages that deploy by themselves have done so.
    async fn settle(&self, api: &str, wanted: &HttpIntegration) -> Answer<()> {
        for (name, wanted) in wanted.stages.iter().filter(|(_, served)| served.stage.auto) {
            let mut looks = 0..LOOKS;
            while !wanted.routes.is_empty() {
                let export = self.http.export(api, Some(name)).await?;
                if wanted.routes.iter().all(|(route, to)| at(&export, route).as_ref() == Some(to)) {
                    break;
                }
                if looks.next().is_none() {
                    let why = format!("stage `{name}` deploys by itself, and has not done so yet");
                    return Err(RefusedByAws::Later(why));
                }
                sleep(Duration::from_secs(1)).await;
            }
        }
        Ok(())
    }
}

/// What an update says, of a draft that is to be `wanted`.
fn update(kind: Option<&str>, now: &Backend, wanted: &Backend) -> Value {
    let uri = (now.uri != wanted.uri).then(|| json!(wanted.uri));
    let tls = (now.tls != wanted.tls).then(|| {
        // An empty configuration takes it away; where it does not, the next read tells.
        let name = wanted.tls.as_deref().filter(|name| !name.is_empty());
        name.map_or_else(|| json!({}), |name| json!({"serverNameToVerify": name}))
    });
    let parts = [
        ("integrationType", kind.map(|kind| json!(kind))),
        ("integrationUri", uri),
        ("tlsConfig", tls),
    ];
    parts.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}

/// Where to, in the draft.
fn drafted(told: &Told) -> Answer<Backend> {
    let kind = told.integration_type.as_ref().ok_or_else(|| unread("GetIntegrations"))?;
    let uri = match &told.integration_uri {
        Some(uri) => uri.clone(),
        None if is_over_http(kind) => return Err(unread("GetIntegrations")),
        // Others may call nobody, or a service that their subtype names.
        None => String::new(),
    };
    let tls = told.tls_config.as_ref();
    let tls = tls.map(|tls| tls.server_name_to_verify.clone().unwrap_or_default());
    Ok(Backend { uri, tls })
}

/// Where routes lead to, of those that a stage serves.
fn served(export: &Export, routes: &BTreeSet<String>) -> BTreeMap<String, Backend> {
    routes.iter().filter_map(|route| Some((route.clone(), at(export, route)?))).collect()
}

/// Where a route leads to.
fn at(export: &Export, route: &str) -> Option<Backend> {
    let integration = export.integration(route)?;
    let text = |value: &Value| value.as_str().map(str::to_owned).unwrap_or_default();
    let tls = integration.get("tlsConfig").filter(|tls| tls.is_object());
    Some(Backend {
        uri: integration.get("uri").map(text).unwrap_or_default(),
        tls: tls.map(|tls| tls.get("serverNameToVerify").map(text).unwrap_or_default()),
    })
}

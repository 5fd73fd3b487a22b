//! Reads and changes integrations of HTTP and WebSocket APIs, in the draft and in each stage.

use std::collections::{BTreeMap, BTreeSet};
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use evenkeel_client::Method;
use evenkeel_rules::policy::SafetyTier;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::time::sleep;

use super::http_client::{
    ApiExport, HttpApiClient, HttpStage, list_stage_actions, read_stage_name,
};
use crate::access::connection::AwsConnection;
use crate::access::tls_probe::TlsProbe;
use crate::catalog::apigateway::PERMISSIONS;
use crate::catalog::apigateway::backend::find_stage_variables;
use crate::catalog::apigateway::resource_ids::{
    build_gateway_arn, first_id_part, parse_integration_id,
};
use crate::catalog::apigateway::rest_client::{AwsResult, incomplete_response};
use crate::remediator::spec::RemediatorSpec;
use crate::remediator::{AwsFailure, PrecheckResult, RemediationPlan, Remediator};
use crate::violation::TargetResource;

/// The maximum number of checks, one per second, that a stage with automatic deployment serves the
/// change.
const MAX_DEPLOY_CHECKS: usize = 5;

/// The integration id that policies use for an integration that quick create made. The event of
/// quick create contains no integration id.
const QUICK_CREATE_ID: &str = "default";

/// The response for an integration.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct HttpIntegrationResponse {
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

/// Returns whether an integration of this type calls a backend over HTTP or HTTPS.
fn is_http_type(kind: &str) -> bool {
    matches!(kind, "HTTP" | "HTTP_PROXY")
}

/// The state of an integration: its settings in the draft and in each stage.
///
/// Source: Amazon API Gateway Version 2 API Reference, `Integration`, `Stage`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HttpIntegration {
    /// The type, such as `HTTP_PROXY`.
    pub kind: String,
    /// True if the integration uses a VPC link.
    pub private: bool,
    /// True if quick create made the integration.
    pub managed: bool,
    /// True if the API has the protocol HTTP. Otherwise the protocol is WebSocket.
    pub http: bool,
    /// The backend in the draft.
    pub draft: BackendAddress,
    /// The keys of the routes in the draft that use the integration.
    pub routes: BTreeSet<String>,
    /// The stages by name.
    pub stages: BTreeMap<String, ServedStage>,
}

/// The address of a backend.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackendAddress {
    /// The URI.
    pub uri: String,
    /// The server name to verify in the certificate of a private backend. Empty if any name is
    /// accepted; `None` if the integration has no TLS configuration.
    pub tls: Option<String>,
}

/// The part of a stage that concerns an integration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServedStage {
    /// The stage with its deployment.
    pub stage: HttpStage,
    /// The backends that the stage serves, by the route keys of the draft. Empty for a WebSocket
    /// API, whose deployment cannot be read.
    pub routes: BTreeMap<String, BackendAddress>,
    /// The stage variables that the URI of the draft uses.
    pub variables: BTreeMap<String, String>,
}

impl HttpIntegration {
    /// Returns whether the integration calls a backend over HTTP or HTTPS.
    pub(crate) fn is_over_http(&self) -> bool {
        is_http_type(&self.kind)
    }

    /// Returns whether the draft or a stage has a backend for which `which` returns true.
    pub(crate) fn has_backend(&self, which: impl Fn(&BackendAddress) -> bool) -> bool {
        let served = self.stages.values().flat_map(|served| served.routes.values());
        served.chain([&self.draft]).any(which)
    }

    /// Returns the integration with another draft, deployed to the stages that serve a backend for
    /// which `wrong` returns true.
    pub(crate) fn with_draft(
        &self,
        draft: BackendAddress,
        wrong: impl Fn(&BackendAddress) -> bool,
    ) -> HttpIntegration {
        let known = self.routes.iter().filter(|_| self.http);
        let routes: BTreeMap<String, BackendAddress> =
            known.map(|route| (route.clone(), draft.clone())).collect();
        let mut after = HttpIntegration { draft, ..self.clone() };
        for served in after.stages.values_mut().filter(|served| served.stage.is_in_use()) {
            // The deployment of a WebSocket API is unknown and can be equal to the draft.
            let affected = served.routes.values().any(&wrong) || !self.http && wrong(&self.draft);
            if served.stage.auto || affected {
                served.stage = served.stage.with_next_deployment();
                served.routes.clone_from(&routes);
            }
        }
        after
    }
}

/// A rule that plans the compliant state of an integration.
pub trait HttpIntegrationRule: Send + Sync + 'static {
    /// The id of the remediator.
    const ID: &'static str;

    /// The value of [`RemediatorSpec::tier`].
    const TIER: SafetyTier;

    /// The value of [`RemediatorSpec::precondition`].
    const PRECONDITION: Option<&'static str> = None;

    /// The value of [`RemediatorSpec::parameter_names`].
    const PARAMETER_NAMES: &'static [&'static str] = &[];

    /// Plans the change of a state.
    fn plan_change(
        target: &TargetResource,
        before: &HttpIntegration,
    ) -> RemediationPlan<HttpIntegration>;

    /// Checks the backends of a planned state.
    fn check_backends(
        probe: Option<&dyn TlsProbe>,
        after: &HttpIntegration,
    ) -> impl Future<Output = PrecheckResult> + Send;
}

/// A remediator that applies a rule to integrations of HTTP and WebSocket APIs.
#[derive(Debug)]
pub struct HttpIntegrations<R> {
    http: HttpApiClient,
    probe: Option<Arc<dyn TlsProbe>>,
    rule: PhantomData<fn() -> R>,
}

impl<R> From<AwsConnection> for HttpIntegrations<R> {
    fn from(aws: AwsConnection) -> Self {
        HttpIntegrations { http: HttpApiClient::from(&aws), probe: aws.probe, rule: PhantomData }
    }
}

impl<R: HttpIntegrationRule> Remediator for HttpIntegrations<R> {
    type State = HttpIntegration;

    const SPEC: RemediatorSpec = RemediatorSpec {
        id: R::ID,
        permissions: PERMISSIONS,
        tier: Some(R::TIER),
        precondition: R::PRECONDITION,
        parameter_names: R::PARAMETER_NAMES,
        resource_arns: |target| {
            vec![build_gateway_arn(target, &format!("/apis/{}/*", first_id_part(target)))]
        },
        read_only_arns: |target| {
            vec![build_gateway_arn(target, &format!("/apis/{}", first_id_part(target)))]
        },
        ..RemediatorSpec::EMPTY
    };

    fn required_actions(from: &HttpIntegration, to: &HttpIntegration) -> Vec<&'static str> {
        let patched = (from.draft != to.draft).then_some("apigateway:PATCH");
        let stages = from
            .stages
            .iter()
            .filter_map(|(name, from)| Some((&from.stage, &to.stages.get(name)?.stage)));
        let mut calls: Vec<_> = patched.into_iter().chain(list_stage_actions(stages)).collect();
        calls.dedup();
        calls
    }

    async fn observe_state(&self, target: &TargetResource) -> AwsResult<HttpIntegration> {
        let [api, id] = parse_integration_id(target)?;
        let http = self.http.is_exportable(&api).await?;
        let response = self.read_integration(&api, &id).await?;
        let draft = parse_draft(&response)?;
        let own = format!("integrations/{}", response.integration_id.as_deref().unwrap_or(&id));
        let routes = self.http.list_routes(&api).await?.into_iter();
        let routes = routes.filter(|route| route.target.as_ref() == Some(&own));
        let routes: Option<BTreeSet<String>> = routes.map(|route| route.route_key).collect();
        let routes = routes.ok_or_else(|| incomplete_response("GetRoutes"))?;
        let needed = find_stage_variables(&draft.uri);
        let mut stages = BTreeMap::new();
        for response in self.http.list_stage_responses(&api).await? {
            let name = read_stage_name(&response)?;
            let stage = HttpStage::from_response(&response);
            let routes = if http && stage.is_in_use() {
                list_served_backends(&self.http.export_api(&api, Some(&name)).await?, &routes)
            } else {
                BTreeMap::new()
            };
            let known = response.stage_variables.into_iter().flatten();
            let variables = known.filter(|(name, _)| needed.contains(name)).collect();
            stages.insert(name, ServedStage { stage, routes, variables });
        }
        let kind =
            response.integration_type.ok_or_else(|| incomplete_response("GetIntegrations"))?;
        Ok(HttpIntegration {
            kind,
            private: response.connection_type.as_deref() == Some("VPC_LINK"),
            managed: response.api_gateway_managed.unwrap_or_default(),
            http,
            draft,
            routes,
            stages,
        })
    }

    fn plan_change(
        &self,
        target: &TargetResource,
        before: &HttpIntegration,
    ) -> RemediationPlan<HttpIntegration> {
        R::plan_change(target, before)
    }

    async fn check_preconditions(
        &self,
        target: &TargetResource,
        before: &HttpIntegration,
        after: &HttpIntegration,
    ) -> AwsResult<PrecheckResult> {
        let first = match R::check_backends(self.probe.as_deref(), after).await {
            PrecheckResult::Proceed => None,
            PrecheckResult::RequireApproval(why) => Some(why),
            refused @ PrecheckResult::Abort(_) => return Ok(refused),
        };
        let [api, _] = parse_integration_id(target)?;
        let deployed = after.stages.iter().filter(|(name, after)| {
            before.stages.get(*name).is_none_or(|before| before.stage != after.stage)
        });
        let stages: Vec<&String> = deployed.map(|(name, _)| name).collect();
        let undeployed =
            self.http.describe_undeployed_changes(&api, &stages, &after.routes).await?;
        let asked: Vec<String> = first.into_iter().chain(undeployed).collect();
        Ok(if asked.is_empty() {
            PrecheckResult::Proceed
        } else {
            PrecheckResult::RequireApproval(asked.join("; "))
        })
    }

    async fn apply_state(&self, target: &TargetResource, state: &HttpIntegration) -> AwsResult<()> {
        let [api, id] = parse_integration_id(target)?;
        let response = self.read_integration(&api, &id).await?;
        let now = parse_draft(&response)?;
        if now != state.draft {
            let id =
                response.integration_id.ok_or_else(|| incomplete_response("GetIntegrations"))?;
            let path = ["apis", &api, "integrations", &id];
            let update = build_update(response.integration_type.as_deref(), &now, &state.draft);
            self.http.send_change(Method::PATCH, &path, &update).await?;
            self.wait_until_deployed(&api, state).await?;
        }
        let wanted = state.stages.iter().map(|(name, served)| (name, &served.stage));
        self.http.deploy_stages(&api, wanted).await
    }

    fn is_partial_state(
        seen: &HttpIntegration,
        before: &HttpIntegration,
        after: &HttpIntegration,
    ) -> bool {
        // The planned state, but with the prior state of the stages that are not changed yet.
        let mut stages = after.stages.clone();
        for (name, wanted) in &mut stages {
            if let Some(former) =
                before.stages.get(name).filter(|one| seen.stages.get(name) == Some(*one))
            {
                wanted.clone_from(former);
            }
        }
        Self::has_reached(seen, &HttpIntegration { stages, ..after.clone() })
    }

    fn has_reached(seen: &HttpIntegration, wanted: &HttpIntegration) -> bool {
        let same = seen.stages.len() == wanted.stages.len()
            && seen.stages.iter().zip(&wanted.stages).all(|((name, seen), (other, wanted))| {
                let stage = wanted.stage.clone();
                name == other
                    && seen.stage.has_reached(&wanted.stage)
                    && *wanted == ServedStage { stage, ..seen.clone() }
            });
        same && HttpIntegration { stages: wanted.stages.clone(), ..seen.clone() } == *wanted
    }
}

impl<R> HttpIntegrations<R> {
    /// Reads the integration.
    async fn read_integration(&self, api: &str, id: &str) -> AwsResult<HttpIntegrationResponse> {
        let path = ["apis", api, "integrations"];
        let list: Vec<HttpIntegrationResponse> =
            self.http.list_all("GetIntegrations", &path).await?;
        let found = list.into_iter().find(|response| match id {
            QUICK_CREATE_ID => response.api_gateway_managed.unwrap_or_default(),
            id => response.integration_id.as_deref() == Some(id),
        });
        found.ok_or(AwsFailure::NotFound)
    }

    /// Waits until the stages with automatic deployment serve the planned backends.
    async fn wait_until_deployed(&self, api: &str, wanted: &HttpIntegration) -> AwsResult<()> {
        for (name, wanted) in wanted.stages.iter().filter(|(_, served)| served.stage.auto) {
            let mut checks = 0..MAX_DEPLOY_CHECKS;
            while !wanted.routes.is_empty() {
                let export = self.http.export_api(api, Some(name)).await?;
                if wanted
                    .routes
                    .iter()
                    .all(|(route, to)| find_route_backend(&export, route).as_ref() == Some(to))
                {
                    break;
                }
                if checks.next().is_none() {
                    let why =
                        format!("stage `{name}` has not deployed the change automatically yet");
                    return Err(AwsFailure::Retryable(why));
                }
                sleep(Duration::from_secs(1)).await;
            }
        }
        Ok(())
    }
}

/// Returns the update request that changes the draft from `now` to `wanted`.
fn build_update(kind: Option<&str>, now: &BackendAddress, wanted: &BackendAddress) -> Value {
    let uri = (now.uri != wanted.uri).then(|| json!(wanted.uri));
    let tls = (now.tls != wanted.tls).then(|| {
        // An empty configuration removes the TLS configuration. The next read verifies the removal.
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

/// Returns the backend of the draft.
fn parse_draft(response: &HttpIntegrationResponse) -> AwsResult<BackendAddress> {
    let kind =
        response.integration_type.as_ref().ok_or_else(|| incomplete_response("GetIntegrations"))?;
    let uri = match &response.integration_uri {
        Some(uri) => uri.clone(),
        None if is_http_type(kind) => return Err(incomplete_response("GetIntegrations")),
        // Other types have no backend, or an AWS service that their subtype defines.
        None => String::new(),
    };
    let tls = response.tls_config.as_ref();
    let tls = tls.map(|tls| tls.server_name_to_verify.clone().unwrap_or_default());
    Ok(BackendAddress { uri, tls })
}

/// Returns the backends of those routes that a stage serves.
fn list_served_backends(
    export: &ApiExport,
    routes: &BTreeSet<String>,
) -> BTreeMap<String, BackendAddress> {
    routes
        .iter()
        .filter_map(|route| Some((route.clone(), find_route_backend(export, route)?)))
        .collect()
}

/// Returns the backend of a route.
fn find_route_backend(export: &ApiExport, route: &str) -> Option<BackendAddress> {
    let integration = export.find_integration(route)?;
    let text = |value: &Value| value.as_str().map(str::to_owned).unwrap_or_default();
    let tls = integration.get("tlsConfig").filter(|tls| tls.is_object());
    Some(BackendAddress {
        uri: integration.get("uri").map(text).unwrap_or_default(),
        tls: tls.map(|tls| tls.get("serverNameToVerify").map(text).unwrap_or_default()),
    })
}

//! Reads and changes integrations of REST API methods, in the draft and in each stage.

use evenkeel_rules::policy::SafetyTier;
use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::sync::Arc;

use aws_sdk_apigateway::types::{ConnectionType, IntegrationType, Stage};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::PERMISSIONS;
use super::backend::{check_stage_backends, find_stage_variables};
use super::resource_ids::{build_gateway_arn, first_id_part, parse_method_id};
use super::rest_client::{
    AwsResult, RestApiClient, ServedDeployment, classify_gateway_error, incomplete_response,
    list_deploy_actions, replace_operation,
};
use super::undeployed_changes;
use crate::access::connection::AwsConnection;
use crate::access::tls_probe::TlsProbe;
use crate::remediator::spec::RemediatorSpec;
use crate::remediator::{PrecheckResult, RemediationPlan, Remediator};
use crate::violation::TargetResource;

/// The state of an integration: its settings in the draft and in each stage.
///
/// Source: Amazon API Gateway API Reference, `Integration`, `Stage`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RestIntegration {
    /// The type, such as `HTTP_PROXY`.
    pub kind: String,
    /// True if the integration uses a VPC link.
    pub private: bool,
    /// The URI of the backend in the draft.
    pub uri: String,
    /// True if the draft accepts any certificate.
    pub unverified: bool,
    /// The stages by name.
    pub stages: BTreeMap<String, ServedIntegration>,
}

/// The integration that a stage serves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServedIntegration {
    /// The deployment of the stage.
    pub deployment: ServedDeployment,
    /// The URI of the backend. `None` if the deployment does not contain the method.
    pub uri: Option<String>,
    /// True if the deployment accepts any certificate.
    pub unverified: bool,
    /// True if the stage has a canary deployment.
    pub canary: bool,
    /// The stage variables that the URI of the draft uses.
    pub variables: BTreeMap<String, String>,
}

impl RestIntegration {
    /// Returns whether the integration calls a backend over HTTP or HTTPS.
    pub(crate) fn is_over_http(&self) -> bool {
        [IntegrationType::Http, IntegrationType::HttpProxy]
            .iter()
            .any(|kind| kind.as_str() == self.kind)
    }

    /// Returns whether a stage serves a URI for which `which` returns true.
    pub(crate) fn serves_uri(&self, which: impl Fn(&str) -> bool) -> bool {
        self.stages.values().any(|served| served.uri.as_deref().is_some_and(&which))
    }

    /// Returns whether a stage accepts any certificate.
    pub(crate) fn serves_unverified(&self) -> bool {
        self.stages.values().any(|served| served.unverified)
    }

    /// Returns a plan that changes the draft and deploys the draft to the affected stages.
    pub(crate) fn plan_redeployment(
        &self,
        uri: String,
        unverified: bool,
        affected: impl Fn(&ServedIntegration) -> bool,
    ) -> RemediationPlan<RestIntegration> {
        let mut after = RestIntegration { uri, unverified, ..self.clone() };
        for (stage, served) in &mut after.stages {
            if !affected(served) {
                continue;
            }
            if served.canary {
                return RemediationPlan::leave_to_person(format!(
                    "stage `{stage}` has a canary deployment; promote or delete the canary first"
                ));
            }
            served.deployment = served.deployment.next_deployment();
            served.uri = Some(after.uri.clone());
            served.unverified = unverified;
        }
        RemediationPlan::Change(after)
    }
}

/// A rule that plans the compliant state of an integration.
pub trait IntegrationRule: Send + Sync + 'static {
    /// The id of the remediator.
    const ID: &'static str;

    /// The value of [`RemediatorSpec::tier`].
    const TIER: SafetyTier;

    /// The value of [`RemediatorSpec::precondition`].
    const PRECONDITION: Option<&'static str> = None;

    /// Plans the change of a state.
    fn plan_change(before: &RestIntegration) -> RemediationPlan<RestIntegration>;
}

/// A remediator that applies a rule to integrations of REST APIs.
#[derive(Debug)]
pub struct RestIntegrations<R> {
    rest: RestApiClient,
    probe: Option<Arc<dyn TlsProbe>>,
    rule: PhantomData<fn() -> R>,
}

impl<R> From<AwsConnection> for RestIntegrations<R> {
    fn from(aws: AwsConnection) -> Self {
        let rest = RestApiClient::from(&aws);
        RestIntegrations { rest, probe: aws.probe, rule: PhantomData }
    }
}

impl<R: IntegrationRule> Remediator for RestIntegrations<R> {
    type State = RestIntegration;

    const SPEC: RemediatorSpec = RemediatorSpec {
        id: R::ID,
        permissions: PERMISSIONS,
        tier: Some(R::TIER),
        precondition: R::PRECONDITION,
        resource_arns: |target| {
            vec![build_gateway_arn(target, &format!("/restapis/{}/*", first_id_part(target)))]
        },
        read_only_arns: |target| {
            vec![build_gateway_arn(target, &format!("/restapis/{}", first_id_part(target)))]
        },
        ..RemediatorSpec::EMPTY
    };

    fn required_actions(from: &RestIntegration, to: &RestIntegration) -> Vec<&'static str> {
        let patched =
            (from.uri != to.uri || from.unverified != to.unverified).then_some("apigateway:PATCH");
        let stages = from.stages.iter().filter_map(|(name, served)| {
            Some((&served.deployment, &to.stages.get(name)?.deployment))
        });
        let mut calls: Vec<_> = patched.into_iter().chain(list_deploy_actions(stages)).collect();
        calls.dedup();
        calls
    }

    fn plan_change(
        &self,
        _: &TargetResource,
        before: &RestIntegration,
    ) -> RemediationPlan<RestIntegration> {
        R::plan_change(before)
    }

    fn has_reached(seen: &RestIntegration, wanted: &RestIntegration) -> bool {
        let same = seen.stages.len() == wanted.stages.len()
            && seen.stages.iter().zip(&wanted.stages).all(|((name, seen), (other, wanted))| {
                let deployment = wanted.deployment.clone();
                name == other
                    && seen.deployment.has_reached(&wanted.deployment)
                    && *wanted == ServedIntegration { deployment, ..seen.clone() }
            });
        same && RestIntegration { stages: wanted.stages.clone(), ..seen.clone() } == *wanted
    }

    fn is_partial_state(
        seen: &RestIntegration,
        before: &RestIntegration,
        after: &RestIntegration,
    ) -> bool {
        // The planned state, but with the prior state of the stages that are not changed yet.
        let mut stages = after.stages.clone();
        for (name, wanted) in &mut stages {
            if let (Some(seen), Some(before)) = (seen.stages.get(name), before.stages.get(name))
                && seen == before
            {
                *wanted = before.clone();
            }
        }
        Self::has_reached(seen, &RestIntegration { stages, ..after.clone() })
    }

    async fn observe_state(&self, target: &TargetResource) -> AwsResult<RestIntegration> {
        let [api, resource, verb] = parse_method_id(target)?;
        let client = &self.rest.client;
        let found = client.get_integration().rest_api_id(&api).resource_id(&resource);
        let found = found.http_method(&verb).send().await.map_err(classify_gateway_error)?;
        let kind = found.r#type.ok_or_else(|| incomplete_response("GetIntegration"))?;
        let uri = match found.uri {
            Some(uri) => uri,
            // A mock integration has no backend.
            None if kind == IntegrationType::Mock => String::new(),
            None => return Err(incomplete_response("GetIntegration")),
        };
        let path = client.get_resource().rest_api_id(&api).resource_id(&resource).send().await;
        let path = path
            .map_err(classify_gateway_error)?
            .path
            .ok_or_else(|| incomplete_response("GetResource"))?;
        let mut stages = BTreeMap::new();
        for stage in self.rest.list_stages(&api).await? {
            let (name, deployment) = RestApiClient::read_stage_deployment(&stage)?;
            let export = self.rest.export_stage(&api, &name).await?;
            if undeployed_changes::parse_served_operations(&export).is_none() {
                return Err(incomplete_response("GetExport"));
            }
            let served = undeployed_changes::find_served_integration(&export, &verb, &path);
            stages.insert(name, describe_served_stage(&stage, deployment, served, &uri));
        }
        Ok(RestIntegration {
            private: found.connection_type == Some(ConnectionType::VpcLink),
            unverified: found.tls_config.is_some_and(|tls| tls.insecure_skip_verification),
            kind: kind.as_str().to_owned(),
            uri,
            stages,
        })
    }

    async fn check_preconditions(
        &self,
        target: &TargetResource,
        before: &RestIntegration,
        after: &RestIntegration,
    ) -> AwsResult<PrecheckResult> {
        let stages = after.stages.iter().map(|(name, served)| (name, &served.variables));
        let mut asked = match check_stage_backends(self.probe.as_deref(), &after.uri, stages).await
        {
            PrecheckResult::Proceed => None,
            PrecheckResult::RequireApproval(why) => Some(why),
            refused @ PrecheckResult::Abort(_) => return Ok(refused),
        };
        let [api, resource, verb] = parse_method_id(target)?;
        let changed = after.stages.iter().filter(|(name, after)| {
            before.stages.get(*name).is_none_or(|before| before.deployment != after.deployment)
        });
        let stages: Vec<&String> = changed.map(|(name, _)| name).collect();
        if !stages.is_empty() {
            let path = self.rest.client.get_resource().rest_api_id(&api).resource_id(&resource);
            let path = path.send().await.map_err(classify_gateway_error)?.path;
            let ours =
                format!("{verb} {}", path.ok_or_else(|| incomplete_response("GetResource"))?);
            if let PrecheckResult::RequireApproval(why) =
                self.rest.check_undeployed_changes(&api, stages.into_iter(), &[&ours]).await?
            {
                asked = Some(asked.map_or(why.clone(), |first| format!("{first}; {why}")));
            }
        }
        Ok(asked.map_or(PrecheckResult::Proceed, PrecheckResult::RequireApproval))
    }

    async fn apply_state(&self, target: &TargetResource, state: &RestIntegration) -> AwsResult<()> {
        let [api, resource, verb] = parse_method_id(target)?;
        let client = &self.rest.client;
        let now = client.get_integration().rest_api_id(&api).resource_id(&resource);
        let now = now.http_method(&verb).send().await.map_err(classify_gateway_error)?;
        let unverified = now.tls_config.is_some_and(|tls| tls.insecure_skip_verification);
        let mut patches = Vec::new();
        if now.uri.as_ref() != Some(&state.uri) {
            patches.push(replace_operation("/uri", &state.uri));
        }
        if unverified != state.unverified {
            let value = state.unverified.to_string();
            patches.push(replace_operation("/tlsConfig/insecureSkipVerification", &value));
        }
        if !patches.is_empty() {
            let update = client.update_integration().rest_api_id(&api).resource_id(&resource);
            let update = update.http_method(&verb).set_patch_operations(Some(patches));
            update.send().await.map_err(classify_gateway_error)?;
        }
        let wanted = state.stages.iter().map(|(name, served)| (name, &served.deployment));
        self.rest.deploy_stages(&api, wanted).await
    }
}

/// Returns the integration that a stage serves. `served` is the integration in the export.
fn describe_served_stage(
    stage: &Stage,
    deployment: ServedDeployment,
    served: Option<&Value>,
    draft: &str,
) -> ServedIntegration {
    let uri = served.and_then(|served| served.get("uri")?.as_str());
    let unverified = served.and_then(|one| one.pointer("/tlsConfig/insecureSkipVerification"));
    let needed = find_stage_variables(draft);
    let known = stage.variables.iter().flatten();
    ServedIntegration {
        deployment,
        uri: uri.map(str::to_owned),
        unverified: unverified.and_then(Value::as_bool).unwrap_or_default(),
        canary: stage.canary_settings.is_some(),
        variables: known
            .filter(|(name, _)| needed.contains(*name))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect(),
    }
}

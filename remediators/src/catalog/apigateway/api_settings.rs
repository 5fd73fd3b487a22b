//! Reads and changes settings of REST APIs. A changed setting takes effect in a stage with the next
//! deployment to the stage.

use evenkeel_rules::policy::SafetyTier;
use std::collections::BTreeMap;
use std::marker::PhantomData;

use aws_sdk_apigateway::types::{ApiStatus, PatchOperation};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::published_definitions::DISABLED_ENDPOINT_NAME;
use super::resource_ids::{build_nested_arns, first_id_part, parse_rest_api_id};
use super::resource_policy::{is_same_policy, parse_policy};
use super::rest_client::{
    AwsResult, RestApiClient, ServedDeployment, classify_gateway_error, incomplete_response,
    list_deploy_actions, remove_operation, replace_operation,
};
use super::undeployed_changes::RESOURCE_POLICY_NAME;
use super::{PERMISSIONS, SET_POLICY_ACTION};
use crate::access::connection::AwsConnection;
use crate::remediator::spec::RemediatorSpec;
use crate::remediator::{AwsFailure, PrecheckResult, RemediationPlan, Remediator};
use crate::violation::TargetResource;

/// The settings of a REST API and the deployments of its stages.
///
/// Source: Amazon API Gateway API Reference, `RestApi`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RestApiState {
    /// True if the default endpoint is disabled.
    pub closed: bool,
    /// The resource policy. `None` if the API has no resource policy.
    pub policy: Option<Value>,
    /// The TLS policy. `None` if AWS does not return it.
    pub tls: Option<String>,
    /// The endpoint access mode of the TLS policy. `None` if AWS does not return it.
    pub access: Option<String>,
    /// The types of the endpoint.
    pub endpoints: Vec<String>,
    /// The deployment that each stage serves, by stage name.
    pub stages: BTreeMap<String, ServedDeployment>,
    /// The stages with a canary deployment.
    pub canaries: Vec<String>,
}

impl RestApiState {
    /// Returns a plan that applies `change` and deploys it to all stages.
    pub(crate) fn plan_redeployment(
        &self,
        change: impl FnOnce(&mut RestApiState),
    ) -> RemediationPlan<RestApiState> {
        if let Some(stage) = self.canaries.first() {
            return RemediationPlan::leave_to_person(format!(
                "stage `{stage}` has a canary deployment; promote or delete the canary first"
            ));
        }
        let mut after = self.clone();
        change(&mut after);
        for deployment in after.stages.values_mut() {
            *deployment = deployment.next_deployment();
        }
        RemediationPlan::Change(after)
    }
}

/// A rule that plans the compliant settings of a REST API.
pub trait ApiRule: Send + Sync + 'static {
    /// The id of the remediator.
    const ID: &'static str;

    /// The value of [`RemediatorSpec::tier`].
    const TIER: SafetyTier;

    /// The value of [`RemediatorSpec::precondition`].
    const PRECONDITION: Option<&'static str> = None;

    /// The value of [`RemediatorSpec::parameter_names`].
    const PARAMETER_NAMES: &'static [&'static str] = &[];

    /// The value of [`RemediatorSpec::permissions`].
    const PERMISSIONS: &'static [&'static str] = PERMISSIONS;

    /// The paths of other API Gateway resources that the remediator reads.
    const READ_ONLY_PATHS: &'static [&'static str] = &[];

    /// Plans the change of a state.
    fn plan_change(target: &TargetResource, before: &RestApiState)
    -> RemediationPlan<RestApiState>;

    /// Checks the preconditions of the change.
    fn check_preconditions(
        _rest: &RestApiClient,
        _api: &str,
        _before: &RestApiState,
    ) -> impl Future<Output = AwsResult<PrecheckResult>> + Send {
        std::future::ready(Ok(PrecheckResult::Proceed))
    }
}

/// A remediator that applies a rule to the settings of REST APIs.
#[derive(Debug)]
pub struct ApiSettings<R> {
    rest: RestApiClient,
    rule: PhantomData<fn() -> R>,
}

impl<R> From<AwsConnection> for ApiSettings<R> {
    fn from(aws: AwsConnection) -> Self {
        ApiSettings { rest: RestApiClient::from(&aws), rule: PhantomData }
    }
}

impl<R: ApiRule> Remediator for ApiSettings<R> {
    type State = RestApiState;

    const SPEC: RemediatorSpec = RemediatorSpec {
        id: R::ID,
        permissions: R::PERMISSIONS,
        tier: Some(R::TIER),
        precondition: R::PRECONDITION,
        parameter_names: R::PARAMETER_NAMES,
        resource_arns: |target| {
            build_nested_arns(target, &format!("/restapis/{}", first_id_part(target)))
        },
        read_only_arns: |target| {
            R::READ_ONLY_PATHS.iter().flat_map(|path| build_nested_arns(target, path)).collect()
        },
        ..RemediatorSpec::EMPTY
    };

    fn required_actions(from: &RestApiState, to: &RestApiState) -> Vec<&'static str> {
        let stages = from.stages.iter().filter_map(|(name, now)| Some((now, to.stages.get(name)?)));
        let mut calls = Vec::from_iter((from.policy != to.policy).then_some(SET_POLICY_ACTION));
        calls.push("apigateway:PATCH");
        calls.extend(list_deploy_actions(stages));
        calls.dedup();
        calls
    }

    async fn observe_state(&self, target: &TargetResource) -> AwsResult<RestApiState> {
        let id = parse_rest_api_id(target)?;
        let api = self
            .rest
            .client
            .get_rest_api()
            .rest_api_id(&id)
            .send()
            .await
            .map_err(classify_gateway_error)?;
        if api.id.as_ref() != Some(&id) {
            return Err(incomplete_response("GetRestApi"));
        }
        match api.api_status {
            None | Some(ApiStatus::Available) => {}
            Some(status) => {
                let why = format!("the REST API has status {}; try again later", status.as_str());
                return Err(AwsFailure::Retryable(why));
            }
        }
        let policy = match api.policy.filter(|policy| !policy.is_empty()) {
            None => None,
            Some(policy) => {
                Some(parse_policy(&policy).ok_or_else(|| incomplete_response("GetRestApi"))?)
            }
        };
        let stages = self.rest.list_stages(&id).await?;
        let canaries = stages.iter().filter(|stage| stage.canary_settings.is_some());
        let endpoints = api.endpoint_configuration.and_then(|endpoint| endpoint.types);
        Ok(RestApiState {
            closed: api.disable_execute_api_endpoint,
            policy,
            tls: api.security_policy.map(|policy| policy.as_str().to_owned()),
            access: api.endpoint_access_mode.map(|mode| mode.as_str().to_owned()),
            endpoints: endpoints
                .ok_or_else(|| incomplete_response("GetRestApi"))?
                .iter()
                .map(|kind| kind.as_str().to_owned())
                .collect(),
            canaries: canaries.filter_map(|stage| stage.stage_name.clone()).collect(),
            stages: stages
                .iter()
                .map(RestApiClient::read_stage_deployment)
                .collect::<AwsResult<_>>()?,
        })
    }

    fn plan_change(
        &self,
        target: &TargetResource,
        before: &RestApiState,
    ) -> RemediationPlan<RestApiState> {
        R::plan_change(target, before)
    }

    async fn check_preconditions(
        &self,
        target: &TargetResource,
        before: &RestApiState,
        after: &RestApiState,
    ) -> AwsResult<PrecheckResult> {
        let api = parse_rest_api_id(target)?;
        let first = match R::check_preconditions(&self.rest, &api, before).await? {
            PrecheckResult::Proceed => None,
            PrecheckResult::RequireApproval(why) => Some(why),
            refused @ PrecheckResult::Abort(_) => return Ok(refused),
        };
        let is_policy = before.policy != after.policy;
        let is_endpoint = before.closed != after.closed;
        let ours = [(is_policy, RESOURCE_POLICY_NAME), (is_endpoint, DISABLED_ENDPOINT_NAME)];
        let ours: Vec<&str> = ours.into_iter().filter(|one| one.0).map(|one| one.1).collect();
        Ok(
            match (
                first,
                self.rest.check_undeployed_changes(&api, after.stages.keys(), &ours).await?,
            ) {
                (None, undeployed) => undeployed,
                (Some(why), PrecheckResult::RequireApproval(undeployed)) => {
                    PrecheckResult::RequireApproval(format!("{why}; {undeployed}"))
                }
                (Some(why), _) => PrecheckResult::RequireApproval(why),
            },
        )
    }

    async fn apply_state(&self, target: &TargetResource, state: &RestApiState) -> AwsResult<()> {
        let id = parse_rest_api_id(target)?;
        let patches = build_patches(&self.observe_state(target).await?, state);
        if !patches.is_empty() {
            let update = self.rest.client.update_rest_api().rest_api_id(&id);
            update
                .set_patch_operations(Some(patches))
                .send()
                .await
                .map_err(classify_gateway_error)?;
        }
        self.rest.deploy_stages(&id, state.stages.iter()).await
    }

    fn is_partial_state(seen: &RestApiState, before: &RestApiState, after: &RestApiState) -> bool {
        // The planned state, but with the prior state of the stages that are not changed yet.
        let mut stages = after.stages.clone();
        for (name, wanted) in &mut stages {
            if let Some(former) =
                before.stages.get(name).filter(|one| seen.stages.get(name) == Some(*one))
            {
                *wanted = former.clone();
            }
        }
        Self::has_reached(seen, &RestApiState { stages, ..after.clone() })
    }

    fn has_reached(seen: &RestApiState, wanted: &RestApiState) -> bool {
        let stages =
            seen.stages.len() == wanted.stages.len()
                && seen.stages.iter().zip(&wanted.stages).all(|((name, seen), (other, wanted))| {
                    name == other && seen.has_reached(wanted)
                });
        // API Gateway cannot remove an endpoint access mode, so a new mode stays after an undo.
        let access = wanted.access.is_none() || seen.access == wanted.access;
        let (policy, access_mode) = (wanted.policy.clone(), wanted.access.clone());
        let rest = RestApiState {
            stages: wanted.stages.clone(),
            policy,
            access: access_mode,
            ..seen.clone()
        };
        stages
            && access
            && is_same_policy(seen.policy.as_ref(), wanted.policy.as_ref())
            && rest == *wanted
    }
}

/// Returns the patch operations that change the settings from `now` to `wanted`.
fn build_patches(now: &RestApiState, wanted: &RestApiState) -> Vec<PatchOperation> {
    let mut patches = Vec::new();
    if now.closed != wanted.closed {
        patches.push(replace_operation("/disableExecuteApiEndpoint", &wanted.closed.to_string()));
    }
    if !is_same_policy(now.policy.as_ref(), wanted.policy.as_ref()) {
        patches.push(match &wanted.policy {
            Some(policy) => replace_operation("/policy", &policy.to_string()),
            None => remove_operation("/policy"),
        });
    }
    let settings = [
        ("/securityPolicy", &now.tls, &wanted.tls),
        ("/endpointAccessMode", &now.access, &wanted.access),
    ];
    for (path, now, wanted) in settings {
        if let Some(wanted) = wanted
            && now.as_ref() != Some(wanted)
        {
            patches.push(replace_operation(path, wanted));
        }
    }
    patches
}

//! Settings of a REST API itself. They hold for a stage once the stage is deployed anew.

use evenkeel_rules::policy::Tier;
use std::collections::BTreeMap;
use std::marker::PhantomData;

use aws_sdk_apigateway::types::{ApiStatus, PatchOperation};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::draft::POLICY;
use super::names::{api_of, arns, rest_api};
use super::policy::{read, same};
use super::rest::{Answer, Deployment, Rest, deploy_calls, refused, remove, replace, unread};
use super::{PERMISSIONS, SETS_POLICY};
use crate::access::aws::Aws;
use crate::remediator::spec::RemediatorSpec;
use crate::remediator::{Check, Plan, RefusedByAws, Remediator};
use crate::violation::Target;

/// What is set on a REST API, and which deployments its stages serve.
///
/// Source: Amazon API Gateway API Reference, `RestApi`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Api {
    /// The default endpoint is closed.
    pub closed: bool,
    /// The resource policy.
    pub policy: Option<Value>,
    /// The TLS policy; none where AWS tells none.
    pub tls: Option<String>,
    /// The TLS policy's companion.
    pub access: Option<String>,
    /// The types of its endpoint.
    pub endpoints: Vec<String>,
    /// What each stage serves.
    pub stages: BTreeMap<String, Deployment>,
    /// The stages that send a part of their traffic to another deployment.
    pub canaries: Vec<String>,
}

impl Api {
    /// What `change` makes of it, deployed to every stage.
    pub(crate) fn with(&self, change: impl FnOnce(&mut Api)) -> Plan<Api> {
        if let Some(stage) = self.canaries.first() {
            return Plan::leave(format!(
                "stage `{stage}` has a canary, which only its owner can promote or end"
            ));
        }
        let mut after = self.clone();
        change(&mut after);
        for deployment in after.stages.values_mut() {
            *deployment = deployment.anew();
        }
        Plan::Change(after)
    }
}

/// What is wrong with a REST API's settings, and what they should be.
pub trait ApiRule: Send + Sync + 'static {
    /// The remediator's name.
    const ID: &'static str;

    /// See [`RemediatorSpec::tier`].
    const TIER: Tier;

    /// See [`RemediatorSpec::check`].
    const CHECK: Option<&'static str> = None;

    /// What a policy's header may tell it.
    const WITH: &'static [&'static str] = &[];

    /// The IAM actions that it uses.
    const PERMISSIONS: &'static [&'static str] = PERMISSIONS;

    /// The IAM resources beside the API itself that it reads.
    const READS: &'static [&'static str] = &[];

    /// What to do about a state.
    fn plan(target: &Target, before: &Api) -> Plan<Api>;

    /// What speaks against it.
    fn check(
        _rest: &Rest,
        _api: &str,
        _before: &Api,
    ) -> impl Future<Output = Answer<Check>> + Send {
        std::future::ready(Ok(Check::Go))
    }
}

/// Sets a REST API's settings by a rule.
#[derive(Debug)]
pub struct ApiSettings<R> {
    rest: Rest,
    rule: PhantomData<fn() -> R>,
}

impl<R> From<Aws> for ApiSettings<R> {
    fn from(aws: Aws) -> Self {
        ApiSettings { rest: Rest::from(&aws), rule: PhantomData }
    }
}

impl<R: ApiRule> Remediator for ApiSettings<R> {
    type State = Api;

    const SPEC: RemediatorSpec = RemediatorSpec {
        id: R::ID,
        permissions: R::PERMISSIONS,
        tier: Some(R::TIER),
        check: R::CHECK,
        with: R::WITH,
        arns: |target| arns(target, &format!("/restapis/{}", api_of(target))),
        reads: |target| R::READS.iter().flat_map(|path| arns(target, path)).collect(),
        ..RemediatorSpec::EMPTY
    };

    fn calls(from: &Api, to: &Api) -> Vec<&'static str> {
        let stages = from.stages.iter().filter_map(|(name, now)| Some((now, to.stages.get(name)?)));
        let mut calls = Vec::from_iter((from.policy != to.policy).then_some(SETS_POLICY));
        calls.push("apigateway:PATCH");
        calls.extend(deploy_calls(stages));
        calls.dedup();
        calls
    }

    async fn observe(&self, target: &Target) -> Answer<Api> {
        let id = rest_api(target)?;
        let api = self.rest.client.get_rest_api().rest_api_id(&id).send().await.map_err(refused)?;
        if api.id.as_ref() != Some(&id) {
            return Err(unread("GetRestApi"));
        }
        match api.api_status {
            None | Some(ApiStatus::Available) => {}
            Some(status) => {
                return Err(RefusedByAws::Later(format!("the API is {}", status.as_str())));
            }
        }
        let policy = match api.policy.filter(|policy| !policy.is_empty()) {
            None => None,
            Some(policy) => Some(read(&policy).ok_or_else(|| unread("GetRestApi"))?),
        };
        let stages = self.rest.stages(&id).await?;
        let canaries = stages.iter().filter(|stage| stage.canary_settings.is_some());
        let endpoints = api.endpoint_configuration.and_then(|endpoint| endpoint.types);
        Ok(Api {
            closed: api.disable_execute_api_endpoint,
            policy,
            tls: api.security_policy.map(|policy| policy.as_str().to_owned()),
            access: api.endpoint_access_mode.map(|mode| mode.as_str().to_owned()),
            endpoints: endpoints
                .ok_or_else(|| unread("GetRestApi"))?
                .iter()
                .map(|kind| kind.as_str().to_owned())
                .collect(),
            canaries: canaries.filter_map(|stage| stage.stage_name.clone()).collect(),
            stages: stages.iter().map(Rest::deployment).collect::<Answer<_>>()?,
        })
    }

    fn plan(&self, target: &Target, before: &Api) -> Plan<Api> {
        R::plan(target, before)
    }

    async fn precheck(&self, target: &Target, before: &Api, after: &Api) -> Answer<Check> {
        let api = rest_api(target)?;
        let first = match R::check(&self.rest, &api, before).await? {
            Check::Go => None,
            Check::Ask(why) => Some(why),
            refused @ Check::Refuse(_) => return Ok(refused),
        };
        let ours = (before.policy != after.policy).then_some(POLICY);
        Ok(match (first, self.rest.guard(&api, after.stages.keys(), ours).await?) {
            (None, guarded) => guarded,
            (Some(why), Check::Ask(guarded)) => Check::Ask(format!("{why}; {guarded}")),
            (Some(why), _) => Check::Ask(why),
        })
    }

    async fn apply(&self, target: &Target, state: &Api) -> Answer<()> {
        let id = rest_api(target)?;
        let patches = patches(&self.observe(target).await?, state);
        if !patches.is_empty() {
            let update = self.rest.client.update_rest_api().rest_api_id(&id);
            update.set_patch_operations(Some(patches)).send().await.map_err(refused)?;
        }
        self.rest.deploy(&id, state.stages.iter()).await
    }

    fn between(seen: &Api, before: &Api, after: &Api) -> bool {
        // As planned, but for the stages that are still as before.
        let mut stages = after.stages.clone();
        for (name, wanted) in &mut stages {
            if let Some(former) =
                before.stages.get(name).filter(|one| seen.stages.get(name) == Some(*one))
            {
                *wanted = former.clone();
            }
        }
        Self::reached(seen, &Api { stages, ..after.clone() })
    }

    fn reached(seen: &Api, wanted: &Api) -> bool {
        let stages = seen.stages.len() == wanted.stages.len()
            && seen
                .stages
                .iter()
                .zip(&wanted.stages)
                .all(|((name, seen), (other, wanted))| name == other && seen.reached(wanted));
        // A companion that was not there before stays: API Gateway cannot take it away.
        let access = wanted.access.is_none() || seen.access == wanted.access;
        let (policy, access_mode) = (wanted.policy.clone(), wanted.access.clone());
        let rest =
            Api { stages: wanted.stages.clone(), policy, access: access_mode, ..seen.clone() };
        stages && access && same(seen.policy.as_ref(), wanted.policy.as_ref()) && rest == *wanted
    }
}

fn patches(now: &Api, wanted: &Api) -> Vec<PatchOperation> {
    let mut patches = Vec::new();
    if now.closed != wanted.closed {
        patches.push(replace("/disableExecuteApiEndpoint", &wanted.closed.to_string()));
    }
    if !same(now.policy.as_ref(), wanted.policy.as_ref()) {
        patches.push(match &wanted.policy {
            Some(policy) => replace("/policy", &policy.to_string()),
            None => remove("/policy"),
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
            patches.push(replace(path, wanted));
        }
    }
    patches
}

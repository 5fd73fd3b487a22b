//! How a method of a REST API reaches its backend: in the draft, and in each stage.

use evenkeel_rules::policy::Tier;
use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::sync::Arc;

use aws_sdk_apigateway::types::{ConnectionType, IntegrationType, Stage};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::PERMISSIONS;
use super::backend::{check_stages, variables};
use super::draft;
use super::names::{api_of, arn, rest_method};
use super::rest::{Answer, Deployment, Rest, deploy_calls, refused, replace, unread};
use crate::access::aws::Aws;
use crate::access::probe::Probe;
use crate::remediator::spec::RemediatorSpec;
use crate::remediator::{Check, Plan, Remediator};
use crate::violation::Target;

/// How a method reaches its backend.
///
/// Source: Amazon API Gateway API Reference, `Integration`, `Stage`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Integration {
    /// Its type, such as `HTTP_PROXY`.
    pub kind: String,
    /// It goes through a VPC link.
    pub private: bool,
    /// Where to, in the draft.
    pub uri: String,
    /// Whether any certificate is trusted, in the draft.
    pub unverified: bool,
    /// What each stage serves.
    pub stages: BTreeMap<String, Served>,
}

/// What a stage serves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Served {
    /// Its deployment.
    pub deployment: Deployment,
    /// Where to; none where the deployment lacks the method.
    pub uri: Option<String>,
    /// Whether any certificate is trusted.
    pub unverified: bool,
    /// A part of its traffic goes to another deployment.
    pub canary: bool,
    /// The stage's variables that the draft's URI names.
    pub variables: BTreeMap<String, String>,
}

impl Integration {
    /// Whether it calls a backend over HTTP or HTTPS at all.
    pub(crate) fn over_http(&self) -> bool {
        [IntegrationType::Http, IntegrationType::HttpProxy]
            .iter()
            .any(|kind| kind.as_str() == self.kind)
    }

    /// Whether a stage serves such a URI.
    pub(crate) fn serves(&self, which: impl Fn(&str) -> bool) -> bool {
        self.stages.values().any(|served| served.uri.as_deref().is_some_and(&which))
    }

    /// Whether a stage trusts any certificate.
    pub(crate) fn served_unverified(&self) -> bool {
        self.stages.values().any(|served| served.unverified)
    }

    /// The same with another draft, deployed to the affected stages.
    pub(crate) fn with(
        &self,
        uri: String,
        unverified: bool,
        affected: impl Fn(&Served) -> bool,
    ) -> Plan<Integration> {
        let mut after = Integration { uri, unverified, ..self.clone() };
        for (stage, served) in &mut after.stages {
            if !affected(served) {
                continue;
            }
            if served.canary {
                return Plan::leave(format!(
                    "stage `{stage}` has a canary, which only its owner can promote or end"
                ));
            }
            served.deployment = served.deployment.anew();
            served.uri = Some(after.uri.clone());
            served.unverified = unverified;
        }
        Plan::Change(after)
    }
}

/// What is wrong with an integration, and what it should be.
pub trait IntegrationRule: Send + Sync + 'static {
    /// The remediator's name.
    const ID: &'static str;

    /// See [`RemediatorSpec::tier`].
    const TIER: Tier;

    /// See [`RemediatorSpec::check`].
    const CHECK: Option<&'static str> = None;

    /// What to do about a state.
    fn plan(before: &Integration) -> Plan<Integration>;
}

/// Repairs integrations of REST APIs by a rule.
#[derive(Debug)]
pub struct Integrations<R> {
    rest: Rest,
    probe: Option<Arc<dyn Probe>>,
    rule: PhantomData<fn() -> R>,
}

impl<R> From<Aws> for Integrations<R> {
    fn from(aws: Aws) -> Self {
        let rest = Rest::from(&aws);
        Integrations { rest, probe: aws.probe, rule: PhantomData }
    }
}

impl<R: IntegrationRule> Remediator for Integrations<R> {
    type State = Integration;

    const SPEC: RemediatorSpec = RemediatorSpec {
        id: R::ID,
        permissions: PERMISSIONS,
        tier: Some(R::TIER),
        check: R::CHECK,
        arns: |target| vec![arn(target, &format!("/restapis/{}/*", api_of(target)))],
        reads: |target| vec![arn(target, &format!("/restapis/{}", api_of(target)))],
        ..RemediatorSpec::EMPTY
    };

    fn calls(from: &Integration, to: &Integration) -> Vec<&'static str> {
        let patched =
            (from.uri != to.uri || from.unverified != to.unverified).then_some("apigateway:PATCH");
        let stages = from.stages.iter().filter_map(|(name, served)| {
            Some((&served.deployment, &to.stages.get(name)?.deployment))
        });
        let mut calls: Vec<_> = patched.into_iter().chain(deploy_calls(stages)).collect();
        calls.dedup();
        calls
    }

    fn plan(&self, _: &Target, before: &Integration) -> Plan<Integration> {
        R::plan(before)
    }

    fn reached(seen: &Integration, wanted: &Integration) -> bool {
        let same = seen.stages.len() == wanted.stages.len()
            && seen.stages.iter().zip(&wanted.stages).all(|((name, seen), (other, wanted))| {
                let deployment = wanted.deployment.clone();
                name == other
                    && seen.deployment.reached(&wanted.deployment)
                    && *wanted == Served { deployment, ..seen.clone() }
            });
        same && Integration { stages: wanted.stages.clone(), ..seen.clone() } == *wanted
    }

    fn between(seen: &Integration, before: &Integration, after: &Integration) -> bool {
        // As planned, but for the stages that are still as before.
        let mut stages = after.stages.clone();
        for (name, wanted) in &mut stages {
            if let (Some(seen), Some(before)) = (seen.stages.get(name), before.stages.get(name))
                && seen == before
            {
                *wanted = before.clone();
            }
        }
        Self::reached(seen, &Integration { stages, ..after.clone() })
    }

    async fn observe(&self, target: &Target) -> Answer<Integration> {
        let [api, resource, verb] = rest_method(target)?;
        let client = &self.rest.client;
        let found = client.get_integration().rest_api_id(&api).resource_id(&resource);
        let found = found.http_method(&verb).send().await.map_err(refused)?;
        let kind = found.r#type.ok_or_else(|| unread("GetIntegration"))?;
        let uri = match found.uri {
            Some(uri) => uri,
            // A mock calls nobody.
            None if kind == IntegrationType::Mock => String::new(),
            None => return Err(unread("GetIntegration")),
        };
        let path = client.get_resource().rest_api_id(&api).resource_id(&resource).send().await;
        let path = path.map_err(refused)?.path.ok_or_else(|| unread("GetResource"))?;
        let mut stages = BTreeMap::new();
        for stage in self.rest.stages(&api).await? {
            let (name, deployment) = Rest::deployment(&stage)?;
            let export = self.rest.export(&api, &name).await?;
            if draft::served(&export).is_none() {
                return Err(unread("GetExport"));
            }
            let served = draft::integration(&export, &verb, &path);
            stages.insert(name, serves(&stage, deployment, served, &uri));
        }
        Ok(Integration {
            private: found.connection_type == Some(ConnectionType::VpcLink),
            unverified: found.tls_config.is_some_and(|tls| tls.insecure_skip_verification),
            kind: kind.as_str().to_owned(),
            uri,
            stages,
        })
    }

    async fn precheck(
        &self,
        target: &Target,
        before: &Integration,
        after: &Integration,
    ) -> Answer<Check> {
        let stages = after.stages.iter().map(|(name, served)| (name, &served.variables));
        let mut asked = match check_stages(self.probe.as_deref(), &after.uri, stages).await {
            Check::Go => None,
            Check::Ask(why) => Some(why),
            refused @ Check::Refuse(_) => return Ok(refused),
        };
        let [api, resource, verb] = rest_method(target)?;
        let changed = after.stages.iter().filter(|(name, after)| {
            before.stages.get(*name).is_none_or(|before| before.deployment != after.deployment)
        });
        let stages: Vec<&String> = changed.map(|(name, _)| name).collect();
        if !stages.is_empty() {
            let path = self.rest.client.get_resource().rest_api_id(&api).resource_id(&resource);
            let path = path.send().await.map_err(refused)?.path;
            let ours = format!("{verb} {}", path.ok_or_else(|| unread("GetResource"))?);
            if let Check::Ask(why) = self.rest.guard(&api, stages.into_iter(), Some(&ours)).await? {
                asked = Some(asked.map_or(why.clone(), |first| format!("{first}; {why}")));
            }
        }
        Ok(asked.map_or(Check::Go, Check::Ask))
    }

    async fn apply(&self, target: &Target, state: &Integration) -> Answer<()> {
        let [api, resource, verb] = rest_method(target)?;
        let client = &self.rest.client;
        let now = client.get_integration().rest_api_id(&api).resource_id(&resource);
        let now = now.http_method(&verb).send().await.map_err(refused)?;
        let unverified = now.tls_config.is_some_and(|tls| tls.insecure_skip_verification);
        let mut patches = Vec::new();
        if now.uri.as_ref() != Some(&state.uri) {
            patches.push(replace("/uri", &state.uri));
        }
        if unverified != state.unverified {
            let value = state.unverified.to_string();
            patches.push(replace("/tlsConfig/insecureSkipVerification", &value));
        }
        if !patches.is_empty() {
            let update = client.update_integration().rest_api_id(&api).resource_id(&resource);
            let update = update.http_method(&verb).set_patch_operations(Some(patches));
            update.send().await.map_err(refused)?;
        }
        let wanted = state.stages.iter().map(|(name, served)| (name, &served.deployment));
        self.rest.deploy(&api, wanted).await
    }
}

/// What a stage serves, from its export.
fn serves(stage: &Stage, deployment: Deployment, served: Option<&Value>, draft: &str) -> Served {
    let uri = served.and_then(|served| served.get("uri")?.as_str());
    let unverified = served.and_then(|one| one.pointer("/tlsConfig/insecureSkipVerification"));
    let needed = variables(draft);
    let known = stage.variables.iter().flatten();
    Served {
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

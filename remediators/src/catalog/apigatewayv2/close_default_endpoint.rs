//! An HTTP or WebSocket API that custom domains lead to is not reachable around them.

use std::collections::{BTreeMap, BTreeSet};

use evenkeel_client::Method;
use evenkeel_rules::policy::Tier;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::access::aws::Aws;
use crate::catalog::apigateway::PERMISSIONS;
use crate::catalog::apigateway::names::{api_of, arns, http_api};
use crate::catalog::apigateway::rest::{Answer, unread};
use crate::catalog::apigatewayv2::http::{Http, Stage, stage_calls};
use crate::remediator::spec::RemediatorSpec;
use crate::remediator::{Check, Plan, Remediator};
use crate::violation::Target;

/// Turns the `execute-api` endpoint off, and lets each stage take it.
///
/// Only where a custom domain leads to the API, and asks first where a stage is reached in no other way.
#[derive(Clone, Debug)]
pub struct CloseHttpEndpoint(Http);

/// Whether the endpoint is off, and what the stages serve.
///
/// Source: Amazon API Gateway Developer Guide, "Disable the default endpoint for HTTP APIs": it takes effect
/// with the next deployment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoint {
    /// The `execute-api` endpoint is off.
    pub closed: bool,
    /// All stages.
    pub stages: BTreeMap<String, Stage>,
}

/// Source: Amazon API Gateway Version 2 API Reference, `DomainNames`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CustomDomain {
    domain_name: Option<String>,
    domain_name_configurations: Option<Vec<EndpointSettings>>,
    routing_mode: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct EndpointSettings {
    security_policy: Option<String>,
}

impl From<Aws> for CloseHttpEndpoint {
    fn from(aws: Aws) -> Self {
        CloseHttpEndpoint(Http::from(&aws))
    }
}

impl Remediator for CloseHttpEndpoint {
    type State = Endpoint;

    const SPEC: RemediatorSpec = RemediatorSpec {
        id: "apigatewayv2-close-default-endpoint",
        permissions: PERMISSIONS,
        tier: Some(Tier::B),
        arns: |target| arns(target, &format!("/apis/{}", api_of(target))),
        // Which domains lead to it is read from all of them.
        reads: |target| arns(target, "/domainnames"),
        ..RemediatorSpec::EMPTY
    };

    fn calls(from: &Endpoint, to: &Endpoint) -> Vec<&'static str> {
        let stages = from.stages.iter().filter_map(|(name, now)| Some((now, to.stages.get(name)?)));
        let patched = (from.closed != to.closed).then_some("apigateway:PATCH");
        let mut calls: Vec<_> = patched.into_iter().chain(stage_calls(stages)).collect();
        calls.dedup();
        calls
    }

    async fn observe(&self, target: &Target) -> Answer<Endpoint> {
        let id = http_api(target)?;
        let api = self.0.api(&id).await?;
        let closed = api.disable_execute_api_endpoint.ok_or_else(|| unread("GetApi"))?;
        Ok(Endpoint { closed, stages: self.0.stages(&id).await? })
    }

    fn plan(&self, _: &Target, before: &Endpoint) -> Plan<Endpoint> {
        if before.closed {
            return Plan::Nothing;
        }
        let stages = before.stages.iter().map(|(name, stage)| (name.clone(), stage.anew()));
        Plan::Change(Endpoint { closed: true, stages: stages.collect() })
    }

    async fn precheck(&self, target: &Target, _: &Endpoint, after: &Endpoint) -> Answer<Check> {
        let api = http_api(target)?;
        let mut used: BTreeSet<&String> =
            after.stages.iter().filter(|(_, stage)| stage.in_use()).map(|(name, _)| name).collect();
        let (mut mapped, mut weak) = (false, BTreeSet::new());
        for domain in self.domains().await? {
            let name = domain.domain_name.clone().ok_or_else(|| unread("GetDomainNames"))?;
            for mapping in self.0.mappings(&name).await? {
                if mapping.api_id.as_ref() != Some(&api) {
                    continue;
                }
                mapped = true;
                used.retain(|stage| mapping.stage.as_ref() != Some(*stage));
                if accepts_old_tls(&domain) {
                    weak.insert(format!("domain `{name}`, which leads to it, accepts TLS 1.0"));
                }
            }
        }
        if !mapped {
            let why = "no custom domain leads to it: closing would cut it off";
            return Ok(Check::Refuse(why.to_owned()));
        }
        let unmapped: Vec<String> = used.iter().map(|stage| format!("`{stage}`")).collect();
        let cut = (!unmapped.is_empty())
            .then(|| format!("no custom domain leads to stage {}", unmapped.join(", ")));
        let deployed = after.stages.iter().filter(|(_, stage)| stage.deployment.is_some());
        let deployed: Vec<&String> = deployed.map(|(name, _)| name).collect();
        let guarded = self.0.guard(&api, &deployed, &BTreeSet::new()).await?;
        let asked: Vec<String> = cut.into_iter().chain(weak).chain(guarded).collect();
        Ok(if asked.is_empty() { Check::Go } else { Check::Ask(asked.join("; ")) })
    }

    async fn apply(&self, target: &Target, state: &Endpoint) -> Answer<()> {
        let id = http_api(target)?;
        let update = json!({"disableExecuteApiEndpoint": state.closed});
        self.0.change(Method::PATCH, &["apis", &id], &update).await?;
        self.0.deploy(&id, state.stages.iter()).await
    }

    fn between(seen: &Endpoint, before: &Endpoint, after: &Endpoint) -> bool {
        // As planned, but for the stages that are still as before.
        let mut stages = after.stages.clone();
        for (name, wanted) in &mut stages {
            if let Some(former) =
                before.stages.get(name).filter(|one| seen.stages.get(name) == Some(*one))
            {
                wanted.clone_from(former);
            }
        }
        Self::reached(seen, &Endpoint { stages, ..after.clone() })
    }

    fn reached(seen: &Endpoint, wanted: &Endpoint) -> bool {
        let stages = seen.stages.len() == wanted.stages.len()
            && seen
                .stages
                .iter()
                .zip(&wanted.stages)
                .all(|((name, seen), (other, wanted))| name == other && seen.reached(wanted));
        seen.closed == wanted.closed && stages
    }
}

impl CloseHttpEndpoint {
    /// The domains whose mappings count.
    async fn domains(&self) -> Answer<Vec<CustomDomain>> {
        let domains = self.0.list("GetDomainNames", &["domainnames"]);
        let mut domains: Vec<CustomDomain> = domains.await?;
        let rules_only =
            |domain: &CustomDomain| domain.routing_mode.as_deref() == Some("ROUTING_RULE_ONLY");
        domains.retain(|domain| !rules_only(domain));
        Ok(domains)
    }
}

fn accepts_old_tls(domain: &CustomDomain) -> bool {
    let configured = domain.domain_name_configurations.iter().flatten();
    configured.into_iter().any(|one| one.security_policy.as_deref() == Some("TLS_1_0"))
}

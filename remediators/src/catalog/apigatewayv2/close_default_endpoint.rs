//! An HTTP or WebSocket API that custom domains lead to is not reachable around them.

use std::collections::{BTreeMap, BTreeSet};

use evenkeel_client::Method;
use evenkeel_rules::policy::SafetyTier;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::access::connection::AwsConnection;
use crate::catalog::apigateway::PERMISSIONS;
use crate::catalog::apigateway::resource_ids::{
    build_nested_arns, first_id_part, parse_http_api_id,
};
use crate::catalog::apigateway::rest_client::{AwsResult, incomplete_response};
use crate::catalog::apigatewayv2::http_client::{HttpApiClient, HttpStage, list_stage_actions};
use crate::remediator::spec::RemediatorSpec;
use crate::remediator::{PrecheckResult, RemediationPlan, Remediator};
use crate::violation::TargetResource;

/// Turns the `execute-api` endpoint off, and lets each stage take it.
///
/// Only where a custom domain leads to the API, and asks first where a stage is reached in no other way.
#[derive(Clone, Debug)]
pub struct CloseHttpEndpoint(HttpApiClient);

/// Whether the endpoint is off, and what the stages serve.
///
/// Source: Amazon API Gateway Developer Guide, "Disable the default endpoint for HTTP APIs": it takes effect
/// with the next deployment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndpointState {
    /// The `execute-api` endpoint is off.
    pub closed: bool,
    /// All stages.
    pub stages: BTreeMap<String, HttpStage>,
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

impl From<AwsConnection> for CloseHttpEndpoint {
    fn from(aws: AwsConnection) -> Self {
        CloseHttpEndpoint(HttpApiClient::from(&aws))
    }
}

impl Remediator for CloseHttpEndpoint {
    type State = EndpointState;

    const SPEC: RemediatorSpec = RemediatorSpec {
        id: "apigatewayv2-close-default-endpoint",
        permissions: PERMISSIONS,
        tier: Some(SafetyTier::B),
        resource_arns: |target| {
            build_nested_arns(target, &format!("/apis/{}", first_id_part(target)))
        },
        // Which domains lead to it is read from all of them.
        read_only_arns: |target| build_nested_arns(target, "/domainnames"),
        ..RemediatorSpec::EMPTY
    };

    fn required_actions(from: &EndpointState, to: &EndpointState) -> Vec<&'static str> {
        let stages = from.stages.iter().filter_map(|(name, now)| Some((now, to.stages.get(name)?)));
        let patched = (from.closed != to.closed).then_some("apigateway:PATCH");
        let mut calls: Vec<_> = patched.into_iter().chain(list_stage_actions(stages)).collect();
        calls.dedup();
        calls
    }

    async fn observe_state(&self, target: &TargetResource) -> AwsResult<EndpointState> {
        let id = parse_http_api_id(target)?;
        let api = self.0.read_api(&id).await?;
        let closed =
            api.disable_execute_api_endpoint.ok_or_else(|| incomplete_response("GetApi"))?;
        Ok(EndpointState { closed, stages: self.0.list_stages(&id).await? })
    }

    fn plan_change(
        &self,
        _: &TargetResource,
        before: &EndpointState,
    ) -> RemediationPlan<EndpointState> {
        if before.closed {
            return RemediationPlan::Nothing;
        }
        let stages =
            before.stages.iter().map(|(name, stage)| (name.clone(), stage.with_next_deployment()));
        RemediationPlan::Change(EndpointState { closed: true, stages: stages.collect() })
    }

    async fn check_preconditions(
        &self,
        target: &TargetResource,
        _: &EndpointState,
        after: &EndpointState,
    ) -> AwsResult<PrecheckResult> {
        let api = parse_http_api_id(target)?;
        let mut used: BTreeSet<&String> = after
            .stages
            .iter()
            .filter(|(_, stage)| stage.is_in_use())
            .map(|(name, _)| name)
            .collect();
        let (mut mapped, mut weak) = (false, BTreeSet::new());
        for domain in self.list_domains().await? {
            let name =
                domain.domain_name.clone().ok_or_else(|| incomplete_response("GetDomainNames"))?;
            for mapping in self.0.list_mappings(&name).await? {
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
            return Ok(PrecheckResult::Abort(why.to_owned()));
        }
        let unmapped: Vec<String> = used.iter().map(|stage| format!("`{stage}`")).collect();
        let cut = (!unmapped.is_empty())
            .then(|| format!("no custom domain leads to stage {}", unmapped.join(", ")));
        let deployed = after.stages.iter().filter(|(_, stage)| stage.deployment.is_some());
        let deployed: Vec<&String> = deployed.map(|(name, _)| name).collect();
        let guarded = self.0.describe_undeployed_changes(&api, &deployed, &BTreeSet::new()).await?;
        let asked: Vec<String> = cut.into_iter().chain(weak).chain(guarded).collect();
        Ok(if asked.is_empty() {
            PrecheckResult::Proceed
        } else {
            PrecheckResult::RequireApproval(asked.join("; "))
        })
    }

    async fn apply_state(&self, target: &TargetResource, state: &EndpointState) -> AwsResult<()> {
        let id = parse_http_api_id(target)?;
        let update = json!({"disableExecuteApiEndpoint": state.closed});
        self.0.send_change(Method::PATCH, &["apis", &id], &update).await?;
        self.0.deploy_stages(&id, state.stages.iter()).await
    }

    fn is_partial_state(
        seen: &EndpointState,
        before: &EndpointState,
        after: &EndpointState,
    ) -> bool {
        // As planned, but for the stages that are still as before.
        let mut stages = after.stages.clone();
        for (name, wanted) in &mut stages {
            if let Some(former) =
                before.stages.get(name).filter(|one| seen.stages.get(name) == Some(*one))
            {
                wanted.clone_from(former);
            }
        }
        Self::has_reached(seen, &EndpointState { stages, ..after.clone() })
    }

    fn has_reached(seen: &EndpointState, wanted: &EndpointState) -> bool {
        let stages =
            seen.stages.len() == wanted.stages.len()
                && seen.stages.iter().zip(&wanted.stages).all(|((name, seen), (other, wanted))| {
                    name == other && seen.has_reached(wanted)
                });
        seen.closed == wanted.closed && stages
    }
}

impl CloseHttpEndpoint {
    /// The domains whose mappings count.
    async fn list_domains(&self) -> AwsResult<Vec<CustomDomain>> {
        let domains = self.0.list_all("GetDomainNames", &["domainnames"]);
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

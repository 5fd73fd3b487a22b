//! Disables the default endpoint of HTTP and WebSocket APIs that have a custom domain.

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

/// A remediator that disables the `execute-api` endpoint and deploys the change to each stage.
///
/// A custom domain must be mapped to the API. The remediation needs an approval if a stage has no
/// mapping.
#[derive(Clone, Debug)]
pub struct CloseHttpEndpoint(HttpApiClient);

/// The state of the default endpoint and the stages. A change takes effect with the next
/// deployment.
///
/// Source: Amazon API Gateway Developer Guide, "Disable the default endpoint for HTTP APIs".
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndpointState {
    /// True if the `execute-api` endpoint is disabled.
    pub closed: bool,
    /// All stages by name.
    pub stages: BTreeMap<String, HttpStage>,
}

/// The response for a custom domain.
///
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
        // The remediator reads all domains, because only the domains contain the mappings to the
        // API.
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
                    weak.insert(format!(
                        "domain `{name}` is mapped to the API and accepts TLS 1.0"
                    ));
                }
            }
        }
        if !mapped {
            let why = "no custom domain is mapped to the API, so the API would become unreachable \
                       without the default endpoint; map a custom domain first";
            return Ok(PrecheckResult::Abort(why.to_owned()));
        }
        let unmapped: Vec<String> = used.iter().map(|stage| format!("`{stage}`")).collect();
        let unreachable = (!unmapped.is_empty()).then(|| {
            let stages = unmapped.join(", ");
            format!(
                "no custom domain is mapped to these stages, which would become unreachable: \
                 {stages}"
            )
        });
        let deployed = after.stages.iter().filter(|(_, stage)| stage.deployment.is_some());
        let deployed: Vec<&String> = deployed.map(|(name, _)| name).collect();
        let undeployed =
            self.0.describe_undeployed_changes(&api, &deployed, &BTreeSet::new()).await?;
        let asked: Vec<String> = unreachable.into_iter().chain(weak).chain(undeployed).collect();
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
        // The planned state, but with the prior state of the stages that are not changed yet.
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
    /// Reads the custom domains that use API mappings. Domains that use only routing rules are left
    /// out.
    async fn list_domains(&self) -> AwsResult<Vec<CustomDomain>> {
        let domains = self.0.list_all("GetDomainNames", &["domainnames"]);
        let mut domains: Vec<CustomDomain> = domains.await?;
        let rules_only =
            |domain: &CustomDomain| domain.routing_mode.as_deref() == Some("ROUTING_RULE_ONLY");
        domains.retain(|domain| !rules_only(domain));
        Ok(domains)
    }
}

/// Returns whether a domain accepts TLS 1.0.
fn accepts_old_tls(domain: &CustomDomain) -> bool {
    let configured = domain.domain_name_configurations.iter().flatten();
    configured.into_iter().any(|one| one.security_policy.as_deref() == Some("TLS_1_0"))
}

//! Disables the default endpoint of REST APIs that have a custom domain.

use evenkeel_rules::policy::SafetyTier;

use std::collections::BTreeSet;

use crate::catalog::apigateway::api_settings::{ApiRule, ApiSettings, RestApiState};
use crate::catalog::apigateway::rest_client::{AwsResult, RestApiClient};
use crate::remediator::{PrecheckResult, RemediationPlan};
use crate::violation::TargetResource;

/// A remediator that disables the default endpoint if a custom domain is mapped to the API.
pub type CloseDefaultEndpoint = ApiSettings<ClosedEndpointRule>;

/// The rule that the default endpoint is disabled.
#[derive(Debug)]
pub struct ClosedEndpointRule;

impl ApiRule for ClosedEndpointRule {
    const ID: &'static str = "apigateway-close-default-endpoint";
    const TIER: SafetyTier = SafetyTier::B;
    const READ_ONLY_PATHS: &'static [&'static str] = &["/domainnames"];

    fn plan_change(_: &TargetResource, before: &RestApiState) -> RemediationPlan<RestApiState> {
        if before.closed {
            RemediationPlan::Nothing
        } else {
            before.plan_redeployment(|after| after.closed = true)
        }
    }

    async fn check_preconditions(
        rest: &RestApiClient,
        api: &str,
        before: &RestApiState,
    ) -> AwsResult<PrecheckResult> {
        let mapped = rest.list_mapped_stages(api).await?;
        if mapped.is_empty() {
            let why = "no custom domain is mapped to the API, so the API would become unreachable \
                       without the default endpoint; map a custom domain first";
            return Ok(PrecheckResult::Abort(why.to_owned()));
        }
        // A mapping without a stage applies to all stages.
        let all = mapped.contains(&None);
        let stages =
            before.stages.keys().filter(|stage| !all && !mapped.contains(&Some((*stage).clone())));
        let unreachable: BTreeSet<&str> = stages.map(String::as_str).collect();
        let unreachable = unreachable.into_iter().collect::<Vec<_>>().join(", ");
        Ok(if unreachable.is_empty() {
            PrecheckResult::Proceed
        } else {
            PrecheckResult::RequireApproval(format!(
                "no custom domain is mapped to these stages, which would become unreachable: \
                 {unreachable}"
            ))
        })
    }
}

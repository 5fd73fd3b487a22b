//! A REST API that can be reached beside its custom domain no longer can.

use evenkeel_rules::policy::SafetyTier;

use std::collections::BTreeSet;

use crate::catalog::apigateway::api_settings::{ApiRule, ApiSettings, RestApiState};
use crate::catalog::apigateway::rest_client::{AwsResult, RestApiClient};
use crate::remediator::{PrecheckResult, RemediationPlan};
use crate::violation::TargetResource;

/// Closes the default endpoint, where a custom domain leads to the API.
pub type CloseDefaultEndpoint = ApiSettings<ClosedEndpointRule>;

/// The default endpoint is closed.
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
            let why = "no custom domain leads to it: closing would cut it off";
            return Ok(PrecheckResult::Abort(why.to_owned()));
        }
        // A mapping without a stage leads to all of them.
        let all = mapped.contains(&None);
        let stages =
            before.stages.keys().filter(|stage| !all && !mapped.contains(&Some((*stage).clone())));
        let cut: BTreeSet<&str> = stages.map(String::as_str).collect();
        let cut = cut.into_iter().collect::<Vec<_>>().join(", ");
        Ok(if cut.is_empty() {
            PrecheckResult::Proceed
        } else {
            PrecheckResult::RequireApproval(format!(
                "no custom domain leads to these stages, which would be cut off: {cut}"
            ))
        })
    }
}

//! A REST API whose own endpoint speaks old TLS speaks new TLS.

use evenkeel_rules::policy::SafetyTier;

use crate::catalog::apigateway::api_settings::{ApiRule, ApiSettings, RestApiState};
use crate::catalog::apigateway::tls_policy::TlsPolicyRequirement;
use crate::remediator::RemediationPlan;
use crate::violation::TargetResource;

/// Sets the TLS policy of a REST API, with the companion that it needs.
///
/// The policy's header may say which policies are accepted (`accepted`), which one is set (`policy`), and the
/// companion (`endpointAccessMode`; `BASIC` first, since `STRICT` turns callers away).
pub type ApiTlsPolicy = ApiSettings<TlsPolicyRule>;

/// The API's own endpoint has a TLS policy that is accepted.
#[derive(Debug)]
pub struct TlsPolicyRule;

/// Those that Security Hub accepts (APIGateway.11), for endpoints of CloudFront and for others.
///
/// Source: AWS Security Hub User Guide, "Security Hub controls for Amazon API Gateway".
const EDGE_POLICY: &str = "SecurityPolicy_TLS12_PFS_2025_EDGE";
const REGIONAL_POLICY: &str = "SecurityPolicy_TLS13_1_2_PFS_PQ_2025_09";

impl ApiRule for TlsPolicyRule {
    const ID: &'static str = "apigateway-api-tls-policy";
    const TIER: SafetyTier = SafetyTier::B;
    const PARAMETER_NAMES: &'static [&'static str] =
        crate::catalog::apigateway::tls_policy::PARAMETER_NAMES;

    fn plan_change(
        target: &TargetResource,
        before: &RestApiState,
    ) -> RemediationPlan<RestApiState> {
        let edge = before.endpoints.iter().any(|kind| kind == "EDGE");
        let wanted = match TlsPolicyRequirement::from_target(
            target,
            if edge { EDGE_POLICY } else { REGIONAL_POLICY },
        ) {
            Ok(wanted) => wanted,
            Err(why) => return RemediationPlan::Refuse(why),
        };
        let Some(policy) = &before.tls else {
            return RemediationPlan::leave_to_person(
                "AWS does not tell the API's TLS policy".to_owned(),
            );
        };
        if wanted.accepts_policy(policy) {
            return RemediationPlan::Nothing;
        }
        if let Some(why) = wanted.find_incompatibility(&before.endpoints) {
            return RemediationPlan::leave_to_person(why);
        }
        before.plan_redeployment(|after| {
            after.tls = Some(wanted.policy.clone());
            if wanted.is_enhanced() {
                after.access = Some(wanted.access.clone());
            }
        })
    }
}

//! Sets the TLS policy of REST API endpoints.

use evenkeel_rules::policy::SafetyTier;

use crate::catalog::apigateway::api_settings::{ApiRule, ApiSettings, RestApiState};
use crate::catalog::apigateway::tls_policy::TlsPolicyRequirement;
use crate::remediator::RemediationPlan;
use crate::violation::TargetResource;

/// A remediator that sets the TLS policy of a REST API. It also sets the endpoint access mode if
/// the TLS policy needs one.
///
/// Parameters in the policy header: the accepted TLS policies (`accepted`), the TLS policy to set
/// (`policy`), and the endpoint access mode (`endpointAccessMode`; the default is `BASIC`, because
/// `STRICT` rejects some callers).
pub type ApiTlsPolicy = ApiSettings<TlsPolicyRule>;

/// The rule that the endpoint of an API has an accepted TLS policy.
#[derive(Debug)]
pub struct TlsPolicyRule;

/// The TLS policy to set by default for edge-optimized endpoints. Security Hub accepts this policy
/// (APIGateway.11).
///
/// Source: AWS Security Hub User Guide, "Security Hub controls for Amazon API Gateway".
const EDGE_POLICY: &str = "SecurityPolicy_TLS12_PFS_2025_EDGE";

/// The TLS policy to set by default for other endpoints. Security Hub accepts this policy
/// (APIGateway.11).
///
/// Source: AWS Security Hub User Guide, "Security Hub controls for Amazon API Gateway".
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
        let required = match TlsPolicyRequirement::from_target(
            target,
            if edge { EDGE_POLICY } else { REGIONAL_POLICY },
        ) {
            Ok(required) => required,
            Err(why) => return RemediationPlan::Refuse(why),
        };
        let Some(policy) = &before.tls else {
            return RemediationPlan::leave_to_person(
                "AWS does not return the TLS policy of the REST API; check it by hand".to_owned(),
            );
        };
        if required.accepts_policy(policy) {
            return RemediationPlan::Nothing;
        }
        if let Some(why) = required.find_incompatibility(&before.endpoints) {
            return RemediationPlan::leave_to_person(why);
        }
        before.plan_redeployment(|after| {
            after.tls = Some(required.policy.clone());
            if required.is_enhanced() {
                after.access = Some(required.access.clone());
            }
        })
    }
}

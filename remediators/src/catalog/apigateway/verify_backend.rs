//! An integration of a REST API that trusts any certificate verifies its backend again.

use evenkeel_rules::policy::SafetyTier;

use crate::catalog::apigateway::integration::{IntegrationRule, RestIntegration, RestIntegrations};
use crate::remediator::RemediationPlan;

/// Turns `insecureSkipVerification` off, in the draft and in each stage that serves it.
///
/// Only where the backend's certificate passes, by its name and the public roots.
pub type VerifyBackend = RestIntegrations<VerifiedCertificateRule>;

/// Every backend is verified.
#[derive(Debug)]
pub struct VerifiedCertificateRule;

impl IntegrationRule for VerifiedCertificateRule {
    const ID: &'static str = "apigateway-verify-backend";
    const TIER: SafetyTier = SafetyTier::B;
    const PRECONDITION: Option<&'static str> =
        Some("a handshake with each backend, and whether a deployment would publish more");

    fn plan_change(before: &RestIntegration) -> RemediationPlan<RestIntegration> {
        if before.is_over_http() && (before.unverified || before.serves_unverified()) {
            before.plan_redeployment(before.uri.clone(), false, |served| served.unverified)
        } else {
            RemediationPlan::Nothing
        }
    }
}

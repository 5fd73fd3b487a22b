//! Turns on certificate verification for integrations of REST APIs.

use evenkeel_rules::policy::SafetyTier;

use crate::catalog::apigateway::integration::{IntegrationRule, RestIntegration, RestIntegrations};
use crate::remediator::RemediationPlan;

/// A remediator that turns off `insecureSkipVerification` for an integration, in the draft and in
/// each stage in which the setting is on.
///
/// The certificate of the backend must be valid for its host name and the public root certificates.
pub type VerifyBackend = RestIntegrations<VerifiedCertificateRule>;

/// The rule that each backend certificate is verified.
#[derive(Debug)]
pub struct VerifiedCertificateRule;

impl IntegrationRule for VerifiedCertificateRule {
    const ID: &'static str = "apigateway-verify-backend";
    const TIER: SafetyTier = SafetyTier::B;
    const PRECONDITION: Option<&'static str> =
        Some("a TLS handshake with each backend and a check for other undeployed changes");

    fn plan_change(before: &RestIntegration) -> RemediationPlan<RestIntegration> {
        if before.is_over_http() && (before.unverified || before.serves_unverified()) {
            before.plan_redeployment(before.uri.clone(), false, |served| served.unverified)
        } else {
            RemediationPlan::Nothing
        }
    }
}

//! Changes unencrypted integrations of REST APIs to HTTPS.

use evenkeel_rules::policy::SafetyTier;

use crate::catalog::apigateway::backend::{is_unencrypted, to_https_uri};
use crate::catalog::apigateway::integration::{IntegrationRule, RestIntegration, RestIntegrations};
use crate::remediator::RemediationPlan;

/// A remediator that changes the backend URI of an integration from `http://` to `https://`, in the
/// draft and in each stage that serves an unencrypted URI.
///
/// The backend must complete a TLS handshake. The remediation needs an approval if a deployment
/// would publish other undeployed changes.
pub type HttpsIntegration = RestIntegrations<HttpsUriRule>;

/// The rule that no integration is unencrypted.
#[derive(Debug)]
pub struct HttpsUriRule;

impl IntegrationRule for HttpsUriRule {
    const ID: &'static str = "apigateway-https-integration";
    const TIER: SafetyTier = SafetyTier::B;
    const PRECONDITION: Option<&'static str> =
        Some("a TLS handshake with each backend and a check for other undeployed changes");

    fn plan_change(before: &RestIntegration) -> RemediationPlan<RestIntegration> {
        if !before.is_over_http()
            || !(is_unencrypted(&before.uri) || before.serves_uri(is_unencrypted))
        {
            return RemediationPlan::Nothing;
        }
        if before.private {
            return RemediationPlan::leave_to_person(
                "a private integration is not changed automatically; add a TLS listener to the \
                 load balancer, then change the URI of the integration by hand"
                    .to_owned(),
            );
        }
        before.plan_redeployment(to_https_uri(&before.uri), before.unverified, |served| {
            served.uri.as_deref().is_some_and(is_unencrypted)
        })
    }
}

//! An integration of a REST API that calls its backend over plain HTTP calls it over TLS again.

use evenkeel_rules::policy::SafetyTier;

use crate::catalog::apigateway::backend::{is_unencrypted, to_https_uri};
use crate::catalog::apigateway::integration::{IntegrationRule, RestIntegration, RestIntegrations};
use crate::remediator::RemediationPlan;

/// Turns `http://` into `https://`, in the draft and in each stage that serves it.
///
/// Only where the backend makes a TLS handshake; and a person is asked first where a deployment would publish
/// what others have drafted.
pub type HttpsIntegration = RestIntegrations<HttpsUriRule>;

/// No integration is in clear text.
#[derive(Debug)]
pub struct HttpsUriRule;

impl IntegrationRule for HttpsUriRule {
    const ID: &'static str = "apigateway-https-integration";
    const TIER: SafetyTier = SafetyTier::B;
    const PRECONDITION: Option<&'static str> =
        Some("a handshake with each backend, and whether a deployment would publish more");

    fn plan_change(before: &RestIntegration) -> RemediationPlan<RestIntegration> {
        if !before.is_over_http()
            || !(is_unencrypted(&before.uri) || before.serves_uri(is_unencrypted))
        {
            return RemediationPlan::Nothing;
        }
        if before.private {
            return RemediationPlan::leave_to_person(
                "a private integration: its load balancer needs a TLS listener first".to_owned(),
            );
        }
        before.plan_redeployment(to_https_uri(&before.uri), before.unverified, |served| {
            served.uri.as_deref().is_some_and(is_unencrypted)
        })
    }
}

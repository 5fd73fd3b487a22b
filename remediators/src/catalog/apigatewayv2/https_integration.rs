//! An integration of an HTTP or WebSocket API that calls its backend over plain HTTP calls it over TLS again.

use evenkeel_rules::policy::SafetyTier;

use crate::access::tls_probe::TlsProbe;
use crate::catalog::apigateway::backend::{check_stage_backends, is_unencrypted, to_https_uri};
use crate::catalog::apigatewayv2::http_integration::{
    BackendAddress, HttpIntegration, HttpIntegrationRule, HttpIntegrations,
};
use crate::remediator::{PrecheckResult, RemediationPlan};
use crate::violation::TargetResource;

/// Turns `http://` into `https://`, in the draft and in each stage that serves it.
///
/// Only where the backend makes a TLS handshake; and a person is asked first where a deployment would publish
/// what others have drafted.
pub type HttpsBackend = HttpIntegrations<HttpsBackendRule>;

/// No integration is in clear text.
#[derive(Debug)]
pub struct HttpsBackendRule;

impl HttpIntegrationRule for HttpsBackendRule {
    const ID: &'static str = "apigatewayv2-https-integration";
    const TIER: SafetyTier = SafetyTier::B;
    const PRECONDITION: Option<&'static str> = Some("a handshake with the backend");

    fn plan_change(
        _: &TargetResource,
        before: &HttpIntegration,
    ) -> RemediationPlan<HttpIntegration> {
        let clear = |backend: &BackendAddress| is_unencrypted(&backend.uri);
        // What is private is mostly named by an ARN: its TLS configuration tells.
        let plain = |backend: &BackendAddress| {
            let secured = backend.uri.to_ascii_lowercase().starts_with("https://");
            backend.tls.is_none() && !secured
        };
        if !before.is_over_http() {
            return RemediationPlan::Nothing;
        }
        if before.private && before.has_backend(plain) {
            return RemediationPlan::leave_to_person(
                "a private integration: its load balancer needs a TLS listener first, and \
                 `apigatewayv2-private-tls` the name to verify"
                    .to_owned(),
            );
        }
        if before.private || !before.has_backend(clear) {
            return RemediationPlan::Nothing;
        }
        if before.managed {
            return RemediationPlan::leave_to_person(
                "quick create made the integration: its address is the API's target, which \
                 `UpdateApi` sets"
                    .to_owned(),
            );
        }
        let draft = BackendAddress { uri: to_https_uri(&before.draft.uri), ..before.draft.clone() };
        RemediationPlan::Change(before.with_draft(draft, clear))
    }

    async fn check_backends(
        probe: Option<&dyn TlsProbe>,
        after: &HttpIntegration,
    ) -> PrecheckResult {
        let used = after.stages.iter().filter(|(_, served)| served.stage.is_in_use());
        let stages = used.map(|(name, served)| (name, &served.variables));
        check_stage_backends(probe, &after.draft.uri, stages).await
    }
}

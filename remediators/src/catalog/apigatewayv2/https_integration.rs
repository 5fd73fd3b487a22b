//! Changes unencrypted integrations of HTTP and WebSocket APIs to HTTPS.

use evenkeel_rules::policy::SafetyTier;

use crate::access::tls_probe::TlsProbe;
use crate::catalog::apigateway::backend::{check_stage_backends, is_unencrypted, to_https_uri};
use crate::catalog::apigatewayv2::http_integration::{
    BackendAddress, HttpIntegration, HttpIntegrationRule, HttpIntegrations,
};
use crate::remediator::{PrecheckResult, RemediationPlan};
use crate::violation::TargetResource;

/// A remediator that changes the backend URI of an integration from `http://` to `https://`, in the
/// draft and in each stage that serves an unencrypted URI.
///
/// The backend must complete a TLS handshake. The remediation needs an approval if a deployment
/// would publish other undeployed changes.
pub type HttpsBackend = HttpIntegrations<HttpsBackendRule>;

/// The rule that no integration is unencrypted.
#[derive(Debug)]
pub struct HttpsBackendRule;

impl HttpIntegrationRule for HttpsBackendRule {
    const ID: &'static str = "apigatewayv2-https-integration";
    const TIER: SafetyTier = SafetyTier::B;
    const PRECONDITION: Option<&'static str> = Some("a TLS handshake with the backend");

    fn plan_change(
        _: &TargetResource,
        before: &HttpIntegration,
    ) -> RemediationPlan<HttpIntegration> {
        let has_http_scheme = |backend: &BackendAddress| is_unencrypted(&backend.uri);
        // The URI of a private integration is usually an ARN, so its TLS configuration counts.
        let lacks_tls = |backend: &BackendAddress| {
            let secured = backend.uri.to_ascii_lowercase().starts_with("https://");
            backend.tls.is_none() && !secured
        };
        if !before.is_over_http() {
            return RemediationPlan::Nothing;
        }
        if before.private && before.has_backend(lacks_tls) {
            return RemediationPlan::leave_to_person(
                "a private integration is not changed by this remediator; add a TLS listener to \
                 the load balancer, then use remediator `apigatewayv2-private-tls` with the server \
                 name to verify"
                    .to_owned(),
            );
        }
        if before.private || !before.has_backend(has_http_scheme) {
            return RemediationPlan::Nothing;
        }
        if before.managed {
            return RemediationPlan::leave_to_person(
                "quick create made the integration, so the URI of the integration cannot be \
                 changed; change the target of the API with `UpdateApi` by hand"
                    .to_owned(),
            );
        }
        let draft = BackendAddress { uri: to_https_uri(&before.draft.uri), ..before.draft.clone() };
        RemediationPlan::Change(before.with_draft(draft, has_http_scheme))
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

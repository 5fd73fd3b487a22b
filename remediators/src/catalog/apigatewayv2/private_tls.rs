//! A private integration of an HTTP API that calls its backend without TLS calls it over TLS.

use evenkeel_rules::policy::SafetyTier;
use serde_json::Value;

use crate::access::tls_probe::TlsProbe;
use crate::catalog::apigatewayv2::http_integration::{
    BackendAddress, HttpIntegration, HttpIntegrationRule, HttpIntegrations,
};
use crate::remediator::{PrecheckResult, RemediationPlan};
use crate::violation::TargetResource;

/// Sets the name to verify in the backend's certificate, by which its traffic uses TLS, in the draft and in
/// each stage.
///
/// The name is the policy's `serverName`. A person is always asked: whether the load balancer's listener
/// speaks TLS cannot be seen from outside.
///
/// Source: Amazon API Gateway Version 2 API Reference, `TlsConfig`.
pub type PrivateTls = HttpIntegrations<ServerNameRule>;

/// Each private integration has a name to verify.
#[derive(Debug)]
pub struct ServerNameRule;

impl HttpIntegrationRule for ServerNameRule {
    const ID: &'static str = "apigatewayv2-private-tls";
    const TIER: SafetyTier = SafetyTier::C;
    const PARAMETER_NAMES: &'static [&'static str] = &["serverName"];

    fn plan_change(
        target: &TargetResource,
        before: &HttpIntegration,
    ) -> RemediationPlan<HttpIntegration> {
        let plain = |backend: &BackendAddress| {
            let secured = backend.uri.to_ascii_lowercase().starts_with("https://");
            backend.tls.is_none() && !secured
        };
        if !before.private || !before.is_over_http() || !before.has_backend(plain) {
            return RemediationPlan::Nothing;
        }
        if !before.http {
            return RemediationPlan::leave_to_person(
                "an integration of a WebSocket API has no TLS configuration: its address must \
                 begin with https://, and its load balancer's listener must speak TLS"
                    .to_owned(),
            );
        }
        // A name in the draft is somebody's choice: then stages lack only its deployment.
        let name = before.draft.tls.as_ref().or(match target.parameters.get("serverName") {
            Some(Value::String(name)) if !name.is_empty() => Some(name),
            _ => None,
        });
        let Some(name) = name else {
            return RemediationPlan::leave_to_person(
                "the name to verify must be in the policy's header, `with: {serverName: ...}`, and \
                 the load balancer's listener must speak TLS"
                    .to_owned(),
            );
        };
        let draft = BackendAddress { tls: Some(name.clone()), ..before.draft.clone() };
        RemediationPlan::Change(before.with_draft(draft, plain))
    }

    async fn check_backends(_: Option<&dyn TlsProbe>, _: &HttpIntegration) -> PrecheckResult {
        PrecheckResult::RequireApproval("the load balancer's listener must speak TLS".to_owned())
    }
}

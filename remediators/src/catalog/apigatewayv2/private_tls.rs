//! Turns on TLS for private integrations of HTTP APIs.

use evenkeel_rules::policy::SafetyTier;
use serde_json::Value;

use crate::access::tls_probe::TlsProbe;
use crate::catalog::apigatewayv2::http_integration::{
    BackendAddress, HttpIntegration, HttpIntegrationRule, HttpIntegrations,
};
use crate::remediator::{PrecheckResult, RemediationPlan};
use crate::violation::TargetResource;

/// A remediator that sets the server name to verify for a private integration, in the draft and in
/// each stage. If this name is set, API Gateway uses TLS for the traffic to the backend.
///
/// The name is the parameter `serverName` in the policy header. The remediation always needs an
/// approval, because Evenkeel cannot check whether the listener of the load balancer uses TLS.
///
/// Source: Amazon API Gateway Version 2 API Reference, `TlsConfig`.
pub type PrivateTls = HttpIntegrations<ServerNameRule>;

/// The rule that each private integration has a server name to verify.
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
        let lacks_tls = |backend: &BackendAddress| {
            let secured = backend.uri.to_ascii_lowercase().starts_with("https://");
            backend.tls.is_none() && !secured
        };
        if !before.private || !before.is_over_http() || !before.has_backend(lacks_tls) {
            return RemediationPlan::Nothing;
        }
        if !before.http {
            return RemediationPlan::leave_to_person(
                "an integration of a WebSocket API has no TLS configuration; add a TLS listener to \
                 its load balancer, then change its URI to https:// by hand"
                    .to_owned(),
            );
        }
        // If the draft contains a name, the owner chose it, and only the deployment is missing.
        let name = before.draft.tls.as_ref().or(match target.parameters.get("serverName") {
            Some(Value::String(name)) if !name.is_empty() => Some(name),
            _ => None,
        });
        let Some(name) = name else {
            return RemediationPlan::leave_to_person(
                "the server name to verify is not set; add a TLS listener to the load balancer, \
                 then set `with: {serverName: ...}` in the policy header"
                    .to_owned(),
            );
        };
        let draft = BackendAddress { tls: Some(name.clone()), ..before.draft.clone() };
        RemediationPlan::Change(before.with_draft(draft, lacks_tls))
    }

    async fn check_backends(_: Option<&dyn TlsProbe>, _: &HttpIntegration) -> PrecheckResult {
        let why = "check that the listener of the load balancer uses TLS before you approve";
        PrecheckResult::RequireApproval(why.to_owned())
    }
}

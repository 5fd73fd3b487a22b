//! A private integration of an HTTP API that calls its backend without TLS calls it over TLS.

use evenkeel_rules::policy::Tier;
use serde_json::Value;

use crate::access::probe::Probe;
use crate::catalog::apigatewayv2::http_integration::{
    Backend, HttpIntegration, HttpIntegrationRule, HttpIntegrations,
};
use crate::remediator::{Check, Plan};
use crate::violation::Target;

/// Sets the name to verify in the backend's certificate, by which its traffic uses TLS, in the draft and in
/// each stage.
///
/// The name is the policy's `serverName`. A person is always asked: whether the load balancer's listener
/// speaks TLS cannot be seen from outside.
///
/// Source: Amazon API Gateway Version 2 API Reference, `TlsConfig`.
pub type PrivateTls = HttpIntegrations<Named>;

/// Each private integration has a name to verify.
#[derive(Debug)]
pub struct Named;

impl HttpIntegrationRule for Named {
    const ID: &'static str = "apigatewayv2-private-tls";
    const TIER: Tier = Tier::C;
    const WITH: &'static [&'static str] = &["serverName"];

    fn plan(target: &Target, before: &HttpIntegration) -> Plan<HttpIntegration> {
        let plain = |backend: &Backend| {
            let secured = backend.uri.to_ascii_lowercase().starts_with("https://");
            backend.tls.is_none() && !secured
        };
        if !before.private || !before.over_http() || !before.has(plain) {
            return Plan::Nothing;
        }
        if !before.http {
            return Plan::leave(
                "an integration of a WebSocket API has no TLS configuration: its address must \
                 begin with https://, and its load balancer's listener must speak TLS"
                    .to_owned(),
            );
        }
        // A name in the draft is somebody's choice: then stages lack only its deployment.
        let name = before.draft.tls.as_ref().or(match target.with.get("serverName") {
            Some(Value::String(name)) if !name.is_empty() => Some(name),
            _ => None,
        });
        let Some(name) = name else {
            return Plan::leave(
                "the name to verify must be in the policy's header, `with: {serverName: ...}`, and \
                 the load balancer's listener must speak TLS"
                    .to_owned(),
            );
        };
        let draft = Backend { tls: Some(name.clone()), ..before.draft.clone() };
        Plan::Change(before.with(draft, plain))
    }

    async fn check(_: Option<&dyn Probe>, _: &HttpIntegration) -> Check {
        Check::Ask("the load balancer's listener must speak TLS".to_owned())
    }
}

//! An integration of an HTTP or WebSocket API that calls its backend over plain HTTP calls it over TLS again.

use evenkeel_rules::policy::Tier;

use crate::access::probe::Probe;
use crate::catalog::apigateway::backend::{check_stages, is_clear, secured};
use crate::catalog::apigatewayv2::http_integration::{
    Backend, HttpIntegration, HttpIntegrationRule, HttpIntegrations,
};
use crate::remediator::{Check, Plan};
use crate::violation::Target;

/// Turns `http://` into `https://`, in the draft and in each stage that serves it.
///
/// Only where the backend makes a TLS handshake; and a person is asked first where a deployment would publish
/// what others have drafted.
pub type HttpsBackend = HttpIntegrations<Https>;

/// No integration is in clear text.
#[derive(Debug)]
pub struct Https;

impl HttpIntegrationRule for Https {
    const ID: &'static str = "apigatewayv2-https-integration";
    const TIER: Tier = Tier::B;
    const CHECK: Option<&'static str> = Some("a handshake with the backend");

    fn plan(_: &Target, before: &HttpIntegration) -> Plan<HttpIntegration> {
        let clear = |backend: &Backend| is_clear(&backend.uri);
        // What is private is mostly named by an ARN: its TLS configuration tells.
        let plain = |backend: &Backend| {
            let secured = backend.uri.to_ascii_lowercase().starts_with("https://");
            backend.tls.is_none() && !secured
        };
        if !before.over_http() {
            return Plan::Nothing;
        }
        if before.private && before.has(plain) {
            return Plan::leave(
                "a private integration: its load balancer needs a TLS listener first, and \
                 `apigatewayv2-private-tls` the name to verify"
                    .to_owned(),
            );
        }
        if before.private || !before.has(clear) {
            return Plan::Nothing;
        }
        if before.managed {
            return Plan::leave(
                "quick create made the integration: its address is the API's target, which \
                 `UpdateApi` sets"
                    .to_owned(),
            );
        }
        let draft = Backend { uri: secured(&before.draft.uri), ..before.draft.clone() };
        Plan::Change(before.with(draft, clear))
    }

    async fn check(probe: Option<&dyn Probe>, after: &HttpIntegration) -> Check {
        let used = after.stages.iter().filter(|(_, served)| served.stage.in_use());
        let stages = used.map(|(name, served)| (name, &served.variables));
        check_stages(probe, &after.draft.uri, stages).await
    }
}

//! An integration of a REST API that calls its backend over plain HTTP calls it over TLS again.

use evenkeel_rules::policy::Tier;

use crate::catalog::apigateway::backend::{is_clear, secured};
use crate::catalog::apigateway::integration::{Integration, IntegrationRule, Integrations};
use crate::remediator::Plan;

/// Turns `http://` into `https://`, in the draft and in each stage that serves it.
///
/// Only where the backend makes a TLS handshake; and a person is asked first where a deployment would publish
/// what others have drafted.
pub type HttpsIntegration = Integrations<Https>;

/// No integration is in clear text.
#[derive(Debug)]
pub struct Https;

impl IntegrationRule for Https {
    const ID: &'static str = "apigateway-https-integration";
    const TIER: Tier = Tier::B;
    const CHECK: Option<&'static str> =
        Some("a handshake with each backend, and whether a deployment would publish more");

    fn plan(before: &Integration) -> Plan<Integration> {
        if !before.over_http() || !(is_clear(&before.uri) || before.serves(is_clear)) {
            return Plan::Nothing;
        }
        if before.private {
            return Plan::leave(
                "a private integration: its load balancer needs a TLS listener first".to_owned(),
            );
        }
        before.with(secured(&before.uri), before.unverified, |served| {
            served.uri.as_deref().is_some_and(is_clear)
        })
    }
}

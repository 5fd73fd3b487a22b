//! An integration of a REST API that trusts any certificate verifies its backend again.

use evenkeel_rules::policy::Tier;

use crate::catalog::apigateway::integration::{Integration, IntegrationRule, Integrations};
use crate::remediator::Plan;

/// Turns `insecureSkipVerification` off, in the draft and in each stage that serves it.
///
/// Only where the backend's certificate passes, by its name and the public roots.
pub type VerifyBackend = Integrations<Verified>;

/// Every backend is verified.
#[derive(Debug)]
pub struct Verified;

impl IntegrationRule for Verified {
    const ID: &'static str = "apigateway-verify-backend";
    const TIER: Tier = Tier::B;
    const CHECK: Option<&'static str> =
        Some("a handshake with each backend, and whether a deployment would publish more");

    fn plan(before: &Integration) -> Plan<Integration> {
        if before.over_http() && (before.unverified || before.served_unverified()) {
            before.with(before.uri.clone(), false, |served| served.unverified)
        } else {
            Plan::Nothing
        }
    }
}

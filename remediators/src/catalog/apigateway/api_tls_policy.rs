//! A REST API whose own endpoint speaks old TLS speaks new TLS.

use evenkeel_rules::policy::Tier;

use crate::catalog::apigateway::api::{Api, ApiRule, ApiSettings};
use crate::catalog::apigateway::tls::Wanted;
use crate::remediator::Plan;
use crate::violation::Target;

/// Sets the TLS policy of a REST API, with the companion that it needs.
///
/// The policy's header may say which policies are accepted (`accepted`), which one is set (`policy`), and the
/// companion (`endpointAccessMode`; `BASIC` first, since `STRICT` turns callers away).
pub type ApiTlsPolicy = ApiSettings<Tls>;

/// The API's own endpoint has a TLS policy that is accepted.
#[derive(Debug)]
pub struct Tls;

/// Those that Security Hub accepts (APIGateway.11), for endpoints of CloudFront and for others.
///
/// Source: AWS Security Hub User Guide, "Security Hub controls for Amazon API Gateway".
const EDGE: &str = "SecurityPolicy_TLS12_PFS_2025_EDGE";
const REGIONAL: &str = "SecurityPolicy_TLS13_1_2_PFS_PQ_2025_09";

impl ApiRule for Tls {
    const ID: &'static str = "apigateway-api-tls-policy";
    const TIER: Tier = Tier::B;
    const WITH: &'static [&'static str] = crate::catalog::apigateway::tls::WITH;

    fn plan(target: &Target, before: &Api) -> Plan<Api> {
        let edge = before.endpoints.iter().any(|kind| kind == "EDGE");
        let wanted = match Wanted::of(target, if edge { EDGE } else { REGIONAL }) {
            Ok(wanted) => wanted,
            Err(why) => return Plan::Refuse(why),
        };
        let Some(policy) = &before.tls else {
            return Plan::leave("AWS does not tell the API's TLS policy".to_owned());
        };
        if wanted.accepts(policy) {
            return Plan::Nothing;
        }
        if let Some(why) = wanted.misfit(&before.endpoints) {
            return Plan::leave(why);
        }
        before.with(|after| {
            after.tls = Some(wanted.policy.clone());
            if wanted.is_enhanced() {
                after.access = Some(wanted.access.clone());
            }
        })
    }
}

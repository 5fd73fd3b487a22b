//! A REST API whose resource policy lets plain HTTP through denies it.

use evenkeel_rules::policy::Tier;

use crate::apigateway::SETS_POLICY;
use crate::apigateway::api::{Api, ApiRule, ApiSettings};
use crate::apigateway::policy::with_tls_only;
use crate::apigateway::rest::{Answer, Rest};
use crate::remediator::{Check, Plan};
use crate::violation::Target;

/// Adds the statement that denies plain HTTP, and leaves all others as they are.
///
/// API Gateway listens to TLS only, so the statement shuts nobody out; auditors ask for it. Where there was no
/// policy, one that lets everyone in comes with it: a deny alone would shut everyone out.
pub type DenyInsecureTransport = ApiSettings<TlsOnly>;

/// The resource policy denies plain HTTP.
#[derive(Debug)]
pub struct TlsOnly;

impl ApiRule for TlsOnly {
    const ID: &'static str = "apigateway-deny-insecure-transport";
    const TIER: Tier = Tier::B;
    const CHECK: Option<&'static str> =
        Some("whether a deployment would publish more, and an allow beside the deny");
    const PERMISSIONS: &'static [&'static str] =
        &["apigateway:GET", "apigateway:PATCH", "apigateway:POST", SETS_POLICY];

    fn plan(_: &Target, before: &Api) -> Plan<Api> {
        match with_tls_only(before.policy.as_ref()) {
            Ok(None) => Plan::Nothing,
            Ok(policy) => before.with(|after| after.policy = policy),
            Err(why) => Plan::Refuse(why),
        }
    }

    /// Source: Amazon API Gateway Developer Guide, "How API Gateway resource policies affect authorization
    /// workflow": of callers of the same account, either policy may let one in.
    async fn check(rest: &Rest, api: &str, before: &Api) -> Answer<Check> {
        if before.policy.is_none() && rest.signs(api).await? {
            let why = "it has methods with IAM authorization and no policy: the one that lets \
                       everyone in would let every caller of its account call them";
            return Ok(Check::Ask(why.to_owned()));
        }
        Ok(Check::Go)
    }
}

//! A REST API whose resource policy lets plain HTTP through denies it.

use evenkeel_rules::policy::Tier;

use crate::catalog::apigateway::SETS_POLICY;
use crate::catalog::apigateway::api::{Api, ApiRule, ApiSettings};
use crate::catalog::apigateway::policy::with_tls_only;
use crate::catalog::apigateway::rest::{Answer, Rest};
use crate::remediator::{Check, Plan};
use crate::violation::Target;

/// Adds the statement that denies plain HTTP, and leaves all others as they are.
///
/// API Gateway listens to TLS only, so the statement shuts nobody out; auditors ask for it. Where there was no
/// policy, one that lets everyone in comes with it: a deny alone would shut everyone out. A person is asked then, and of a
/// private API, which nobody may call without a policy, it is refused.
pub type DenyInsecureTransport = ApiSettings<TlsOnly>;

/// Source: Amazon API Gateway Developer Guide, "Private REST APIs in API Gateway": a private API requires a resource policy.
const PRIVATE: &str = "a private API without a resource policy lets nobody in: a policy that allows everyone and denies plain \
                       HTTP would open it to every VPC endpoint. Its owner must say whom it allows";

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
        if before.policy.is_none() && before.endpoints.iter().any(|kind| kind == "PRIVATE") {
            return Plan::leave(PRIVATE.to_owned());
        }
        match with_tls_only(before.policy.as_ref()) {
            Ok(None) => Plan::Nothing,
            Ok(policy) => before.with(|after| after.policy = policy),
            Err(why) => Plan::Refuse(why),
        }
    }

    /// Source: Amazon API Gateway Developer Guide, "How API Gateway resource policies affect authorization
    /// workflow": of callers of the same account, either policy may let one in.
    async fn check(rest: &Rest, api: &str, before: &Api) -> Answer<Check> {
        if before.policy.is_some() {
            return Ok(Check::Go);
        }
        let mut why = "it has no resource policy, and would be given one that allows everyone to call it over TLS: \
                       if one was removed, the former is to be put back instead"
            .to_owned();
        if rest.signs(api).await? {
            why.push_str(
                "; it has methods with IAM authorization, which every caller of its account could call then",
            );
        }
        Ok(Check::Ask(why))
    }
}

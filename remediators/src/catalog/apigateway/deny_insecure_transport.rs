//! A REST API whose resource policy lets plain HTTP through denies it.

use evenkeel_rules::policy::SafetyTier;

use crate::catalog::apigateway::SET_POLICY_ACTION;
use crate::catalog::apigateway::api_settings::{ApiRule, ApiSettings, RestApiState};
use crate::catalog::apigateway::resource_policy::add_transport_denial;
use crate::catalog::apigateway::rest_client::{AwsResult, RestApiClient};
use crate::remediator::{PrecheckResult, RemediationPlan};
use crate::violation::TargetResource;

/// Adds the statement that denies plain HTTP, and leaves all others as they are.
///
/// API Gateway listens to TLS only, so the statement shuts nobody out; auditors ask for it. Where there was no
/// policy, one that lets everyone in comes with it: a deny alone would shut everyone out. A person is asked then, and of a
/// private API, which nobody may call without a policy, it is refused.
pub type DenyApiInsecureTransport = ApiSettings<SecureTransportRule>;

/// Source: Amazon API Gateway Developer Guide, "Private REST APIs in API Gateway": a private API requires a resource policy.
const PRIVATE_API_REASON: &str = "a private API without a resource policy lets nobody in: a policy that allows everyone and denies plain \
                       HTTP would open it to every VPC endpoint. Its owner must say whom it allows";

/// The resource policy denies plain HTTP.
#[derive(Debug)]
pub struct SecureTransportRule;

impl ApiRule for SecureTransportRule {
    const ID: &'static str = "apigateway-deny-insecure-transport";
    const TIER: SafetyTier = SafetyTier::B;
    const PRECONDITION: Option<&'static str> =
        Some("whether a deployment would publish more, and an allow beside the deny");
    const PERMISSIONS: &'static [&'static str] =
        &["apigateway:GET", "apigateway:PATCH", "apigateway:POST", SET_POLICY_ACTION];

    fn plan_change(_: &TargetResource, before: &RestApiState) -> RemediationPlan<RestApiState> {
        if before.policy.is_none() && before.endpoints.iter().any(|kind| kind == "PRIVATE") {
            return RemediationPlan::leave_to_person(PRIVATE_API_REASON.to_owned());
        }
        match add_transport_denial(before.policy.as_ref()) {
            Ok(None) => RemediationPlan::Nothing,
            Ok(policy) => before.plan_redeployment(|after| after.policy = policy),
            Err(why) => RemediationPlan::Refuse(why),
        }
    }

    /// Source: Amazon API Gateway Developer Guide, "How API Gateway resource policies affect authorization
    /// workflow": of callers of the same account, either policy may let one in.
    async fn check_preconditions(
        rest: &RestApiClient,
        api: &str,
        before: &RestApiState,
    ) -> AwsResult<PrecheckResult> {
        if before.policy.is_some() {
            return Ok(PrecheckResult::Proceed);
        }
        let mut why = "it has no resource policy, and would be given one that allows everyone to call it over TLS: \
                       if one was removed, the former is to be put back instead"
            .to_owned();
        if rest.requires_signed_requests(api).await? {
            why.push_str(
                "; it has methods with IAM authorization, which every caller of its account could call then",
            );
        }
        Ok(PrecheckResult::RequireApproval(why))
    }
}

//! Adds a statement that denies unencrypted HTTP to the resource policies of REST APIs.

use evenkeel_rules::policy::SafetyTier;

use crate::catalog::apigateway::SET_POLICY_ACTION;
use crate::catalog::apigateway::api_settings::{ApiRule, ApiSettings, RestApiState};
use crate::catalog::apigateway::resource_policy::add_transport_denial;
use crate::catalog::apigateway::rest_client::{AwsResult, RestApiClient};
use crate::remediator::{PrecheckResult, RemediationPlan};
use crate::violation::TargetResource;

/// A remediator that adds a statement to the resource policy of a REST API. The statement denies
/// unencrypted HTTP. Other statements stay unchanged.
///
/// API Gateway accepts only TLS connections, so the statement blocks no caller. Auditors require
/// the statement nevertheless. For an API without a policy, the remediator also adds a statement
/// that allows anyone, because a policy with a denial alone would block every caller. That change
/// needs an approval. The remediator refuses a private API without a policy, because nobody can
/// call such an API.
pub type DenyApiInsecureTransport = ApiSettings<SecureTransportRule>;

/// The reason for the refusal of a private API without a resource policy.
///
/// Source: Amazon API Gateway Developer Guide, "Private REST APIs in API Gateway": a private API
/// requires a resource policy.
const PRIVATE_API_REASON: &str = "a private API without a resource policy allows nobody, and a new \
    policy that allows anyone over TLS would open it to all VPC endpoints; add a resource policy \
    with the allowed callers by hand";

/// The rule that the resource policy denies unencrypted HTTP.
#[derive(Debug)]
pub struct SecureTransportRule;

impl ApiRule for SecureTransportRule {
    const ID: &'static str = "apigateway-deny-insecure-transport";
    const TIER: SafetyTier = SafetyTier::B;
    const PRECONDITION: Option<&'static str> =
        Some("a check for other undeployed changes and for a missing resource policy");
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

    /// Asks for an approval if the API has no resource policy.
    ///
    /// Source: Amazon API Gateway Developer Guide, "How API Gateway resource policies affect
    /// authorization workflow": within one account, either the resource policy or the IAM policy
    /// must allow a caller.
    async fn check_preconditions(
        rest: &RestApiClient,
        api: &str,
        before: &RestApiState,
    ) -> AwsResult<PrecheckResult> {
        if before.policy.is_some() {
            return Ok(PrecheckResult::Proceed);
        }
        let mut why = "the API has no resource policy, and the plan adds a policy that allows \
                       anyone to call the API over TLS; if the API had a policy before, reject \
                       the plan and restore that policy"
            .to_owned();
        if rest.requires_signed_requests(api).await? {
            why.push_str(
                "; all principals of the account could then call methods with IAM authorization",
            );
        }
        Ok(PrecheckResult::RequireApproval(why))
    }
}

//! Adds a statement that denies unencrypted HTTP to the policies of S3 buckets.

use evenkeel_client::{Method, ServiceClient};
use evenkeel_rules::policy::SafetyTier;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::bucket::{ask_about_website, bucket_arn, build_bucket_call, classify_bucket_error};
use crate::access::connection::AwsConnection;
use crate::catalog::shared::deny_insecure_transport::InsecureTransportDenial;
use crate::remediator::spec::RemediatorSpec;
use crate::remediator::{AwsFailure, PrecheckResult, RemediationPlan, Remediator};
use crate::violation::TargetResource;

/// The maximum length of a policy in bytes.
///
/// Source: Amazon S3 User Guide, "Bucket policies": 20 KB.
const MAX_POLICY_BYTES: usize = 20 * 1024;

/// A remediator that adds a statement to the policy of a bucket. The statement denies all actions
/// over unencrypted HTTP to all principals. Existing statements stay unchanged. An undo restores
/// the former policy, or deletes the policy if there was none.
///
/// A bucket that serves a website needs an approval, because website endpoints support unencrypted
/// HTTP only.
///
/// Source: Amazon S3 User Guide, "Website endpoints", "Key differences between a website endpoint
/// and a REST API endpoint".
#[derive(Clone, Debug)]
pub struct DenyBucketInsecureTransport {
    s3: ServiceClient,
}

/// The policy of a bucket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BucketPolicy {
    /// The policy document, or `None` if the bucket has no policy.
    pub policy: Option<Value>,
}

impl From<AwsConnection> for DenyBucketInsecureTransport {
    fn from(aws: AwsConnection) -> Self {
        DenyBucketInsecureTransport { s3: ServiceClient::s3(&aws.config) }
    }
}

impl Remediator for DenyBucketInsecureTransport {
    type State = BucketPolicy;

    const SPEC: RemediatorSpec = RemediatorSpec {
        id: "s3-deny-insecure-transport",
        permissions: &[
            "s3:DeleteBucketPolicy",
            "s3:GetBucketPolicy",
            "s3:GetBucketWebsite",
            "s3:PutBucketPolicy",
        ],
        tier: Some(SafetyTier::B),
        precondition: Some("a check whether the bucket serves an unencrypted website"),
        resource_arns: |target| vec![bucket_arn(target)],
        ..RemediatorSpec::EMPTY
    };

    fn required_actions(_: &BucketPolicy, to: &BucketPolicy) -> Vec<&'static str> {
        vec![if to.policy.is_some() { "s3:PutBucketPolicy" } else { "s3:DeleteBucketPolicy" }]
    }

    async fn observe_state(&self, target: &TargetResource) -> Result<BucketPolicy, AwsFailure> {
        let response =
            match build_bucket_call(&self.s3, Method::GET, target, "policy").send_rest().await {
                Ok(answer) => answer,
                Err(error) if error.error_code() == Some("NoSuchBucketPolicy") => {
                    return Ok(BucketPolicy { policy: None });
                }
                Err(error) => return Err(classify_bucket_error(error)),
            };
        let policy = serde_json::from_slice(response.body_bytes());
        let unreadable = |error| {
            AwsFailure::Retryable(format!("the policy of the S3 bucket cannot be read: {error}"))
        };
        Ok(BucketPolicy { policy: Some(policy.map_err(unreadable)?) })
    }

    fn plan_change(
        &self,
        target: &TargetResource,
        before: &BucketPolicy,
    ) -> RemediationPlan<BucketPolicy> {
        match build_denial(target).add_to_policy(before.policy.as_ref()) {
            Ok(policy) => policy.map_or(RemediationPlan::Nothing, |policy| {
                RemediationPlan::Change(BucketPolicy { policy: Some(policy) })
            }),
            Err(why) => RemediationPlan::Refuse(why),
        }
    }

    async fn check_preconditions(
        &self,
        target: &TargetResource,
        _: &BucketPolicy,
        _: &BucketPolicy,
    ) -> Result<PrecheckResult, AwsFailure> {
        let harm = "whose endpoint supports unencrypted HTTP only and would deny all requests; \
                    check this before you approve";
        ask_about_website(&self.s3, target, harm).await
    }

    async fn apply_state(
        &self,
        target: &TargetResource,
        state: &BucketPolicy,
    ) -> Result<(), AwsFailure> {
        let call = match &state.policy {
            Some(policy) => {
                let call = build_bucket_call(&self.s3, Method::PUT, target, "policy");
                call.with_body("application/json", policy.to_string())
            }
            None => build_bucket_call(&self.s3, Method::DELETE, target, "policy"),
        };
        call.send_rest().await.map(drop).map_err(classify_bucket_error)
    }
}

/// Returns the denial of unencrypted HTTP for the bucket and all its objects.
fn build_denial(target: &TargetResource) -> InsecureTransportDenial {
    let bucket = bucket_arn(target);
    InsecureTransportDenial {
        action: "s3:*",
        resources: vec![bucket.clone(), format!("{bucket}/*")],
        max_bytes: MAX_POLICY_BYTES,
    }
}

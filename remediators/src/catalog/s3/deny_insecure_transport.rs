//! A bucket's policy denies plain HTTP to everyone.

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

/// A policy may have so many bytes.
///
/// Source: Amazon S3 User Guide, "Bucket policies": 20 KB.
const MAX_POLICY_BYTES: usize = 20 * 1024;

/// Adds a statement to a bucket's policy that denies everyone everything over plain HTTP. The statements that
/// are there stay as they are. An undo puts the policy that was there, or deletes it if there was none.
///
/// A bucket that serves a website is asked about: its website endpoint takes plain HTTP only.
///
/// Source: Amazon S3 User Guide, "Website endpoints", "Key differences between a website endpoint and a REST API endpoint".
#[derive(Clone, Debug)]
pub struct DenyBucketInsecureTransport {
    s3: ServiceClient,
}

/// A bucket's policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BucketPolicy {
    /// None where there is none.
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
        precondition: Some("whether it serves a website, which takes plain HTTP only"),
        resource_arns: |target| vec![bucket_arn(target)],
        ..RemediatorSpec::EMPTY
    };

    fn required_actions(_: &BucketPolicy, to: &BucketPolicy) -> Vec<&'static str> {
        vec![if to.policy.is_some() { "s3:PutBucketPolicy" } else { "s3:DeleteBucketPolicy" }]
    }

    async fn observe_state(&self, target: &TargetResource) -> Result<BucketPolicy, AwsFailure> {
        let told =
            match build_bucket_call(&self.s3, Method::GET, target, "policy").send_rest().await {
                Ok(answer) => answer,
                Err(error) if error.error_code() == Some("NoSuchBucketPolicy") => {
                    return Ok(BucketPolicy { policy: None });
                }
                Err(error) => return Err(classify_bucket_error(error)),
            };
        let policy = serde_json::from_slice(told.body_bytes());
        let unread = |error| AwsFailure::Retryable(format!("the policy cannot be read: {error}"));
        Ok(BucketPolicy { policy: Some(policy.map_err(unread)?) })
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
        let harm = "whose endpoint takes plain HTTP only: it would answer nobody any more";
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

/// To the bucket, and to every object.
fn build_denial(target: &TargetResource) -> InsecureTransportDenial {
    let bucket = bucket_arn(target);
    InsecureTransportDenial {
        action: "s3:*",
        resources: vec![bucket.clone(), format!("{bucket}/*")],
        max_bytes: MAX_POLICY_BYTES,
    }
}

//! Adds a statement that denies unencrypted HTTP to the policies of SNS topics.

use evenkeel_client::{CallError, ServiceClient, XmlElement};
use evenkeel_rules::policy::SafetyTier;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::access::connection::AwsConnection;
use crate::catalog::shared::deny_insecure_transport::InsecureTransportDenial;
use crate::remediator::aws_failure::classify_error;
use crate::remediator::spec::RemediatorSpec;
use crate::remediator::{AwsFailure, RemediationPlan, Remediator};
use crate::violation::TargetResource;

/// The maximum length of a policy in bytes.
///
/// Source: AWS General Reference, "Amazon Simple Notification Service endpoints and quotas": 30 KB.
const MAX_POLICY_BYTES: usize = 30 * 1024;

/// A remediator that adds a statement to the policy of a topic. The statement denies publishing
/// over unencrypted HTTP to all principals; topic policies do not support `sns:*`. Existing
/// statements stay unchanged. An undo restores the former policy.
///
/// Source: Amazon SNS Developer Guide, "Amazon SNS security best practices", "Enforce encryption of
/// data in transit".
#[derive(Clone, Debug)]
pub struct DenyTopicInsecureTransport {
    sns: ServiceClient,
}

/// The policy of a topic. Every topic has a policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TopicPolicy {
    /// The policy document as JSON.
    pub policy: Value,
}

impl From<AwsConnection> for DenyTopicInsecureTransport {
    fn from(aws: AwsConnection) -> Self {
        DenyTopicInsecureTransport { sns: ServiceClient::sns(&aws.config) }
    }
}

impl Remediator for DenyTopicInsecureTransport {
    type State = TopicPolicy;

    const SPEC: RemediatorSpec = RemediatorSpec {
        id: "sns-deny-insecure-transport",
        permissions: &["sns:GetTopicAttributes", "sns:SetTopicAttributes"],
        tier: Some(SafetyTier::A),
        resource_arns: |target| vec![topic_arn(target)],
        ..RemediatorSpec::EMPTY
    };

    fn required_actions(_: &TopicPolicy, _: &TopicPolicy) -> Vec<&'static str> {
        vec!["sns:SetTopicAttributes"]
    }

    async fn observe_state(&self, target: &TargetResource) -> Result<TopicPolicy, AwsFailure> {
        let call = self
            .sns
            .query_call("GetTopicAttributes")
            .with_parameter("TopicArn", &topic_arn(target));
        let answer = call.send_query().await.map_err(classify_topic_error)?;
        let attributes =
            answer.require_child("GetTopicAttributesResult").map_err(classify_topic_error)?;
        let attributes =
            attributes.require_child("Attributes").and_then(XmlElement::read_entry_map);
        let attributes = attributes.map_err(classify_topic_error)?;
        let policy = attributes.get("Policy");
        let policy = policy.ok_or_else(|| unreadable_policy("it is missing"))?;
        let policy =
            serde_json::from_str(policy).map_err(|error| unreadable_policy(&error.to_string()))?;
        Ok(TopicPolicy { policy })
    }

    fn plan_change(
        &self,
        target: &TargetResource,
        before: &TopicPolicy,
    ) -> RemediationPlan<TopicPolicy> {
        let rule = InsecureTransportDenial {
            action: "sns:Publish",
            resources: vec![topic_arn(target)],
            max_bytes: MAX_POLICY_BYTES,
        };
        match rule.add_to_policy(Some(&before.policy)) {
            Ok(policy) => policy.map_or(RemediationPlan::Nothing, |policy| {
                RemediationPlan::Change(TopicPolicy { policy })
            }),
            Err(why) => RemediationPlan::Refuse(why),
        }
    }

    async fn apply_state(
        &self,
        target: &TargetResource,
        state: &TopicPolicy,
    ) -> Result<(), AwsFailure> {
        let call = self
            .sns
            .query_call("SetTopicAttributes")
            .with_parameter("TopicArn", &topic_arn(target));
        let call = call.with_parameter("AttributeName", "Policy");
        let call = call.with_parameter("AttributeValue", &state.policy.to_string());
        call.send_query().await.map(drop).map_err(classify_topic_error)
    }
}

/// Returns the ARN of the topic. The name comes from the resource id, the account and the Region
/// come from the finding.
fn topic_arn(target: &TargetResource) -> String {
    target.build_arn("sns", target.id.rsplit(':').next().unwrap_or_default())
}

/// Returns the failure for a policy that cannot be read.
fn unreadable_policy(why: &str) -> AwsFailure {
    AwsFailure::Retryable(format!("the policy of the SNS topic cannot be read: {why}"))
}

/// Classifies an error.
///
/// Source: Amazon SNS API Reference, errors of `GetTopicAttributes` and `SetTopicAttributes`.
fn classify_topic_error(error: CallError) -> AwsFailure {
    classify_error(
        error,
        &["NotFound", "NotFoundException"],
        &["AuthorizationError", "InvalidParameter"],
    )
}

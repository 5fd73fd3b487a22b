//! Adds a statement that denies unencrypted HTTP to the policies of SQS queues.

use std::collections::BTreeMap;

use evenkeel_client::{CallError, ServiceClient};
use evenkeel_rules::policy::SafetyTier;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::access::connection::AwsConnection;
use crate::catalog::shared::deny_insecure_transport::InsecureTransportDenial;
use crate::remediator::aws_failure::classify_error;
use crate::remediator::spec::RemediatorSpec;
use crate::remediator::{AwsFailure, RemediationPlan, Remediator};
use crate::violation::TargetResource;

/// The maximum length of a policy in bytes. The limit of AWS is higher.
///
/// Source: Amazon SQS API Reference, `SetQueueAttributes`.
const MAX_POLICY_BYTES: usize = 8 * 1024;

/// A remediator that adds a statement to the policy of a queue. The statement denies all actions
/// over unencrypted HTTP to all principals. Existing statements stay unchanged. An undo restores
/// the former policy, or removes the policy if there was none.
///
/// Source: Amazon SQS Developer Guide, "Amazon SQS security best practices", "Enforce encryption of
/// data in transit".
#[derive(Clone, Debug)]
pub struct DenyQueueInsecureTransport {
    sqs: ServiceClient,
}

/// The policy of a queue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueuePolicy {
    /// The policy document, or `None` if the queue has no policy.
    pub policy: Option<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct QueueUrlResponse {
    queue_url: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct QueueAttributes {
    attributes: BTreeMap<String, String>,
}

impl From<AwsConnection> for DenyQueueInsecureTransport {
    fn from(aws: AwsConnection) -> Self {
        DenyQueueInsecureTransport { sqs: ServiceClient::sqs(&aws.config) }
    }
}

impl Remediator for DenyQueueInsecureTransport {
    type State = QueuePolicy;

    const SPEC: RemediatorSpec = RemediatorSpec {
        id: "sqs-deny-insecure-transport",
        permissions: &["sqs:GetQueueAttributes", "sqs:GetQueueUrl", "sqs:SetQueueAttributes"],
        tier: Some(SafetyTier::A),
        resource_arns: |target| vec![queue_arn(target)],
        ..RemediatorSpec::EMPTY
    };

    fn required_actions(_: &QueuePolicy, _: &QueuePolicy) -> Vec<&'static str> {
        vec!["sqs:SetQueueAttributes"]
    }

    async fn observe_state(&self, target: &TargetResource) -> Result<QueuePolicy, AwsFailure> {
        let url = self.find_queue_url(target).await?;
        let input = json!({"QueueUrl": url, "AttributeNames": ["Policy", "QueueArn"]});
        let answer = self.sqs.call_json("GetQueueAttributes", &input).await;
        let QueueAttributes { attributes } = answer.map_err(classify_queue_error)?;
        // The ARN proves that the response is complete, so a missing policy is really missing.
        if !attributes.contains_key("QueueArn") {
            let why = "GetQueueAttributes did not return the attributes of the SQS queue";
            return Err(AwsFailure::Retryable(why.to_owned()));
        }
        let policy = attributes.get("Policy").filter(|policy| !policy.is_empty());
        let policy = policy.map(|policy| serde_json::from_str(policy)).transpose();
        let unreadable = |error| {
            AwsFailure::Retryable(format!("the policy of the SQS queue cannot be read: {error}"))
        };
        Ok(QueuePolicy { policy: policy.map_err(unreadable)? })
    }

    fn plan_change(
        &self,
        target: &TargetResource,
        before: &QueuePolicy,
    ) -> RemediationPlan<QueuePolicy> {
        let rule = InsecureTransportDenial {
            action: "sqs:*",
            resources: vec![queue_arn(target)],
            max_bytes: MAX_POLICY_BYTES,
        };
        match rule.add_to_policy(before.policy.as_ref()) {
            Ok(policy) => policy.map_or(RemediationPlan::Nothing, |policy| {
                RemediationPlan::Change(QueuePolicy { policy: Some(policy) })
            }),
            Err(why) => RemediationPlan::Refuse(why),
        }
    }

    async fn apply_state(
        &self,
        target: &TargetResource,
        state: &QueuePolicy,
    ) -> Result<(), AwsFailure> {
        let policy = state.policy.as_ref().map(Value::to_string).unwrap_or_default();
        let url = self.find_queue_url(target).await?;
        let input = json!({"QueueUrl": url, "Attributes": {"Policy": policy}});
        let _: IgnoredAny =
            self.sqs.call_json("SetQueueAttributes", &input).await.map_err(classify_queue_error)?;
        Ok(())
    }
}

impl DenyQueueInsecureTransport {
    /// Reads the URL of the queue from AWS. The function does not use the URL in the event, because
    /// that URL can point to another host.
    async fn find_queue_url(&self, target: &TargetResource) -> Result<String, AwsFailure> {
        let input =
            json!({"QueueName": queue_name(target), "QueueOwnerAWSAccountId": target.account});
        let answer = self.sqs.call_json("GetQueueUrl", &input).await;
        answer.map(|QueueUrlResponse { queue_url }| queue_url).map_err(classify_queue_error)
    }
}

/// Returns the name of the queue: the last part of its URL or ARN.
fn queue_name(target: &TargetResource) -> &str {
    target.id.rsplit(['/', ':']).next().unwrap_or_default()
}

fn queue_arn(target: &TargetResource) -> String {
    target.build_arn("sqs", queue_name(target))
}

/// Classifies an error.
///
/// Source: Amazon SQS API Reference, errors of `GetQueueUrl`, `GetQueueAttributes` and
/// `SetQueueAttributes`.
fn classify_queue_error(error: CallError) -> AwsFailure {
    let gone = ["QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue"];
    classify_error(error, &gone, &["InvalidAttributeValue", "InvalidSecurity"])
}

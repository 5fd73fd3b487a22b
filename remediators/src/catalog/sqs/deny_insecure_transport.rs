//! A queue's policy denies plain HTTP to everyone.

use std::collections::BTreeMap;

use evenkeel_client::{CallError, Service};
use evenkeel_rules::policy::Tier;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::access::aws::Aws;
use crate::catalog::shared::tls_only::TlsOnly;
use crate::remediator::aws_failure::refusal;
use crate::remediator::spec::RemediatorSpec;
use crate::remediator::{Plan, RefusedByAws, Remediator};
use crate::violation::Target;

/// A policy may have so many bytes.
///
/// Source: Amazon SQS API Reference, `SetQueueAttributes`, as long as a message's attributes; kept well below.
const LONGEST: usize = 8 * 1024;

/// Adds a statement to a queue's policy that denies everyone everything over plain HTTP. The statements that are there stay
/// as they are. An undo puts the policy that was there, or takes it away if there was none.
///
/// Source: Amazon SQS Developer Guide, "Amazon SQS security best practices", "Enforce encryption of data in transit".
#[derive(Clone, Debug)]
pub struct DenyInsecureTransport {
    sqs: Service,
}

/// A queue's policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Queue {
    /// None where there is none.
    pub policy: Option<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct QueueUrl {
    queue_url: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct QueueAttributes {
    attributes: BTreeMap<String, String>,
}

impl From<Aws> for DenyInsecureTransport {
    fn from(aws: Aws) -> Self {
        DenyInsecureTransport { sqs: Service::sqs(&aws.config) }
    }
}

impl Remediator for DenyInsecureTransport {
    type State = Queue;

    const SPEC: RemediatorSpec = RemediatorSpec {
        id: "sqs-deny-insecure-transport",
        permissions: &["sqs:GetQueueAttributes", "sqs:GetQueueUrl", "sqs:SetQueueAttributes"],
        tier: Some(Tier::A),
        arns: |target| vec![arn(target)],
        ..RemediatorSpec::EMPTY
    };

    fn calls(_: &Queue, _: &Queue) -> Vec<&'static str> {
        vec!["sqs:SetQueueAttributes"]
    }

    async fn observe(&self, target: &Target) -> Result<Queue, RefusedByAws> {
        let url = self.url(target).await?;
        let input = json!({"QueueUrl": url, "AttributeNames": ["Policy", "QueueArn"]});
        let answer = self.sqs.json("GetQueueAttributes", &input).await;
        let QueueAttributes { attributes } = answer.map_err(refused)?;
        // An answer without it is no answer: then a missing policy would say nothing.
        if !attributes.contains_key("QueueArn") {
            return Err(RefusedByAws::Later("the queue's attributes were not told".to_owned()));
        }
        let policy = attributes.get("Policy").filter(|policy| !policy.is_empty());
        let policy = policy.map(|policy| serde_json::from_str(policy)).transpose();
        let unread = |error| RefusedByAws::Later(format!("the policy cannot be read: {error}"));
        Ok(Queue { policy: policy.map_err(unread)? })
    }

    fn plan(&self, target: &Target, before: &Queue) -> Plan<Queue> {
        let rule = TlsOnly { action: "sqs:*", resources: vec![arn(target)], longest: LONGEST };
        match rule.added_to(before.policy.as_ref()) {
            Ok(policy) => {
                policy.map_or(Plan::Nothing, |policy| Plan::Change(Queue { policy: Some(policy) }))
            }
            Err(why) => Plan::Refuse(why),
        }
    }

    async fn apply(&self, target: &Target, state: &Queue) -> Result<(), RefusedByAws> {
        let policy = state.policy.as_ref().map(Value::to_string).unwrap_or_default();
        let url = self.url(target).await?;
        let input = json!({"QueueUrl": url, "Attributes": {"Policy": policy}});
        let _: IgnoredAny = self.sqs.json("SetQueueAttributes", &input).await.map_err(refused)?;
        Ok(())
    }
}

impl DenyInsecureTransport {
    /// The queue's address as AWS tells it: one that stands in an event could lead elsewhere.
    async fn url(&self, target: &Target) -> Result<String, RefusedByAws> {
        let input = json!({"QueueName": name(target), "QueueOwnerAWSAccountId": target.account});
        let answer = self.sqs.json("GetQueueUrl", &input).await;
        answer.map(|QueueUrl { queue_url }| queue_url).map_err(refused)
    }
}

/// A queue is named by its address.
fn name(target: &Target) -> &str {
    target.id.rsplit(['/', ':']).next().unwrap_or_default()
}

fn arn(target: &Target) -> String {
    target.arn("sqs", name(target))
}

/// Source: Amazon SQS API Reference, errors of `GetQueueUrl`, `GetQueueAttributes` and `SetQueueAttributes`.
fn refused(error: CallError) -> RefusedByAws {
    let gone = ["QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue"];
    refusal(error, &gone, &["InvalidAttributeValue", "InvalidSecurity"])
}

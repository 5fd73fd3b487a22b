//! A queue's policy denies plain HTTP to everyone.

use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::SdkError;
use aws_sdk_sqs::types::QueueAttributeName;
use evenkeel_rules::policy::Tier;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::aws::Aws;
use crate::catalog::shared::tls_only::TlsOnly;
use crate::refusal::{ServiceError, refusal};
use crate::remediator::{Plan, RefusedByAws, Remediator};
use crate::spec::RemediatorSpec;
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
    client: Client,
}

/// A queue's policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Queue {
    /// None where there is none.
    pub policy: Option<Value>,
}

impl From<Aws> for DenyInsecureTransport {
    fn from(aws: Aws) -> Self {
        DenyInsecureTransport { client: Client::new(&aws.config) }
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
        let call = self.client.get_queue_attributes().queue_url(self.url(target).await?);
        let call = call.attribute_names(QueueAttributeName::Policy);
        let answer = call.attribute_names(QueueAttributeName::QueueArn).send().await;
        let answer = answer.map_err(refused)?;
        let told = |name| answer.attributes().and_then(|all| all.get(&name));
        // An answer without it is no answer: then a missing policy would say nothing.
        if told(QueueAttributeName::QueueArn).is_none() {
            return Err(RefusedByAws::Later("the queue's attributes were not told".to_owned()));
        }
        let policy = told(QueueAttributeName::Policy).filter(|policy| !policy.is_empty());
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
        let call = self.client.set_queue_attributes().queue_url(self.url(target).await?);
        let call = call.attributes(QueueAttributeName::Policy, policy);
        call.send().await.map(drop).map_err(refused)
    }
}

impl DenyInsecureTransport {
    /// The queue's address as AWS tells it: one that stands in an event could lead elsewhere.
    async fn url(&self, target: &Target) -> Result<String, RefusedByAws> {
        let call = self.client.get_queue_url().queue_name(name(target));
        let answer = call.queue_owner_aws_account_id(&target.account).send().await;
        let unread = || RefusedByAws::Later("the queue's address was not told".to_owned());
        answer.map_err(refused)?.queue_url.ok_or_else(unread)
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
fn refused<E: ServiceError, R: std::fmt::Debug + 'static>(error: SdkError<E, R>) -> RefusedByAws {
    let gone = ["QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue"];
    refusal(error, &gone, &["InvalidAttributeValue", "InvalidSecurity"])
}

//! A topic's policy denies plain HTTP to everyone.

use evenkeel_client::{CallError, Element, Service};
use evenkeel_rules::policy::Tier;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::access::aws::Aws;
use crate::catalog::shared::tls_only::TlsOnly;
use crate::remediator::aws_failure::refusal;
use crate::remediator::spec::RemediatorSpec;
use crate::remediator::{Plan, RefusedByAws, Remediator};
use crate::violation::Target;

/// A policy may have so many bytes.
///
/// Source: AWS General Reference, "Amazon Simple Notification Service endpoints and quotas": 30 KB.
const LONGEST: usize = 30 * 1024;

/// Adds a statement to a topic's policy that denies everyone to publish over plain HTTP: topics take no `sns:*`. The
/// statements that are there stay as they are. An undo puts the policy that was there.
///
/// Source: Amazon SNS Developer Guide, "Amazon SNS security best practices", "Enforce encryption of data in transit".
#[derive(Clone, Debug)]
pub struct DenyInsecureTransport {
    sns: Service,
}

/// A topic's policy: there always is one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Topic {
    /// As JSON.
    pub policy: Value,
}

impl From<Aws> for DenyInsecureTransport {
    fn from(aws: Aws) -> Self {
        DenyInsecureTransport { sns: Service::sns(&aws.config) }
    }
}

impl Remediator for DenyInsecureTransport {
    type State = Topic;

    const SPEC: RemediatorSpec = RemediatorSpec {
        id: "sns-deny-insecure-transport",
        permissions: &["sns:GetTopicAttributes", "sns:SetTopicAttributes"],
        tier: Some(Tier::A),
        arns: |target| vec![arn(target)],
        ..RemediatorSpec::EMPTY
    };

    fn calls(_: &Topic, _: &Topic) -> Vec<&'static str> {
        vec!["sns:SetTopicAttributes"]
    }

    async fn observe(&self, target: &Target) -> Result<Topic, RefusedByAws> {
        let call = self.sns.query("GetTopicAttributes").with("TopicArn", &arn(target));
        let answer = call.send().await.map_err(refused)?;
        let attributes = answer.get("GetTopicAttributesResult").map_err(refused)?;
        let attributes = attributes.get("Attributes").and_then(Element::entries);
        let attributes = attributes.map_err(refused)?;
        let policy = attributes.get("Policy");
        let policy = policy.ok_or_else(|| unread("it was not told"))?;
        let policy = serde_json::from_str(policy).map_err(|error| unread(&error.to_string()))?;
        Ok(Topic { policy })
    }

    fn plan(&self, target: &Target, before: &Topic) -> Plan<Topic> {
        let rule =
            TlsOnly { action: "sns:Publish", resources: vec![arn(target)], longest: LONGEST };
        match rule.added_to(Some(&before.policy)) {
            Ok(policy) => policy.map_or(Plan::Nothing, |policy| Plan::Change(Topic { policy })),
            Err(why) => Plan::Refuse(why),
        }
    }

    async fn apply(&self, target: &Target, state: &Topic) -> Result<(), RefusedByAws> {
        let call = self.sns.query("SetTopicAttributes").with("TopicArn", &arn(target));
        let call = call.with("AttributeName", "Policy");
        let call = call.with("AttributeValue", &state.policy.to_string());
        call.send().await.map(drop).map_err(refused)
    }
}

/// A topic is named by its ARN; its account and Region are the finding's own.
fn arn(target: &Target) -> String {
    target.arn("sns", target.id.rsplit(':').next().unwrap_or_default())
}

fn unread(why: &str) -> RefusedByAws {
    RefusedByAws::Later(format!("the policy cannot be read: {why}"))
}

/// Source: Amazon SNS API Reference, errors of `GetTopicAttributes` and `SetTopicAttributes`.
fn refused(error: CallError) -> RefusedByAws {
    refusal(error, &["NotFound", "NotFoundException"], &["AuthorizationError", "InvalidParameter"])
}

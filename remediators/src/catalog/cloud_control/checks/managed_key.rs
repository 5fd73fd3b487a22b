//! Asks if others use a resource that is about to be encrypted with an AWS managed key.

use std::collections::{BTreeMap, BTreeSet};

use evenkeel_client::{CallError, XmlElement};
use evenkeel_iam::{PolicyDocument, Surroundings, find_outsiders, join_answers, public_statements};
use serde::Deserialize;
use serde_json::{Value, json};

use super::CheckClients;
use crate::catalog::cloud_control::ResourceProperties;
use crate::remediator::aws_failure::classify_error;
use crate::remediator::{AwsFailure, PrecheckResult};
use crate::violation::TargetResource;

/// The prefix of the aliases of AWS managed keys.
const MANAGED_ALIAS: &str = "alias/aws/";

/// The error codes for a resource that does not exist.
///
/// Source: Amazon SNS API Reference and Amazon SQS API Reference, errors.
const NOT_FOUND_CODES: &[&str] =
    &["AWS.SimpleQueueService.NonExistentQueue", "NotFound", "QueueDoesNotExist"];

/// The response of `GetQueueAttributes`. SQS omits attributes that are not set.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct QueueAttributesWithPolicy {
    attributes: BTreeMap<String, String>,
}

/// The response of `GetResourcePolicy`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct StreamPolicy {
    policy: Option<String>,
}

impl CheckClients {
    /// Asks for an approval if the change sets an AWS managed key, and the resource policy allows
    /// other accounts or AWS services. Neither can use an AWS managed key.
    ///
    /// Source: AWS KMS Developer Guide, "AWS managed keys"; Amazon SNS Developer Guide, "Enable
    /// compatibility between event sources from AWS services and encrypted topics".
    pub(super) async fn check_managed_key(
        &self,
        target: &TargetResource,
        after: &ResourceProperties,
    ) -> Result<PrecheckResult, AwsFailure> {
        let Some(key) = find_managed_key(after) else { return Ok(PrecheckResult::Proceed) };
        let policy = match target.kind.as_str() {
            "AWS::SNS::Topic" => self.read_topic_policy(target).await?,
            "AWS::SQS::Queue" => self.read_queue_policy(target).await?,
            _ => self.read_stream_policy(target).await?,
        };
        let Some(policy) = policy else { return Ok(PrecheckResult::Proceed) };
        let users = match list_users(&policy, &target.account) {
            Ok(users) if users.is_empty() => return Ok(PrecheckResult::Proceed),
            Ok(users) => users.into_iter().collect::<Vec<_>>().join(", "),
            Err(why) => format!("unknown principals ({why})"),
        };
        Ok(PrecheckResult::RequireApproval(format!(
            "the resource policy allows {users}, who cannot use the AWS managed key `{key}` and \
             would lose access; use a customer managed key instead"
        )))
    }

    async fn read_topic_policy(
        &self,
        target: &TargetResource,
    ) -> Result<Option<Value>, AwsFailure> {
        let call = self.sns.query_call("GetTopicAttributes").with_parameter("TopicArn", &target.id);
        let answer = call.send_query().await.and_then(|answer| {
            let result = answer.require_child("GetTopicAttributesResult")?;
            result.require_child("Attributes").and_then(XmlElement::read_entry_map)
        });
        let attributes = answer.map_err(|error| classify_error(error, NOT_FOUND_CODES, &[]))?;
        parse_policy(attributes.get("Policy").map(String::as_str))
    }

    async fn read_queue_policy(
        &self,
        target: &TargetResource,
    ) -> Result<Option<Value>, AwsFailure> {
        let input = json!({"QueueUrl": target.id, "AttributeNames": ["Policy", "QueueArn"]});
        let answer = self.sqs.call_json("GetQueueAttributes", &input).await;
        let QueueAttributesWithPolicy { attributes } =
            answer.map_err(|error| classify_error(error, NOT_FOUND_CODES, &[]))?;
        parse_policy(attributes.get("Policy").map(String::as_str))
    }

    async fn read_stream_policy(
        &self,
        target: &TargetResource,
    ) -> Result<Option<Value>, AwsFailure> {
        let arn = target.build_arn("kinesis", &format!("stream/{}", target.id));
        let input = json!({"ResourceARN": arn});
        let answer: Result<StreamPolicy, CallError> =
            self.kinesis.call_json("GetResourcePolicy", &input).await;
        match answer {
            Ok(answer) => parse_policy(answer.policy.as_deref()),
            // Cloud Control has just returned the stream, so only the policy is missing.
            Err(error) if error.error_code() == Some("ResourceNotFoundException") => Ok(None),
            Err(error) => Err(classify_error(error, &[], &[])),
        }
    }
}

/// Parses a policy. Returns `None` if it is missing or empty.
fn parse_policy(policy: Option<&str>) -> Result<Option<Value>, AwsFailure> {
    let Some(text) = policy.filter(|text| !text.is_empty()) else { return Ok(None) };
    let policy: Value = serde_json::from_str(text).map_err(|error| {
        AwsFailure::Retryable(format!("the resource policy cannot be read: {error}"))
    })?;
    Ok(Some(policy).filter(|policy| policy.get("Statement").is_some()))
}

/// Returns the AWS managed key that the planned properties name.
fn find_managed_key(after: &ResourceProperties) -> Option<&str> {
    let own = after.properties.get("KmsMasterKeyId");
    let of_stream = after.properties.get("StreamEncryption").and_then(|value| value.get("KeyId"));
    own.or(of_stream)?.as_str().filter(|key| key.starts_with(MANAGED_ALIAS))
}

/// Returns the services and the principals outside the account that a policy allows.
///
/// # Errors
/// The reason why the policy cannot be read.
fn list_users(policy: &Value, account: &str) -> Result<BTreeSet<String>, String> {
    let document = PolicyDocument::from_json(policy).map_err(|error| error.to_string())?;
    let surroundings =
        Surroundings { account: Some(account.to_owned()), ..Surroundings::default() };
    let outsiders = find_outsiders(&document, &[], &surroundings);
    let mut users: BTreeSet<String> = outsiders.keys().map(ToString::to_string).collect();
    if !join_answers(&public_statements(&document, &surroundings)).is_no() {
        users.insert("anyone".to_owned());
    }
    users.extend(list_services(policy));
    Ok(users)
}

/// Returns the service principals that statements allow.
fn list_services(policy: &Value) -> Vec<String> {
    let as_list = |value: &Value| match value {
        Value::Array(list) => list.clone(),
        Value::Null => Vec::new(),
        one => vec![one.clone()],
    };
    let statements = as_list(policy.get("Statement").unwrap_or(&Value::Null));
    let allowing =
        statements.iter().filter(|one| one.get("Effect").and_then(Value::as_str) == Some("Allow"));
    let services = allowing
        .flat_map(|one| as_list(one.pointer("/Principal/Service").unwrap_or(&Value::Null)))
        .filter_map(|name| name.as_str().map(str::to_owned));
    services.collect()
}

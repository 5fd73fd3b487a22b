//! Tests the remediators of SNS topics and SQS queues whose policies allow unencrypted HTTP.

use evenkeel_client::ServiceClient;
use evenkeel_remediators::catalog::sns::deny_insecure_transport as sns;
use evenkeel_remediators::catalog::sqs::deny_insecure_transport as sqs;
use evenkeel_remediators::{AwsConnection, AwsFailure, RemediationResult, Remediator};
use serde_json::{Value, json};

use super::stage::{Stage, aws};
use evenkeel_testing::proxy::Fault;
use evenkeel_testing::queue::Queues;
use evenkeel_testing::stand_in::stand_in;

fn topics() -> ServiceClient {
    ServiceClient::sns(&aws(stand_in()).config)
}

fn queues() -> Queues {
    Queues::new(&aws(stand_in()).config)
}

async fn topic(name: &str) -> Stage {
    let made =
        topics().query_call("CreateTopic").with_parameter("Name", name).send_query().await.unwrap();
    let arn = made
        .require_child("CreateTopicResult")
        .unwrap()
        .require_child("TopicArn")
        .unwrap()
        .text_content()
        .to_owned();
    Stage::new("sns-topic", sns::DenyTopicInsecureTransport::SPEC.id, "AWS::SNS::Topic", &arn).await
}

async fn queue(name: &str, policy: Option<&Value>) -> Stage {
    let policy = policy.map(|policy| json!({"Policy": policy.to_string()}));
    let url = queues().create(name, policy.unwrap_or_else(|| json!({}))).await;
    Stage::new("sqs-queue", sqs::DenyQueueInsecureTransport::SPEC.id, "AWS::SQS::Queue", &url).await
}

async fn ended<R: Remediator + From<AwsConnection> + 'static>(stage: &Stage) -> RemediationResult {
    stage.run::<R>().await.unwrap().result
}

#[tokio::test]
async fn a_topic_denies_unencrypted_http_and_keeps_its_other_statements() {
    let stage = topic("orders").await;
    let before = stage.state::<sns::DenyTopicInsecureTransport>().await.policy;
    stage.there_and_back::<sns::DenyTopicInsecureTransport>().await;
    assert_eq!(ended::<sns::DenyTopicInsecureTransport>(&stage).await, RemediationResult::Restored);
    let after = stage.state::<sns::DenyTopicInsecureTransport>().await.policy;
    let added = json!({
        "Sid": "DenyInsecureTransport", "Effect": "Deny", "Principal": "*", "Action": "sns:Publish",
        "Resource": "arn:aws:sns:eu-central-1:123456789012:orders",
        "Condition": {"Bool": {"aws:SecureTransport": "false"}}
    });
    let mut statements = before["Statement"].as_array().unwrap().clone();
    statements.push(added);
    assert_eq!(after["Statement"], Value::Array(statements));
}

#[tokio::test]
async fn a_missing_or_unreadable_topic_is_not_changed() {
    const DENIED: &str =
        "<ErrorResponse><Error><Code>AuthorizationError</Code></Error></ErrorResponse>";
    const SLOWER: &str = "<ErrorResponse><Error><Code>Throttling</Code></Error></ErrorResponse>";
    const NOTHING: &str =
        "<GetTopicAttributesResponse><GetTopicAttributesResult/></GetTopicAttributesResponse>";
    let stage = topic("unread").await;
    for (status, text, is_retried) in
        [(400, SLOWER, true), (200, NOTHING, true), (500, "", true), (403, DENIED, false)]
    {
        stage.proxy.fault("GetTopicAttributes", usize::MAX, Fault::Answer(status, text));
        let outcome = stage.run::<sns::DenyTopicInsecureTransport>().await;
        assert_eq!(outcome.is_err(), is_retried, "{status} {text}: {outcome:?}");
        stage.proxy.clear_faults();
    }
    assert_eq!(stage.proxy.count("SetTopicAttributes"), 0);
    stage.proxy.fault("SetTopicAttributes", 1, Fault::Answer(403, DENIED));
    let denied =
        RemediationResult::Failed(AwsFailure::Denied("AuthorizationError".to_owned()).to_string());
    assert_eq!(ended::<sns::DenyTopicInsecureTransport>(&stage).await, denied);
    stage.proxy.fault("SetTopicAttributes", 1, Fault::LoseAnswer);
    assert_eq!(ended::<sns::DenyTopicInsecureTransport>(&stage).await, RemediationResult::Restored);
    assert_eq!(
        ended::<sns::DenyTopicInsecureTransport>(&stage).await,
        RemediationResult::Compliant
    );
    let delete = topics();
    let delete = delete.query_call("DeleteTopic").with_parameter("TopicArn", &stage.target().id);
    delete.send_query().await.unwrap();
    assert_eq!(
        ended::<sns::DenyTopicInsecureTransport>(&stage).await,
        RemediationResult::ResourceGone
    );
}

#[tokio::test]
async fn a_queue_denies_unencrypted_http_and_an_undo_restores_its_policy() {
    let allow = json!({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:root"}, "Action": "sqs:SendMessage",
        "Resource": "arn:aws:sqs:eu-central-1:123456789012:shared"
    }]});
    for (name, policy) in [("plain", None), ("shared", Some(&allow))] {
        let stage = queue(name, policy).await;
        stage.there_and_back::<sqs::DenyQueueInsecureTransport>().await;
        assert_eq!(stage.state::<sqs::DenyQueueInsecureTransport>().await.policy.as_ref(), policy);
        assert_eq!(
            ended::<sqs::DenyQueueInsecureTransport>(&stage).await,
            RemediationResult::Restored
        );
        let after = stage.state::<sqs::DenyQueueInsecureTransport>().await.policy.unwrap();
        let statements = after["Statement"].as_array().unwrap();
        assert_eq!(statements.last().unwrap()["Action"], "sqs:*");
        assert_eq!(statements.len(), policy.map_or(1, |_| 2));
    }
}

#[tokio::test]
async fn a_missing_denied_throttled_or_unreadable_queue_is_not_changed() {
    const DENIED: &str = r#"{"__type": "AccessDeniedException"}"#;
    const SLOWER: &str = r#"{"__type": "ThrottlingException"}"#;
    let stage = queue("unread", None).await;
    for (read, status, text, is_retried) in [
        ("GetQueueUrl", 400, SLOWER, true),
        ("GetQueueUrl", 200, "{}", true),
        ("GetQueueAttributes", 500, "", true),
        ("GetQueueAttributes", 200, "{}", true),
        ("GetQueueAttributes", 400, DENIED, false),
    ] {
        stage.proxy.fault(read, usize::MAX, Fault::Answer(status, text));
        let outcome = stage.run::<sqs::DenyQueueInsecureTransport>().await;
        assert_eq!(outcome.is_err(), is_retried, "{read} {status} {text}: {outcome:?}");
        stage.proxy.clear_faults();
    }
    assert_eq!(stage.proxy.count("SetQueueAttributes"), 0);
    stage.proxy.fault("SetQueueAttributes", 1, Fault::Answer(400, DENIED));
    let denied = RemediationResult::Failed(
        AwsFailure::Denied("AccessDeniedException".to_owned()).to_string(),
    );
    assert_eq!(ended::<sqs::DenyQueueInsecureTransport>(&stage).await, denied);
    stage.proxy.fault("SetQueueAttributes", 1, Fault::LoseAnswer);
    assert_eq!(ended::<sqs::DenyQueueInsecureTransport>(&stage).await, RemediationResult::Restored);
    assert_eq!(
        ended::<sqs::DenyQueueInsecureTransport>(&stage).await,
        RemediationResult::Compliant
    );
    queues().remove(&stage.target().id).await;
    assert_eq!(
        ended::<sqs::DenyQueueInsecureTransport>(&stage).await,
        RemediationResult::ResourceGone
    );
}

//! Tests the remediator that sets the properties of the policy header with Cloud Control API.

use evenkeel_client::ServiceClient;
use evenkeel_remediators::catalog::cloud_control::CloudControl;
use evenkeel_remediators::{AwsFailure, PermissionStatement, RemediationResult, Remediator};
use http_body_util::Full;
use hyper::Request;
use serde_json::{Value, json};

use super::stage::{Stage, aws, refused_for_setting};
use evenkeel_testing::http::send;
use evenkeel_testing::proxy::Fault;
use evenkeel_testing::stand_in::stand_in;

const TABLE: &str = "AWS::DynamoDB::Table";
const DENIED: &str = r#"{"__type": "AccessDeniedException", "Message": "no"}"#;
const THROTTLED: &str = r#"{"__type": "ThrottlingException", "Message": "slower"}"#;

/// Creates a resource in the AWS stand-in.
pub(crate) async fn make(resource: &Value) {
    let request = Request::post("/stand/resources").header("host", stand_in().to_string());
    let body = json!([resource]).to_string();
    let request = request.body(Full::from(body)).unwrap();
    let (head, _) = send(stand_in(), request).await.unwrap();
    assert!(head.status.is_success());
}

async fn of(kind: &str, id: &str, tier: &str, patch: &Value) -> Stage {
    let stage = Stage::new("some-policy", CloudControl::SPEC.id, kind, id).await;
    let actions: &[&str] = match kind {
        "AWS::EC2::Instance" => &["ec2:ModifyInstanceAttribute"],
        "AWS::ECR::Repository" => &["ecr:PutImageScanningConfiguration"],
        "AWS::SQS::Queue" => &["sqs:SetQueueAttributes"],
        _ => &["dynamodb:UpdateTable", "dynamodb:UpdateContinuousBackups"],
    };
    stage.patching(tier, actions, patch)
}

/// Creates an unprotected table and returns a stage whose policy protects it.
async fn table(name: &str, more: &Value) -> Stage {
    let mut resource = json!({"type": TABLE, "id": name, "properties": {
        "TableName": name, "DeletionProtectionEnabled": false, "BillingMode": "PAY_PER_REQUEST",
        "Arn": format!("arn:aws:dynamodb:eu-central-1:123456789012:table/{name}"),
        "PointInTimeRecoverySpecification": {"RecoveryPeriodInDays": 7, "PointInTimeRecoveryEnabled": false}
    }});
    resource.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    make(&resource).await;
    let patch = json!({"DeletionProtectionEnabled": true,
        "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": true}});
    of(TABLE, name, "A", &patch).await
}

async fn ended(stage: &Stage) -> RemediationResult {
    stage.run::<CloudControl>().await.unwrap().result
}

/// Calls Cloud Control API of the AWS stand-in directly, without the proxy.
async fn call(operation: &str, input: Value) -> Value {
    ServiceClient::cloud_control(&aws(stand_in()).config)
        .call_json(operation, &input)
        .await
        .unwrap()
}

/// Returns the current properties of a table without its name and ARN.
async fn properties(name: &str) -> Value {
    let answer = call("GetResource", json!({"TypeName": TABLE, "Identifier": name})).await;
    let text = answer["ResourceDescription"]["Properties"].as_str().unwrap();
    let mut properties: Value = serde_json::from_str(text).unwrap();
    properties.as_object_mut().unwrap().retain(|name, _| name != "TableName" && name != "Arn");
    properties
}

#[tokio::test]
async fn the_properties_of_the_policy_are_set_and_the_others_stay() {
    let stage = table("orders", &json!({})).await;
    stage.there_and_back::<CloudControl>().await;
    assert_eq!(ended(&stage).await, RemediationResult::Restored);
    let expected = json!({
        "DeletionProtectionEnabled": true, "BillingMode": "PAY_PER_REQUEST",
        "PointInTimeRecoverySpecification": {"RecoveryPeriodInDays": 7, "PointInTimeRecoveryEnabled": true}
    });
    assert_eq!(properties("orders").await, expected);
}

#[tokio::test]
async fn an_undo_removes_a_property_that_did_not_exist() {
    let kind = "AWS::ECR::Repository";
    make(&json!({"type": kind, "id": "app", "properties": {"RepositoryName": "app"}})).await;
    let patch = json!({"ImageScanningConfiguration": {"ScanOnPush": true}});
    let stage = of(kind, "app", "A", &patch).await;
    stage.there_and_back::<CloudControl>().await;
    assert_eq!(ended(&stage).await, RemediationResult::Restored);
    let seen = stage.state::<CloudControl>().await;
    assert_eq!(Value::Object(seen.properties), patch);
}

#[tokio::test]
async fn unordered_lists_are_compared_without_order() {
    let stage =
        of("AWS::EC2::Instance", "i-1", "A", &json!({"SecurityGroupIds": ["sg-1", "sg-2"]})).await;
    let ids = json!(["sg-2", "sg-1"]);
    make(&json!({"type": "AWS::EC2::Instance", "id": "i-1", "shuffles": true, "properties": {"SecurityGroupIds": ids}}))
        .await;
    assert_eq!(ended(&stage).await, RemediationResult::Compliant);
    assert_eq!(ended(&stage).await, RemediationResult::Compliant);
    assert_eq!(stage.proxy.count("UpdateResource"), 0);
}

#[tokio::test]
async fn a_missing_denied_throttled_or_unreadable_resource_is_not_written() {
    let gone = of(TABLE, "gone", "A", &json!({"DeletionProtectionEnabled": true})).await;
    assert_eq!(ended(&gone).await, RemediationResult::ResourceGone);
    let stage = table("unread", &json!({})).await;
    for (status, text, is_retried) in [
        (400, THROTTLED, true),
        (500, "", true),
        (200, "{}", true),
        (200, r#"{"ResourceDescription": {"Properties": "[]"}}"#, true),
        (400, DENIED, false),
    ] {
        stage.proxy.fault("GetResource", usize::MAX, Fault::Answer(status, text));
        let outcome = stage.run::<CloudControl>().await;
        assert_eq!(outcome.is_err(), is_retried, "{status} {text}: {outcome:?}");
        stage.proxy.clear_faults();
    }
    assert_eq!(stage.proxy.count("UpdateResource"), 0);
    stage.proxy.fault("UpdateResource", 1, Fault::Answer(400, DENIED));
    let denied = RemediationResult::Failed(
        AwsFailure::Denied("AccessDeniedException".to_owned()).to_string(),
    );
    assert_eq!(ended(&stage).await, denied);
    stage.proxy.fault("GetResource", 1, Fault::Answer(400, THROTTLED));
    stage.proxy.fault("UpdateResource", 1, Fault::Answer(400, THROTTLED));
    assert_eq!(ended(&stage).await, RemediationResult::Restored);
}

#[tokio::test]
async fn an_invalid_patch_is_refused_before_any_write() {
    table("fits-not", &json!({})).await;
    for (kind, patch, why) in [
        (
            TABLE,
            json!({"TableName": "x"}),
            "the patch is not valid for `AWS::DynamoDB::Table`: property `TableName` cannot be \
             changed: it is read-only or can be set at creation only",
        ),
        (
            TABLE,
            json!({"Nonsense": 1}),
            "the patch is not valid for `AWS::DynamoDB::Table`: the type has no property \
             `Nonsense`",
        ),
        (TABLE, json!({}), "the policy header has no `patch`; add the properties to set"),
    ] {
        let stage = of(kind, "fits-not", "A", &patch).await;
        assert_eq!(ended(&stage).await, refused_for_setting(why));
        assert_eq!(stage.proxy.count("UpdateResource"), 0);
    }
    let stage = of("AWS::No::Such", "x", "A", &json!({"A": 1})).await;
    assert!(
        matches!(ended(&stage).await, RemediationResult::Refused(_)),
        "an unknown resource type must be refused"
    );
}

#[tokio::test]
async fn tiers_b_and_c_need_approval() {
    for tier in ["B", "C"] {
        let name = format!("tier-{tier}");
        table(&name, &json!({})).await;
        let stage = of(TABLE, &name, tier, &json!({"DeletionProtectionEnabled": true})).await;
        assert!(matches!(ended(&stage).await, RemediationResult::AwaitingApproval(_)), "{tier}");
        assert_eq!(stage.proxy.count("UpdateResource"), 0);
        stage.approve::<CloudControl>().await;
        assert_eq!(ended(&stage).await, RemediationResult::Restored);
    }
}

#[tokio::test]
async fn a_failed_update_changes_nothing() {
    // A temporary failure is retried; a refusal is final.
    for (code, is_retried) in [
        ("Throttling", true),
        ("NotStabilized", true),
        ("AccessDenied", false),
        ("NotUpdatable", false),
    ] {
        let name = format!("fails-{code}").to_lowercase();
        let stage = table(&name, &json!({"fails": {"code": code}})).await;
        let before = properties(&name).await;
        let outcome = stage.run::<CloudControl>().await;
        assert_eq!(outcome.is_err(), is_retried, "{outcome:?}");
        if let Ok(outcome) = outcome {
            let why = format!(
                "the Cloud Control update ended with status FAILED ({code}): the handler said \
                 {code}"
            );
            let why = AwsFailure::Denied(why).to_string();
            assert_eq!(outcome.result, RemediationResult::Failed(why));
        }
        assert_eq!(properties(&name).await, before);
    }
}

#[tokio::test]
async fn a_partially_failed_update_is_rolled_back() {
    let fails =
        json!({"fails": {"code": "InternalFailure", "keeps": ["DeletionProtectionEnabled"]}});
    let stage = table("half", &fails).await;
    let before = properties("half").await;
    let RemediationResult::RolledBack(why) = ended(&stage).await else {
        panic!("the partial update was not rolled back")
    };
    assert!(why.contains("InternalFailure"), "{why}");
    assert_eq!(properties("half").await, before);
    assert_eq!(stage.proxy.count("UpdateResource"), 2);
}

#[tokio::test]
async fn a_successful_request_without_a_change_is_not_a_success() {
    let stage = table("ignored", &json!({"ignores": true})).await;
    let outcome = stage.run::<CloudControl>().await.unwrap_err();
    assert!(outcome.to_string().contains("does not show the change yet"), "{outcome}");
}

#[tokio::test]
async fn a_lost_answer_is_requested_again_and_the_update_happens_once() {
    let stage = table("lost", &json!({})).await;
    stage.proxy.fault("UpdateResource", 1, Fault::LoseAnswer);
    stage.proxy.fault("GetResourceRequestStatus", 1, Fault::LoseAnswer);
    assert_eq!(ended(&stage).await, RemediationResult::Restored);
    assert_eq!(
        stage.proxy.count("UpdateResource"),
        2,
        "the second call must return the same request"
    );
}

#[tokio::test]
async fn a_concurrent_update_of_the_resource_is_retried() {
    let stage = table("busy", &json!({})).await;
    let patch = r#"[{"op": "replace", "path": "/BillingMode", "value": "PROVISIONED"}]"#;
    let update = json!({"TypeName": TABLE, "Identifier": "busy", "PatchDocument": patch});
    let begun = call("UpdateResource", update).await["ProgressEvent"]["RequestToken"].clone();
    let outcome = stage.run::<CloudControl>().await.unwrap_err();
    assert!(outcome.to_string().contains("does not show the change yet"), "{outcome}");
    call("GetResourceRequestStatus", json!({"RequestToken": begun})).await;
    assert_eq!(ended(&stage).await, RemediationResult::Restored);
    assert_eq!(
        properties("busy").await["BillingMode"],
        "PROVISIONED",
        "the other update must stay"
    );
}

#[tokio::test]
async fn a_policy_document_and_its_json_text_are_equal() {
    let kind = "AWS::SQS::Queue";
    let id = "https://sqs.eu-central-1.amazonaws.com/123456789012/q";
    let text =
        r#"{"maxReceiveCount":5,"deadLetterTargetArn":"arn:aws:sqs:eu-central-1:123456789012:d"}"#;
    make(&json!({"type": kind, "id": id, "properties": {"RedrivePolicy": text}})).await;
    let object = json!({"deadLetterTargetArn": "arn:aws:sqs:eu-central-1:123456789012:d", "maxReceiveCount": 5});
    let stage = of(kind, id, "A", &json!({"RedrivePolicy": object})).await;
    assert_eq!(ended(&stage).await, RemediationResult::Compliant);
}

#[test]
fn the_session_allows_passthrough_actions_on_the_resource_if_its_arn_is_known() {
    let arn = "arn:aws:dynamodb:eu-central-1:123456789012:table/orders";
    let mut target =
        evenkeel_remediators::TargetResource { kind: TABLE.to_owned(), ..Default::default() };
    target.arn = Some(arn.to_owned());
    target.actions = vec!["dynamodb:UpdateTable".to_owned()];
    let statements: Vec<PermissionStatement> =
        (CloudControl::SPEC.passthrough_permissions)(&target);
    let on = |action: &str| {
        let of = statements.iter().find(|one| one.action.iter().any(|name| name == action));
        of.map(|one| one.resource.join(" "))
    };
    assert_eq!(on("dynamodb:UpdateTable").as_deref(), Some(arn));
    assert_eq!(on("dynamodb:DescribeTable").as_deref(), Some("*"));
    assert_eq!(
        on("dynamodb:UpdateContinuousBackups"),
        None,
        "the policy does not list this action"
    );
}

#[test]
fn the_session_allows_the_additional_resources_that_aws_requires() {
    let on = |kind: &str, own: &str, action: &str| {
        let target = evenkeel_remediators::TargetResource {
            kind: kind.to_owned(),
            account: "123456789012".to_owned(),
            region: "eu-central-1".to_owned(),
            arn: Some(own.to_owned()),
            actions: vec![action.to_owned()],
            ..Default::default()
        };
        let statements = (CloudControl::SPEC.passthrough_permissions)(&target);
        let of = statements.into_iter().find(|one| one.action.iter().any(|name| name == action));
        of.unwrap().resource
    };
    let group = "arn:aws:logs:eu-central-1:123456789012:log-group:/aws/lambda/f";
    let both = [group.to_owned(), format!("{group}:*")];
    assert_eq!(on("AWS::Logs::LogGroup", group, "logs:PutRetentionPolicy"), both);
    let stream = "arn:aws:kinesis:eu-central-1:123456789012:stream/s";
    let key = "arn:aws:kms:eu-central-1:123456789012:key/*";
    assert_eq!(on("AWS::Kinesis::Stream", stream, "kinesis:StartStreamEncryption"), [stream, key]);
    assert_eq!(
        on("AWS::Kinesis::Stream", stream, "kinesis:IncreaseStreamRetentionPeriod"),
        [stream]
    );
    let policy = "arn:aws:network-firewall:eu-central-1:123456789012:firewall-policy/p";
    let firewall = "AWS::NetworkFirewall::FirewallPolicy";
    let named = on(firewall, policy, "network-firewall:UpdateFirewallPolicy");
    assert_eq!(named.len(), 5, "{named:?}");
    let of_aws = "arn:aws:network-firewall:eu-central-1:aws-managed:stateful-rulegroup/*";
    assert!(named.iter().any(|one| one == policy) && named.iter().any(|one| one == of_aws));
}

#[tokio::test]
async fn an_approval_reason_in_the_header_requires_approval_in_every_mode() {
    let stage = table("asked", &json!({})).await.asking("look at what waits");
    let waiting = ended(&stage).await;
    assert!(
        matches!(&waiting, RemediationResult::AwaitingApproval(why) if why.ends_with(": look at what waits")),
        "{waiting:?}"
    );
    assert_eq!(stage.proxy.count("UpdateResource"), 0);
    stage.approve::<CloudControl>().await;
    assert_eq!(ended(&stage).await, RemediationResult::Restored);
}

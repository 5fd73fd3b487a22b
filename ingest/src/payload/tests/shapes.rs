//! Tests each payload format: its parts, and its invoker.

use super::*;

/// Checks that each payload has this invoker, and one message with these parts.
fn check(cases: &[(String, PayloadInvoker, &str)]) {
    for (payload, invoker, parts) in cases {
        let (who, messages) = parse_short(payload);
        assert_eq!((who, messages.as_slice()), (*invoker, &[(*parts).to_owned()][..]), "{payload}");
    }
}

#[test]
fn events_of_eventbridge() {
    let config = |detail: &str| event("Config Configuration Item Change", "aws.config", detail);
    let bus = |name: &str| event(name, "aws.x", "{}");
    let created = r#"{"bucket":{"name":"b"},"object":{"key":"a+b%20.gz","size":7}}"#;
    check(&[
        (api_call(RECORD), PayloadInvoker::EventBridge, ":record<aws.s3"),
        (
            event("AWS Service Event via CloudTrail", "aws.kms", RECORD),
            PayloadInvoker::EventBridge,
            ":record<aws.kms",
        ),
        (
            event("AWS Console Sign In via CloudTrail", "aws.signin", RECORD),
            PayloadInvoker::EventBridge,
            ":record<aws.signin",
        ),
        (
            event("AWS Insight via CloudTrail", "aws.x", "{}"),
            PayloadInvoker::EventBridge,
            ":(CloudTrail Insight events)",
        ),
        (
            config(&format!(r#"{{"messageType":"m","configurationItem":{ITEM}}}"#)),
            PayloadInvoker::EventBridge,
            ":item r",
        ),
        (
            event(
                "Config Rules Compliance Change",
                "aws.config",
                r#"{"messageType":"ComplianceChangeNotification","recordVersion":"1"}"#,
            ),
            PayloadInvoker::EventBridge,
            ":(EventBridge: Config Rules Compliance Change)",
        ),
        (event("Object Created", "aws.s3", created), PayloadInvoker::EventBridge, ":b/a+b%20.gz"),
        (bus("Object Created"), PayloadInvoker::EventBridge, ":(EventBridge: Object Created)"),
    ]);
}

#[test]
fn other_events_of_eventbridge_are_named() {
    let bus = |name: &str| event(name, "aws.x", "{}");
    check(&[
        (bus("Scheduled Event"), PayloadInvoker::EventBridge, ":(EventBridge: Scheduled Event)"),
        (
            bus("Security Hub Findings - Imported"),
            PayloadInvoker::EventBridge,
            ":(EventBridge: Security Hub Findings - Imported)",
        ),
        (
            bus("Security Hub Findings - Custom Action"),
            PayloadInvoker::EventBridge,
            ":(EventBridge: Security Hub Findings - Custom Action)",
        ),
        (
            bus("<b>\u{202e}"),
            PayloadInvoker::EventBridge,
            ":(EventBridge: events of an unnamed kind)",
        ),
        (
            api_call("[]"),
            PayloadInvoker::EventBridge,
            ":!EventBridge event: has no usable `detail`",
        ),
        (
            api_call(r#"{"omitted":true}"#),
            PayloadInvoker::EventBridge,
            ":!EventBridge event: has no usable `eventName`",
        ),
    ]);
}

#[test]
fn documents_of_files_and_nested_payloads() {
    let digest = r#"{"awsAccountId":"1","digestStartTime":"t","logFiles":[]}"#;
    let insight = r#"{"eventVersion":"1.07","eventType":"AwsCloudTrailInsight"}"#;
    let lookup = json!({"Events": [{"EventId": "e", "CloudTrailEvent": RECORD}]}).to_string();
    let oversized = r#"{"configurationItemSummary":{"resourceType":"t","resourceId":"r","changeType":"UPDATE"},"s3DeliverySummary":{"s3BucketLocation":"b/k/k"},"messageType":"Oversized"}"#;
    let delivery = r#"{"s3Bucket":"b","s3ObjectKey":"k","messageType":"ConfigurationSnapshotDeliveryCompleted","recordVersion":"1"}"#;
    let compliance = r#"{"messageType":"ComplianceChangeNotification","recordVersion":"1"}"#;
    check(&[
        (RECORD.to_owned(), PayloadInvoker::Document, ":record"),
        (format!("\u{feff}\n {{\"Records\":[{RECORD}]}}\n"), PayloadInvoker::Document, ":record"),
        (format!("[{RECORD}]"), PayloadInvoker::Document, ":record"),
        (
            format!(r#"{{"Records":[{insight}]}}"#),
            PayloadInvoker::Document,
            ":(CloudTrail Insight events)",
        ),
        (lookup, PayloadInvoker::Document, ":record"),
        (digest.to_owned(), PayloadInvoker::Document, ":(CloudTrail digest)"),
        (ITEM.to_owned(), PayloadInvoker::Document, ":item r"),
        (
            format!(r#"{{"fileVersion":"1","configurationItems":[{ITEM}]}}"#),
            PayloadInvoker::Document,
            ":item r",
        ),
        (oversized.to_owned(), PayloadInvoker::Document, ":oversized r"),
        (delivery.to_owned(), PayloadInvoker::Document, ":b/k"),
        (
            sns(compliance).to_string(),
            PayloadInvoker::Sns,
            ":(AWS Config: ComplianceChangeNotification)",
        ),
        (
            r#"{"s3Bucket":"b","s3ObjectKey":["k","l"]}"#.to_owned(),
            PayloadInvoker::Document,
            ":b/k+b/l",
        ),
        (r#"{"Records":[]}"#.to_owned(), PayloadInvoker::Document, ":(empty list of records)"),
    ]);
}

#[test]
fn notifications_of_objects_in_every_source() {
    let put = || s3("ObjectCreated:Put", "AWSLogs/1/a+b%2Bc.gz");
    let written = "b/AWSLogs/1/a b+c.gz";
    let notice = r#"{"s3Bucket":"b","s3ObjectKey":["AWSLogs/1/CloudTrail-Digest/d.gz","l"]}"#;
    let direct = batch(&[put()]);
    let wrapped = sns(&direct).to_string();
    let invoked = batch(&[json!({"EventSource": "aws:sns", "Sns": sns(&direct)})]);
    let test = r#"{"Service":"Amazon S3","Event":"s3:TestEvent","Bucket":"b"}"#;
    check(&[
        (batch(&[sqs("m", &direct)]), PayloadInvoker::Sqs, &format!("m:{written}")),
        (batch(&[sqs("m", &wrapped)]), PayloadInvoker::Sqs, &format!("m:{written}")),
        (invoked, PayloadInvoker::Sns, &format!(":{written}")),
        (wrapped, PayloadInvoker::Sns, &format!(":{written}")),
        (direct, PayloadInvoker::S3, &format!(":{written}")),
        (
            batch(&[sqs("m", &sns(notice).to_string())]),
            PayloadInvoker::Sqs,
            "m:(CloudTrail digest)+b/l",
        ),
        (batch(&[sqs("m", notice)]), PayloadInvoker::Sqs, "m:(CloudTrail digest)+b/l"),
        (test.to_owned(), PayloadInvoker::S3, ":(s3:TestEvent)"),
        (batch(&[sqs("m", test)]), PayloadInvoker::Sqs, "m:(s3:TestEvent)"),
        (
            batch(&[sqs("m", "CloudTrail validation message.")]),
            PayloadInvoker::Sqs,
            "m:(CloudTrail validation message)",
        ),
        (
            batch(&[s3("ObjectRemoved:Delete", "k")]),
            PayloadInvoker::S3,
            ":(S3 notification: ObjectRemoved:Delete)",
        ),
        (
            batch(&[s3("ObjectCreated:Put", "p/ConfigSnapshot/k.gz")]),
            PayloadInvoker::S3,
            ":b/p/ConfigSnapshot/k.gz",
        ),
        (
            batch(&[s3("ObjectCreated:Put", "p/ConfigWritabilityCheckFile")]),
            PayloadInvoker::S3,
            ":(AWS Config writability check)",
        ),
        (batch(&[s3("ObjectCreated:Put", "p/")]), PayloadInvoker::S3, ":(S3 folder)"),
        (
            sns("x").to_string().replace("Notification", "SubscriptionConfirmation"),
            PayloadInvoker::Sns,
            ":(SNS subscription confirmation)",
        ),
    ]);
    let full =
        parse_payload(batch(&[put()]).as_bytes()).unwrap().messages.remove(0).parts.remove(0);
    let object = LogObject {
        bucket: "b".to_owned(),
        key: "AWSLogs/1/a b+c.gz".to_owned(),
        region: Some("r".to_owned()),
        size: Some(7),
        version: None,
        etag: Some("t".to_owned()),
    };
    assert_eq!(full, Ok(PayloadContent::LogObject(object)));
}

#[test]
fn a_canary_in_every_source_and_similar_events() {
    let id = "3ab3a4fa-1702-5e4d-83ae-8c0f7b793ec3";
    let put = |source: &str, id: &str| {
        let detail = json!({"canary": id, "other": "text"}).to_string();
        event("Evenkeel Canary", source, &detail).replace(r#""t""#, r#""2026-03-11T12:00:05Z""#)
    };
    let canary = put("evenkeel.doctor", id);
    let wrapped = sns(&canary).to_string();
    let taken = PayloadContent::Canary {
        canary: evenkeel_ledger::CanaryId::parse_id(id).unwrap(),
        made: Some(1_773_230_405_000),
    };
    for (payload, sent) in [
        (canary.clone(), None),
        (wrapped.clone(), None),
        (batch(&[sqs("m", &canary)]), Some(1)),
        (batch(&[sqs("m", &wrapped)]), Some(1)),
        (batch(&[kinesis("k", &gzip(&canary))]), None),
        (subscription(&logs(&[&canary])), None),
    ] {
        let parsed = parse_payload(payload.as_bytes()).unwrap();
        let message = &parsed.messages[0];
        assert_eq!((message.sent, message.parts.as_slice()), (sent, &[Ok(taken.clone())][..]));
    }
    for bad in ["", "../control/kill-switch", "3ab3a4fa", "\u{202e}"] {
        let (_, messages) = parse_short(&batch(&[sqs("m", &put("evenkeel.doctor", bad))]));
        assert_eq!(messages, ["m:!EventBridge event: has no usable `canary`"], "{bad}");
    }
    let other = (put("my.app", id), PayloadInvoker::EventBridge, ":(EventBridge: Evenkeel Canary)");
    check(&[other]);
}

#[test]
fn cloudwatch_logs_and_kinesis() {
    let data = logs(&[RECORD, "not json", RECORD]);
    let parts = "record+!message of a log event: is not JSON+record";
    let control = r#"{"messageType":"CONTROL_MESSAGE","logEvents":[]}"#;
    check(&[
        (data.clone(), PayloadInvoker::CloudWatchLogs, &format!(":{parts}")),
        (subscription(&data), PayloadInvoker::CloudWatchLogs, &format!(":{parts}")),
        (
            subscription(control),
            PayloadInvoker::CloudWatchLogs,
            ":(CloudWatch Logs control message)",
        ),
        (batch(&[kinesis("7", &gzip(&data))]), PayloadInvoker::Kinesis, &format!("7:{parts}")),
        (
            batch(&[kinesis("7", api_call(RECORD).as_bytes())]),
            PayloadInvoker::Kinesis,
            "7:record<aws.s3",
        ),
        (subscription(&logs(&[])), PayloadInvoker::CloudWatchLogs, ":!CloudWatch Logs: is empty"),
    ]);
}

#[test]
fn invocations_of_config_rules() {
    let item: Value = serde_json::from_str(ITEM).unwrap();
    let (time, kind) = ("notificationCreationTime", "messageType");
    let left =
        json!({"configurationItem": item, "configurationItemDiff": {"changeType": "UPDATE"}});
    let summary = json!({"configurationItemSummary": {"resourceType": "t", "resourceId": "r", "configurationItemCaptureTime": "c"}});
    let scheduled = json!({time: "t", kind: "ScheduledNotification"});
    let delivered = json!({"s3Bucket": "b", "s3ObjectKey": "k", kind: "ConfigurationSnapshotDeliveryCompleted"});
    let other = json!({ kind: "Another" });
    let parse_invocation = |invoking: &Value, token: &str| {
        let mut parsed = parse_payload(rule(invoking, token).as_bytes()).unwrap();
        assert_eq!(parsed.invoker, PayloadInvoker::ConfigRule);
        match parsed.messages.remove(0).parts.remove(0) {
            Ok(PayloadContent::ConfigRule(rule)) => *rule,
            other => panic!("{other:?}"),
        }
    };
    let invocation = parse_invocation(&left, "token");
    assert_eq!((invocation.rule_name.as_str(), invocation.account.as_str()), ("n", "1"));
    assert_eq!((invocation.result_token.as_str(), invocation.test_mode), ("token", false));
    assert_eq!((invocation.parameters.as_str(), invocation.left_scope), (r#"{"k":"v"}"#, false));
    let RuleSubject::Item(change) = invocation.subject else { panic!("{:?}", invocation.subject) };
    assert_eq!((change.item.id.as_str(), change.change_type.as_deref()), ("r", Some("UPDATE")));
    let oversized = parse_invocation(&summary, "TESTMODE");
    assert_eq!((oversized.test_mode, oversized.time.as_str()), (true, "c"));
    assert!(matches!(oversized.subject, RuleSubject::Oversized(_)));
    assert_eq!(parse_invocation(&scheduled, "t").subject, RuleSubject::Scheduled);
    assert_eq!(parse_invocation(&scheduled, "t").time, "t");
    assert!(matches!(parse_invocation(&delivered, "t").subject, RuleSubject::Delivery(_)));
    assert_eq!(parse_invocation(&other, "t").subject, RuleSubject::Other("Another".to_owned()));
    check(&[
        (
            rule(&left, ""),
            PayloadInvoker::ConfigRule,
            ":!AWS Config rule invocation: has no usable `resultToken`",
        ),
        (
            rule(&json!(1), "t"),
            PayloadInvoker::ConfigRule,
            ":!AWS Config rule invocation: has no usable `invokingEvent`",
        ),
    ]);
}

#[test]
fn the_envelope_of_an_event_is_kept() {
    let text = api_call(RECORD).replacen('{', r#"{"replay-name":"again","#, 1);
    let part = parse_payload(text.as_bytes()).unwrap().messages.remove(0).parts.remove(0).unwrap();
    let PayloadContent::Record { envelope: Some(envelope), .. } = part else { panic!("{part:?}") };
    let fields =
        [envelope.id, envelope.account, envelope.region, envelope.time, envelope.replay_name];
    assert_eq!(fields.map(Option::unwrap), ["i", "1", "r", "t", "again"]);
    assert_eq!(envelope.detail_type, "AWS API Call via CloudTrail");
    assert_eq!(envelope.resources, ["arn"]);
}

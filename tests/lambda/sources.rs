//! Tests each event source of the function: the findings, the notices, and the answer that the
//! source expects.

use std::collections::BTreeSet;
use std::io::Write;

use serde_json::{Value, json};

use evenkeel_testing::aws::{Aws, Changes, evaluations, record};
use evenkeel_testing::events::{bus, queue, violation, written};
use evenkeel_testing::function::{Function, TRACE};
use evenkeel_testing::proxy::Proxy;
use evenkeel_testing::stand_in::stand_in;

#[tokio::test]
async fn a_finding_is_recorded_published_and_marked_as_announced() {
    let (aws, proxy) = (Aws::new().await, Proxy::new().await);
    let function = Function::new(aws.environment(proxy.address)).await;
    let answer = function.invoke(&bus(&violation(1))).await;
    assert_eq!(answer, Ok(json!({"findings": 1})), "{:#?}", function.lines());
    let ledger = aws.ledger().await;
    let keys: Vec<&str> = ledger.keys().map(|key| key.split('/').next().unwrap()).collect();
    assert_eq!(keys, ["announced", "findings"]);
    let finding: Value = serde_json::from_slice(ledger.values().last().unwrap()).unwrap();
    let notices = aws.notices().await;
    let pointer: Value = serde_json::from_str(notices[0]["Message"].as_str().unwrap()).unwrap();
    let uid = &finding["finding_info"]["uid"];
    assert_eq!((notices.len(), &pointer["finding"]), (1, uid), "{pointer}");
    assert_eq!(notices[0]["MessageAttributes"]["severity"]["Value"], "MEDIUM");
    // The function passes the trace to SNS. The log contains the finding's uid, but no text of the
    // event, because more people read logs than events.
    let publish = proxy.calls().into_iter().find(|call| call.what == "Publish").unwrap();
    assert_eq!(publish.trace.as_deref(), Some(TRACE));
    let metrics = function.metrics().await;
    assert_eq!((&metrics["Received"], &metrics["FindingsMedium"]), (&json!(1), &json!(1)));
    assert!(metrics["EventAge"].as_i64().unwrap() > 0);
    let log = function.log().await.join("\n");
    assert!(log.contains(uid.as_str().unwrap()) && !log.contains("bucket-1"), "{log}");
    aws.permits("evenkeel-evaluate", &proxy);
}

#[tokio::test]
async fn only_the_failed_message_of_a_batch_is_retried() {
    let aws = Aws::new().await;
    let function = Function::new(aws.environment(stand_in())).await;
    let wrapped = json!({
        "Type": "Notification", "MessageId": "n", "Timestamp": "2026-03-11T12:00:06.000Z",
        "TopicArn": "arn:aws:sns:eu-central-1:123456789012:t",
        "Message": bus(&violation(2)).to_string()
    });
    let bodies = [bus(&violation(1)).to_string(), "{".to_owned(), wrapped.to_string()];
    let answer = function.invoke(&queue(&bodies)).await;
    let expected = json!({"batchItemFailures": [{"itemIdentifier": "message-1"}]});
    assert_eq!(answer, Ok(expected), "{:#?}", function.lines());
    assert_eq!(aws.findings().await.len(), 2);
    let log = function.log().await.join("\n");
    assert!(log.contains("message-1") && log.contains("000000000001"), "{log}");
}

#[tokio::test]
async fn messages_are_deleted_and_a_poison_message_goes_to_the_dead_letter_queue() {
    let aws = Aws::new().await;
    let changes = Changes::new(&aws).await;
    let function = Function::new(aws.environment(stand_in())).await;
    for body in
        [bus(&violation(1)).to_string(), "poison".to_owned(), bus(&violation(2)).to_string()]
    {
        changes.send(body).await;
    }
    assert_eq!(changes.poll(&function).await, (3, 2));
    assert_eq!(changes.poll(&function).await, (1, 0));
    assert_eq!(changes.poll(&function).await, (0, 0));
    assert_eq!(changes.dead().await, ["poison"]);
    assert_eq!(aws.findings().await.len(), 2);
}

#[tokio::test]
async fn an_unknown_event_format_is_an_error_that_names_its_fields() {
    let aws = Aws::new().await;
    let function = Function::new(aws.environment(stand_in())).await;
    let error = function.invoke(&json!({"hello": 1})).await.unwrap_err();
    assert!(error.contains("Evenkeel.UnknownShape") && error.contains("hello"), "{error}");
}

fn gzip(text: &str) -> Vec<u8> {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packer.write_all(text.as_bytes()).unwrap();
    packer.finish().unwrap()
}

#[tokio::test]
async fn a_log_object_gives_the_same_findings_as_the_event_bus() {
    let (aws, proxy) = (Aws::new().await, Proxy::new().await);
    let function = Function::new(aws.environment(proxy.address)).await;
    let records: Vec<Value> = (0..70).map(violation).collect();
    let key = "AWSLogs/123456789012/CloudTrail/eu-central-1/2026/03/11/a b.json.gz";
    aws.put(&key.replace(' ', "%20"), gzip(&json!({"Records": records}).to_string())).await;
    let notice = written(&aws.bucket, &key.replace(' ', "+"));
    let answer = function.invoke(&queue(&[notice.to_string()])).await;
    assert_eq!(answer, Ok(json!({"batchItemFailures": []})), "{:#?}", function.lines());
    let from_object = aws.findings().await;
    assert_eq!((from_object.len(), aws.notices().await.len()), (70, 70));
    for record in &records {
        function.invoke(&bus(record)).await.unwrap();
    }
    assert_eq!(
        aws.findings().await,
        from_object,
        "the events of the bus must give the same keys and bytes as the log object"
    );
    assert_eq!(
        aws.notices().await,
        Vec::<Value>::new(),
        "a finding that was announced must not be announced again"
    );
    aws.permits("evenkeel-evaluate", &proxy);
}

#[tokio::test]
async fn a_missing_log_object_is_retried() {
    let aws = Aws::new().await;
    let function = Function::new(aws.environment(stand_in())).await;
    let error = function.invoke(&written(&aws.bucket, "no.json.gz")).await.unwrap_err();
    assert!(error.contains("no.json.gz"), "{error}");
}

/// Returns a database instance as the AWS Config API returns it. `time` is in seconds since 1970.
fn database(name: &str, public: bool, time: f64) -> Value {
    json!({
        "version": "1.3", "accountId": "123456789012", "awsRegion": "eu-central-1",
        "resourceType": "AWS::RDS::DBInstance", "resourceId": format!("db-{name}"),
        "resourceName": name, "arn": format!("arn:aws:rds:eu-central-1:123456789012:db:{name}"),
        "configurationStateId": "17", "configurationItemStatus": "OK",
        "configurationItemCaptureTime": time,
        "configuration": json!({
            "dBInstanceIdentifier": name, "publiclyAccessible": public, "storageEncrypted": true,
            "backupRetentionPeriod": 14, "engine": "postgres", "endpoint": {"port": 5433},
            "enabledCloudwatchLogsExports": ["postgresql", "upgrade"],
            "deletionProtection": true, "iAMDatabaseAuthenticationEnabled": true,
            "monitoringInterval": 60, "multiAZ": true, "copyTagsToSnapshot": true
        }).to_string()
    })
}

#[tokio::test]
async fn missing_data_of_an_event_is_read_from_aws_config() {
    let (aws, proxy) = (Aws::new().await, Proxy::new().await);
    let function = Function::new(aws.environment(proxy.address)).await;
    // Recorded one second after the event, and one second before it.
    record(json!([
        database("open", true, 1_773_230_401.0),
        database("old", true, 1_773_230_399.0)
    ]))
    .await;
    let mut results = Vec::new();
    for name in ["open", "old", "unknown"] {
        let mut event = violation(7);
        event["eventSource"] = json!("rds.amazonaws.com");
        event["eventName"] = json!("ModifyDBInstance");
        event["requestParameters"] = json!({"omitted": true, "originalSize": 200_000});
        event["responseElements"] = json!({"dBInstanceIdentifier": name});
        function.invoke(&bus(&event)).await.unwrap();
        let findings = aws.findings().await;
        let of_name =
            |finding: &Value| finding["resources"][0]["uid"].as_str().unwrap().ends_with(name);
        let finding = findings.values().map(|text| serde_json::from_slice(text).unwrap());
        let finding: Value = finding.into_iter().find(of_name).unwrap();
        results.push((
            finding["compliance"]["status_code"].as_str().unwrap().to_owned(),
            finding["message"].as_str().unwrap().to_owned(),
        ));
    }
    let unknown = |why: &str| {
        let omitted = "CloudTrail omitted the parameters because of their size";
        ("INSUFFICIENT_DATA".to_owned(), format!("{omitted}: AWS Config {why}"))
    };
    let public = "RDS instance open is publicly accessible".to_owned();
    assert_eq!(results[0], ("NON_COMPLIANT".to_owned(), public));
    assert_eq!(results[1], unknown("has not recorded the resource since the event"));
    assert_eq!(results[2], unknown("has not recorded the resource"));
    // Violations are announced. For severity HIGH and above, missing data is announced too.
    let is_announced = |finding: &Value| {
        let status = finding["compliance"]["status_code"].as_str();
        status == Some("NON_COMPLIANT") || finding["severity_id"].as_u64() >= Some(4)
    };
    let findings = aws.findings().await;
    let findings = findings.values().map(|text| serde_json::from_slice::<Value>(text).unwrap());
    let announced = findings.filter(is_announced).count();
    assert_eq!((announced, aws.notices().await.len()), (5, 5));
    aws.permits("evenkeel-evaluate", &proxy);
}

#[tokio::test]
async fn another_account_is_read_only_with_a_role_in_it() {
    let (aws, proxy) = (Aws::new().await, Proxy::new().await);
    let mut item = database("elsewhere", true, 1_773_230_401.0);
    item["accountId"] = json!("222233334444");
    record(json!([item])).await;
    let mut event = violation(9);
    event["eventSource"] = json!("rds.amazonaws.com");
    event["eventName"] = json!("ModifyDBInstance");
    event["recipientAccountId"] = json!("222233334444");
    event["requestParameters"] = json!({"omitted": true});
    event["responseElements"] = json!({"dBInstanceIdentifier": "elsewhere"});
    let mut event = bus(&event);
    event["account"] = json!("222233334444");
    let mut environment = aws.environment_with(proxy.address, "rds/rds-instance-public");
    let function = Function::new(environment.clone()).await;
    function.invoke(&event).await.unwrap();
    let findings = aws.findings().await;
    let text = String::from_utf8_lossy(findings.values().next().unwrap()).into_owned();
    assert!(text.contains("no role for other accounts is configured"), "{text}");
    environment.push(("EVENKEEL_READ_ROLE".to_owned(), "evenkeel-read".to_owned()));
    let function = Function::new(environment).await;
    function.invoke(&event).await.unwrap();
    let log = function.log().await.join("\n");
    assert!(log.contains("NON_COMPLIANT"), "{log}");
    assert_eq!(proxy.count("AssumeRole"), 1);
    let revisions = aws.findings().await;
    assert_eq!(
        revisions.len(),
        2,
        "the revision with INSUFFICIENT_DATA must stay beside the new one"
    );
    aws.permits("evenkeel-evaluate", &proxy);
}

#[tokio::test]
async fn an_oversized_configuration_item_is_read_in_its_state_at_that_time() {
    let (aws, proxy) = (Aws::new().await, Proxy::new().await);
    let function = Function::new(aws.environment(proxy.address)).await;
    let (then, later) = (1_773_230_401.0, 1_773_230_999.0);
    record(json!([database("large", true, then), database("large", false, later)])).await;
    let summary = json!({
        "changeType": "UPDATE", "configurationItemVersion": "1.3", "awsAccountId": "123456789012",
        "awsRegion": "eu-central-1", "resourceType": "AWS::RDS::DBInstance", "resourceId": "db-large",
        "configurationItemCaptureTime": "2026-03-11T12:00:01Z", "configurationStateId": 17,
        "configurationItemStatus": "OK"
    });
    let notification = json!({
        "messageType": "OversizedConfigurationItemChangeNotification", "recordVersion": "1.0",
        "notificationCreationTime": "2026-03-11T12:00:03Z", "configurationItemSummary": summary
    });
    let invocation = json!({
        "version": "1.0", "invokingEvent": notification.to_string(), "resultToken": "token",
        "ruleParameters": "{}", "eventLeftScope": false, "accountId": "123456789012",
        "configRuleName": "r",
        "configRuleArn": "arn:aws:config:eu-central-1:123456789012:config-rule/config-rule-1"
    });
    let answer = function.invoke(&invocation).await;
    assert_eq!(answer, Ok(json!({"findings": 1})), "{:#?}", function.lines());
    let reported = evaluations("db-large").await;
    assert_eq!((reported.len(), &reported[0]["ComplianceType"]), (1, &json!("NON_COMPLIANT")));
    aws.permits("evenkeel-evaluate", &proxy);
}

#[tokio::test]
async fn an_aws_config_rule_is_answered_in_several_batches() {
    let (aws, proxy) = (Aws::new().await, Proxy::new().await);
    let function = Function::new(aws.environment(proxy.address)).await;
    let mut items: Vec<Value> =
        (0..120).map(|n| database(&format!("rule-{n}"), n == 0, 1_773_230_401.0)).collect();
    for item in &mut items {
        item["awsRegion"] = json!("eu-west-3");
    }
    record(json!(items)).await;
    let notification = json!({"messageType": "ScheduledNotification", "notificationCreationTime": "2026-03-11T13:00:00Z"});
    let invocation = json!({
        "version": "1.0", "invokingEvent": notification.to_string(), "resultToken": "token",
        "ruleParameters": json!({"policies": "rds-instance-public"}).to_string(),
        "eventLeftScope": false, "accountId": "123456789012", "configRuleName": "r",
        "configRuleArn": "arn:aws:config:eu-west-3:123456789012:config-rule/config-rule-1"
    });
    let answer = function.invoke(&invocation).await;
    assert_eq!(answer, Ok(json!({"findings": 1})), "{:#?}", function.lines());
    assert_eq!(function.metrics().await["Evaluations"], 120);
    let public = evaluations("db-rule-0").await;
    assert_eq!((public.len(), &public[0]["ComplianceType"]), (1, &json!("NON_COMPLIANT")));
    assert_eq!(public[0]["OrderingTimestamp"], json!(1_773_234_000));
    let statuses: BTreeSet<String> =
        [evaluations("db-rule-1").await, evaluations("db-rule-119").await]
            .iter()
            .map(|of| of[0]["ComplianceType"].to_string())
            .collect();
    assert_eq!(statuses, BTreeSet::from(["\"COMPLIANT\"".to_owned()]));
    aws.permits("evenkeel-evaluate", &proxy);
}

//! Tests the use of AWS: resource states, log objects, and rules of AWS Config.

use std::sync::atomic::Ordering;

use evenkeel_rules::ComplianceStatus;

use super::test_cloud::TestCloud;
use super::*;
use crate::environment::RuleAssessment;

fn versioning(number: u32) -> String {
    event(number).replace("DeleteBucketEncryption", "PutBucketVersioning")
}

/// Returns the statuses and messages of two events of one bucket.
fn results_with_state(cloud: &TestCloud) -> Vec<(ComplianceStatus, String)> {
    let result =
        run_in(cloud, &batch(&[&versioning(1), &versioning(2)]), &ledger(), SilentAnnouncer);
    assert_eq!(result.answer.unwrap(), json!({"batchItemFailures": []}));
    assert_eq!(cloud.fetched.load(Ordering::SeqCst), 1, "each resource is fetched once in a batch");
    result.findings.into_iter().map(|finding| (finding.status, finding.message)).collect()
}

#[test]
fn a_policy_receives_the_state_that_it_reads() {
    let open = TestCloud {
        configuration: "{\"open\":true}",
        time: "2026-03-11T12:00:07Z",
        ..TestCloud::default()
    };
    let violated = (ComplianceStatus::NonCompliant, "m".to_owned());
    assert_eq!(results_with_state(&open), [violated.clone(), violated]);
    let closed = TestCloud { configuration: "{\"open\":false}", ..open };
    closed.fetched.store(0, Ordering::SeqCst);
    assert_eq!(results_with_state(&closed), []);
}

#[test]
fn a_state_that_cannot_be_read_or_is_older_than_the_event_is_unknown() {
    let unknown = |why: &str| {
        let message = format!("the resource's configuration is not known: {why}");
        vec![(ComplianceStatus::InsufficientData, message); 2]
    };
    let old = TestCloud {
        configuration: "{\"open\":false}",
        time: "2026-03-11T11:59:59Z",
        ..TestCloud::default()
    };
    assert_eq!(
        results_with_state(&old),
        unknown("AWS Config has not recorded the resource since the event")
    );
    assert_eq!(
        results_with_state(&TestCloud::default()),
        unknown("AWS Config has not recorded the resource")
    );
    let deleted = TestCloud {
        status: "ResourceDeleted",
        time: "2026-03-11T12:00:07Z",
        ..TestCloud::default()
    };
    assert_eq!(
        results_with_state(&deleted),
        unknown("the resource was deleted according to AWS Config")
    );
}

fn notification() -> String {
    json!({"Records": [{
        "eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "awsRegion": "eu-central-1",
        "s3": {"bucket": {"name": "logs"}, "object": {"key": "AWSLogs/x.json.gz", "size": 1}}
    }]})
    .to_string()
}

fn log(records: &[String]) -> Vec<u8> {
    let detail = |event: &String| serde_json::from_str::<Value>(event).unwrap()["detail"].clone();
    let records: Vec<Value> = records.iter().map(detail).collect();
    json!({"Records": records}).to_string().into_bytes()
}

#[test]
fn all_records_of_a_log_object_are_evaluated_with_states() {
    let mut records: Vec<String> = (0..200).map(event).collect();
    records.push(versioning(200));
    let cloud = TestCloud {
        configuration: "{\"open\":true}",
        time: "2026-03-11T12:00:07Z",
        object: log(&records),
        ..TestCloud::default()
    };
    let result = run_in(&cloud, &notification(), &ledger(), SilentAnnouncer);
    assert_eq!((result.answer.unwrap(), result.findings.len()), (json!({"findings": 201}), 201));
    assert_eq!(result.metrics.metric_count("FindingsLow"), 1);
}

#[test]
fn an_incomplete_log_object_fails_and_its_findings_are_kept() {
    let mut object = log(&(0..100).map(event).collect::<Vec<_>>());
    object.truncate(object.len() / 2);
    let cloud = TestCloud { object, ..TestCloud::default() };
    let result = run_in(&cloud, &notification(), &ledger(), SilentAnnouncer);
    assert!(result.answer.unwrap_err().to_string().contains("s3://logs/AWSLogs/x.json.gz"));
    assert!(result.findings.len() > 40, "{}", result.findings.len());
}

fn rule(message: &Value, token: &str) -> String {
    json!({
        "version": "1.0", "invokingEvent": message.to_string(), "ruleParameters": "{}",
        "resultToken": token, "eventLeftScope": false, "accountId": "111122223333",
        "configRuleName": "evenkeel",
        "configRuleArn": "arn:aws:config:eu-central-1:111122223333:config-rule/config-rule-1"
    })
    .to_string()
}

fn scheduled() -> Value {
    json!({"messageType": "ScheduledNotification", "notificationCreationTime": "2026-03-11T13:00:00Z"})
}

#[test]
fn assessments_are_submitted_after_the_findings_are_durable() {
    let cloud =
        TestCloud { configuration: "{}", time: "2026-03-11T12:00:00Z", ..TestCloud::default() };
    let result = run_in(&cloud, &rule(&scheduled(), "token"), &ledger(), SilentAnnouncer);
    assert_eq!(
        (result.answer.unwrap(), result.metrics.metric_count("Evaluations")),
        (json!({"findings": 1}), 1)
    );
    let assessments = cloud.submitted.lock().unwrap().clone();
    let expected = RuleAssessment {
        kind: "AWS::S3::Bucket".to_owned(),
        id: "b".to_owned(),
        status: ComplianceStatus::NonCompliant,
        annotation: "p: m".to_owned(),
        time: "2026-03-11T13:00:00Z".to_owned(),
    };
    assert_eq!(assessments, [expected]);
    let failed = run_in(&cloud, &rule(&scheduled(), "token"), &ledger(), Unreachable);
    assert!(failed.answer.is_err());
    assert_eq!(
        cloud.submitted.lock().unwrap().len(),
        1,
        "no assessment may be submitted before the findings are durable"
    );
}

#[test]
fn a_test_of_a_rule_leaves_nothing_in_the_ledger() {
    let cloud =
        TestCloud { configuration: "{}", time: "2026-03-11T12:00:00Z", ..TestCloud::default() };
    let result = run_in(&cloud, &rule(&scheduled(), "TESTMODE"), &ledger(), Unreachable);
    assert_eq!((result.answer.unwrap(), result.findings.len()), (json!({"findings": 0}), 0));
    assert_eq!(cloud.submitted.lock().unwrap().len(), 1);
}

#[test]
fn a_deleted_resource_is_not_applicable() {
    let cloud = TestCloud {
        time: "2026-03-11T12:00:00Z",
        status: "ResourceDeleted",
        ..TestCloud::default()
    };
    run_in(&cloud, &rule(&scheduled(), "t"), &ledger(), SilentAnnouncer).answer.unwrap();
    assert_eq!(cloud.submitted.lock().unwrap()[0].status, ComplianceStatus::NotApplicable);
}

#[test]
fn a_rule_with_an_unknown_policy_is_an_error() {
    let wrong = rule(&scheduled(), "t").replace("\"{}\"", "\"{\\\"policies\\\":\\\"nope\\\"}\"");
    let answer = run_in(&TestCloud::default(), &wrong, &ledger(), SilentAnnouncer).answer;
    assert!(
        answer.unwrap_err().to_string().contains("`nope`, which is not a policy of the bundle")
    );
}

//! Tests the responses to invokers, and that no response is returned before the findings are
//! durable.

use super::*;
use evenkeel_client::CallError;
use evenkeel_ledger::{AnnounceError, Ledger, Notice, SilentAnnouncer};
use evenkeel_rules::WaiverSet;
use evenkeel_rules::policy::{PolicyFile, PolicySet};
use object_store::memory::InMemory;
use serde_json::json;
use std::sync::Mutex;

use crate::environment::OfflineContext;
use crate::failure::FailureKind;

mod cloud_context;
mod deliveries;
mod forged;
mod test_cloud;
mod time;

const POLICY: &str = "// METADATA
// title: t
// description: d
// severity: HIGH
// match: {eventSource: s3.amazonaws.com, eventName: DeleteBucketEncryption, resourceType: 'AWS::S3::Bucket'}
// resource: {type: 'AWS::S3::Bucket', id: request.bucketName}
// message: m
true
";

const STATEFUL: &str = "// METADATA
// title: t
// description: d
// severity: LOW
// match: {eventSource: s3.amazonaws.com, eventName: PutBucketVersioning}
// resource: {type: 'AWS::S3::Bucket', id: request.bucketName}
// message: m
resource.configuration.open
";

fn policies() -> PolicySet {
    let file = |name: &str, text: &str| PolicyFile { name: name.to_owned(), text: text.to_owned() };
    PolicySet::compile_files(&[file("p.cel", POLICY), file("state.cel", STATEFUL)], None).unwrap()
}

/// Returns an event in its EventBridge envelope.
fn event(number: u32) -> String {
    json!({
        "version": "0", "id": "e", "source": "aws.s3", "account": "111122223333",
        "region": "eu-central-1", "detail-type": "AWS API Call via CloudTrail",
        "detail": {
            "eventSource": "s3.amazonaws.com", "eventName": "DeleteBucketEncryption",
            "eventID": format!("00000000-0000-4000-8000-{number:012}"), "eventType": "AwsApiCall",
            "eventTime": "2026-03-11T12:00:00Z", "awsRegion": "eu-central-1",
            "recipientAccountId": "111122223333", "requestParameters": {"bucketName": "b"}
        }
    })
    .to_string()
}

fn batch(bodies: &[&str]) -> String {
    let record = |(number, body): (usize, &&str)| {
        json!({
            "messageId": format!("m{number}"), "receiptHandle": "r", "body": body,
            "eventSource": "aws:sqs", "eventSourceARN": "arn:aws:sqs:eu-central-1:111122223333:q",
            "awsRegion": "eu-central-1", "attributes": {}, "messageAttributes": {}
        })
    };
    json!({"Records": bodies.iter().enumerate().map(record).collect::<Vec<_>>()}).to_string()
}

/// Handles a payload without access to AWS.
fn run<A: NoticeAnnouncer>(payload: &str, ledger: &Ledger, announcer: A) -> HandlingResult {
    run_in(OfflineContext, payload, ledger, announcer)
}

/// The results of handling a payload, with the findings that the observer received.
struct HandlingResult {
    answer: Result<Value, HandleError>,
    failures: Vec<FailedMessage>,
    metrics: InvocationMetrics,
    findings: Vec<Finding>,
}

fn run_in<O: CloudContext, A: NoticeAnnouncer>(
    cloud: O,
    payload: &str,
    ledger: &Ledger,
    announcer: A,
) -> HandlingResult {
    let (set, waivers) = (policies(), WaiverSet::default());
    let bundle = PolicyBundle { version: "test".to_owned(), set, waivers };
    let recorder = FindingRecorder::new(ledger.clone(), announcer);
    let evaluator = PayloadEvaluator::new(Arc::new(bundle), recorder, cloud);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let findings = Mutex::new(Vec::new());
    let observer =
        |announced: AnnouncedFinding<'_>| findings.lock().unwrap().push(announced.finding.clone());
    let handled = runtime.block_on(evaluator.handle_payload(payload.as_bytes(), &observer));
    let findings = findings.into_inner().unwrap();
    let HandledPayload { answer, failures, metrics } = handled;
    HandlingResult { answer, failures, metrics, findings }
}

fn ledger() -> Ledger {
    Ledger::from_store(Arc::new(InMemory::new()))
}

#[test]
fn the_response_names_only_the_failed_message() {
    let payload = batch(&[&event(1), "garbage", &event(2)]);
    let handled = run(&payload, &ledger(), SilentAnnouncer);
    assert_eq!(handled.answer.unwrap(), json!({"batchItemFailures": [{"itemIdentifier": "m1"}]}));
    assert_eq!((handled.findings.len(), handled.metrics.metric_count("FindingsHigh")), (2, 2));
}

#[test]
fn the_same_event_twice_is_one_finding() {
    let ledger = ledger();
    let first = run(&event(1), &ledger, SilentAnnouncer);
    let again = run(&batch(&[&event(1), &event(1)]), &ledger, SilentAnnouncer);
    assert_eq!(
        (first.metrics.metric_count("FindingsHigh"), again.metrics.metric_count("Duplicate")),
        (1, 2)
    );
    assert_eq!(first.findings[0].uid, again.findings[0].uid);
}

#[test]
fn a_forged_event_is_recorded_as_possibly_forged() {
    let forged = event(1).replace("aws.s3", "my.app");
    let handled = run(&forged, &ledger(), SilentAnnouncer);
    assert!(handled.findings[0].possibly_forged.is_some());
    assert!(run(&event(1), &ledger(), SilentAnnouncer).findings[0].possibly_forged.is_none());
}

/// A topic that cannot be reached.
#[derive(Debug)]
struct Unreachable;

impl NoticeAnnouncer for Unreachable {
    async fn announce_notice(&self, _: &Notice) -> Result<(), AnnounceError> {
        Err(AnnounceError::Refused(CallError::Unanswered("timeout".to_owned())))
    }
}

#[test]
fn a_finding_that_is_not_announced_is_announced_at_the_next_delivery() {
    let ledger = ledger();
    let failed = run(&batch(&[&event(1)]), &ledger, Unreachable);
    assert_eq!(failed.answer.unwrap()["batchItemFailures"][0]["itemIdentifier"], "m0");
    assert!(run(&event(1), &ledger, Unreachable).answer.is_err());
    let again = run(&batch(&[&event(1)]), &ledger, SilentAnnouncer);
    assert_eq!(again.answer.unwrap(), json!({"batchItemFailures": []}));
}

#[test]
fn each_error_has_a_code_and_a_class() {
    let code = |result: &HandlingResult| {
        (result.failures[0].why.error_code(), result.failures[0].why.failure_kind())
    };
    let garbage = run(&batch(&["garbage"]), &ledger(), SilentAnnouncer);
    assert_eq!(code(&garbage), ("payload-unreadable", FailureKind::Poisoned));
    let odd = event(1).replace("\"s3.amazonaws.com\"", "17");
    let odd = run(&batch(&[&odd]), &ledger(), SilentAnnouncer);
    assert_eq!(code(&odd), ("event-unreadable", FailureKind::Poisoned));
    let unannounced = run(&batch(&[&event(1)]), &ledger(), Unreachable);
    assert_eq!(code(&unannounced), ("not-announced", FailureKind::Retryable));
    let object = json!({"Records": [{
        "eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "awsRegion": "eu-central-1",
        "s3": {"bucket": {"name": "logs"}, "object": {"key": "x.json.gz", "size": 1}}
    }]});
    let local = run(&batch(&[&object.to_string()]), &ledger(), SilentAnnouncer);
    assert_eq!(code(&local), ("local-run", FailureKind::Misconfigured));
    let line: Value = serde_json::from_str(&local.metrics.to_log_line("evaluate", 5)).unwrap();
    assert_eq!((&line["Failed"], &line["FailureCodes"]), (&1.into(), &json!({"local-run": 1})));
}

#[test]
fn a_payload_in_an_unknown_format_is_an_error() {
    for payload in ["{}", "17", "{\"Records\":[{\"hello\":1}]}", "not json"] {
        assert!(run(payload, &ledger(), SilentAnnouncer).answer.is_err(), "{payload}");
    }
}

#[test]
fn a_configuration_item_is_evaluated() {
    let item = json!({
        "version": "0", "source": "aws.config", "account": "111122223333", "region": "eu-central-1",
        "detail-type": "Config Configuration Item Change",
        "detail": {"messageType": "ConfigurationItemChangeNotification", "configurationItem": {
            "configurationItemVersion": "1.3", "resourceType": "AWS::S3::Bucket", "resourceId": "b",
            "awsAccountId": "111122223333", "awsRegion": "eu-central-1", "configurationStateId": 1,
            "configurationItemStatus": "OK", "configuration": {},
            "configurationItemCaptureTime": "2026-03-11T12:00:00Z"
        }}
    });
    let handled = run(&item.to_string(), &ledger(), SilentAnnouncer);
    assert_eq!(handled.findings[0].resource.id, "b");
}

#[test]
fn an_invalid_part_of_a_message_does_not_affect_the_others() {
    let body = format!("[{},{{\"hello\":1}},{}]", event(1), event(2));
    let handled = run(&batch(&[&body]), &ledger(), SilentAnnouncer);
    assert_eq!(handled.answer.unwrap()["batchItemFailures"][0]["itemIdentifier"], "m0");
    assert_eq!(handled.findings.len(), 2);
}

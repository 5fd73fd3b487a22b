//! Tests the time limits of messages in an invocation.

use std::time::Duration;

use tokio::time::Instant;

use super::test_cloud::TestCloud;
use super::*;

/// Returns a test double of AWS in which one log object never responds, and all others contain one
/// record.
fn stalling() -> TestCloud {
    let event: Value = serde_json::from_str(&event(7)).unwrap();
    let log = json!({"Records": [event["detail"]]}).to_string();
    TestCloud { object: log.into_bytes(), stalls: "stalls", ..TestCloud::default() }
}

fn object_created(key: &str) -> String {
    json!({"Records": [{
        "eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "awsRegion": "eu-central-1",
        "s3": {"bucket": {"name": "logs"}, "object": {"key": key, "size": 1}}
    }]})
    .to_string()
}

/// Handles a payload with the time `left` until the deadline. The clock of the test advances only
/// if all tasks wait.
fn run_for(left: Duration, payload: &str, ledger: &Ledger) -> HandledPayload {
    let bundle =
        PolicyBundle { version: "t".to_owned(), set: policies(), waivers: WaiverSet::default() };
    let recorder = FindingRecorder::new(ledger.clone(), SilentAnnouncer);
    let cloud = stalling();
    let evaluator = PayloadEvaluator::new(Arc::new(bundle), recorder, &cloud);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(async {
        let deadline = Instant::now().checked_add(left);
        evaluator.handle_until(payload.as_bytes(), &|_| {}, deadline).await
    })
}

const INVOCATION_TIME: Duration = Duration::from_secs(59);

#[test]
fn only_the_messages_that_never_end_fail() {
    let ledger = ledger();
    let bodies = [
        object_created("stalls"),
        event(1),
        object_created("trail"),
        object_created("stalls"),
        event(2),
    ];
    let bodies: Vec<&str> = bodies.iter().map(String::as_str).collect();
    let handled = run_for(INVOCATION_TIME, &batch(&bodies), &ledger);
    let failed = json!({"batchItemFailures": [{"itemIdentifier": "m0"}, {"itemIdentifier": "m3"}]});
    assert_eq!(handled.answer.unwrap(), failed);
    assert_eq!(
        (handled.metrics.metric_count("Received"), handled.metrics.metric_count("FindingsHigh")),
        (5, 3)
    );
    assert!(handled.failures.iter().all(|failed| failed.why.error_code() == "not-finished"));
    assert!(
        handled.failures.iter().all(|failed| failed.why.failure_kind() == FailureKind::Retryable)
    );
}

#[test]
fn without_time_left_no_message_begins_and_all_fail() {
    let ledger = ledger();
    let payload = batch(&[&event(1), &object_created("trail")]);
    let handled = run_for(Duration::from_millis(900), &payload, &ledger);
    let all = json!({"batchItemFailures": [{"itemIdentifier": "m0"}, {"itemIdentifier": "m1"}]});
    assert_eq!(handled.answer.unwrap(), all);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    assert!(runtime.block_on(ledger.list_keys("findings")).unwrap().is_empty());
}

#[test]
fn the_response_to_kinesis_names_the_unfinished_record() {
    let data = |text: &str| {
        use base64::Engine;
        base64::engine::general_purpose::STANDARD.encode(text)
    };
    let record = |number: usize, text: &str| json!({"eventSource": "aws:kinesis", "kinesis": {"sequenceNumber": number.to_string(), "data": data(text)}});
    let records = json!({"Records": [record(1, &event(1)), record(2, &object_created("stalls"))]});
    let handled = run_for(INVOCATION_TIME, &records.to_string(), &ledger());
    let failed = json!({"batchItemFailures": [{"itemIdentifier": "2"}]});
    assert_eq!(handled.answer.unwrap(), failed);
}

#[test]
fn without_partial_failures_the_payload_fails_as_a_whole() {
    let handled = run_for(INVOCATION_TIME, &object_created("stalls"), &ledger());
    assert!(handled.answer.unwrap_err().to_string().contains("the time"));
}

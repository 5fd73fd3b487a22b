//! Checks that missing data is reported as `INSUFFICIENT_DATA` and never as compliant.

use crate::support::{Folder, Run, evenkeel, violation, with};
use serde_json::{Value, json};

/// A policy that reads optional fields. The policy reports no violation if the fields are absent.
const GUARDED: &str = "// METADATA
// title: t
// description: d
// severity: HIGH
// match: {eventSource: s3.amazonaws.com, eventName: DeleteBucketEncryption}
// resource: {type: 'AWS::S3::Bucket', id: request.?bucketName.orValue('unnamed')}
// message: m
request.?uri.orValue('') == 'http://x' || response.?uri.orValue('') == 'http://x'
";

fn evaluate(fields: Value, format: &str) -> Run {
    let folder = Folder::new();
    let policy = folder.write("guarded.cel", GUARDED);
    let log = folder.log("a.json.gz", &[with(violation(1), fields)]);
    let args = ["replay", log.to_str().unwrap(), "--policies", policy.to_str().unwrap()];
    evenkeel(args.into_iter().chain(["--format", format]))
}

#[test]
fn parameters_that_are_not_an_object_give_insufficient_data() {
    for side in ["requestParameters", "responseElements"] {
        for odd in [
            json!("HIDDEN_DUE_TO_SECURITY_REASONS"),
            json!("{\"uri\":\"htt"),
            json!(["http://x"]),
            json!(true),
        ] {
            let run = evaluate(json!({side: odd}), "jsonl");
            let statuses: Vec<_> = run.findings().iter().map(|f| f["status"].clone()).collect();
            assert_eq!(statuses, ["INSUFFICIENT_DATA"], "{side}: {odd}: {run:?}");
        }
    }
}

#[test]
fn null_and_absent_parameters_are_evaluated_as_empty() {
    for empty in [
        json!({"requestParameters": null, "responseElements": null}),
        json!({"requestParameters": {}}),
    ] {
        let run = evaluate(empty, "jsonl");
        assert_eq!((run.code, run.findings().len()), (0, 0), "{run:?}");
    }
}

#[test]
fn omitted_parameters_are_counted_by_policy_and_by_cause() {
    let omitted = json!({"requestParameters": {"omitted": true, "reason": "too large"}});
    let run = evaluate(omitted.clone(), "text");
    assert!(run.out.contains("guarded  1 with insufficient data"), "{}", run.out);
    assert_eq!(
        run.count("CloudTrail omitted the parameters because of their size"),
        1,
        "{}",
        run.out
    );
    assert!(
        run.out.contains("Findings  0  no violations, 1 with insufficient data"),
        "{}",
        run.out
    );
    let finding = &evaluate(omitted, "jsonl").findings()[0];
    assert_eq!(
        (&finding["status"], &finding["resource"]["id"]),
        (&json!("INSUFFICIENT_DATA"), &json!("unnamed"))
    );
}

#[test]
fn fail_on_also_fails_for_insufficient_data() {
    let folder = Folder::new();
    let policy = folder.write("guarded.cel", GUARDED);
    let log = |name: &str, fields: Value| folder.log(name, &[with(violation(1), fields)]);
    let omitted = log("omitted.json.gz", json!({"requestParameters": {"omitted": true}}));
    let known = log("known.json.gz", json!({"requestParameters": {"uri": "https://x"}}));
    let run = |log: &std::path::Path, more: &[&str]| {
        let args = ["replay", log.to_str().unwrap(), "--policies", policy.to_str().unwrap()];
        evenkeel(args.iter().chain(more))
    };
    let said = "insufficient data at severity HIGH or above: 1; --fail-on counts them";
    let failed = run(&omitted, &["--fail-on", "HIGH"]);
    assert!(failed.code == 1 && failed.out.contains(said), "{failed:?}");
    // The command does not fail for a lower severity, without `--fail-on`, or if no data is
    // missing.
    for (log, more) in [
        (&omitted, &["--fail-on", "CRITICAL"][..]),
        (&omitted, &[]),
        (&known, &["--fail-on", "HIGH"]),
    ] {
        let passed = run(log, more);
        assert!(
            passed.code == 0 && !passed.out.contains("--fail-on counts"),
            "{more:?}: {passed:?}"
        );
    }
}

#[test]
fn an_empty_error_code_is_not_a_failed_call() {
    let record =
        json!({"requestParameters": {"uri": "http://x"}, "errorCode": "", "errorMessage": ""});
    let run = evaluate(record, "jsonl");
    assert_eq!(run.findings().len(), 1, "a successful change has no finding: {run:?}");
}

#[test]
fn a_corrected_record_that_shows_a_violation_is_found_in_any_order() {
    let original = with(violation(1), json!({"requestParameters": "text"}));
    let corrected = with(
        with(violation(2), json!({"requestParameters": {"uri": "http://x"}})),
        json!({"addendum": {"reason": "UPDATED_DATA", "originalEventID": original["eventID"]}}),
    );
    for records in [[original.clone(), corrected.clone()], [corrected, original]] {
        let folder = Folder::new();
        let policy = GUARDED.replace("request.?bucketName.orValue('unnamed')", "event.eventSource");
        let policy = folder.write("guarded.cel", policy);
        let log = folder.log("a.json.gz", &records);
        let args = ["replay", log.to_str().unwrap(), "--policies", policy.to_str().unwrap()];
        let run = evenkeel(args.into_iter().chain(["--format", "jsonl"]));
        let statuses: Vec<_> = run.findings().iter().map(|f| f["status"].clone()).collect();
        assert!(statuses.contains(&json!("NON_COMPLIANT")), "{run:?}");
    }
}

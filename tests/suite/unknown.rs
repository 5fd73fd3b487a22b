//! What is unknown is never compliant: it is counted, named, and kept apart from what was found.

use crate::support::{Folder, Run, evenkeel, violation, with};
use serde_json::{Value, json};

/// A policy that reads a parameter behind a guard, and finds nothing where it is absent.
const GUARDED: &str = "// METADATA
// title: t
// description: d
// severity: HIGH
// match: {eventSource: s3.amazonaws.com, eventName: DeleteBucketEncryption}
// resource: {type: 'AWS::S3::Bucket', id: request.?bucketName.orValue('unnamed')}
// message: m
request.?uri.orValue('') == 'http://x' || response.?uri.orValue('') == 'http://x'
";

fn judge(fields: Value, format: &str) -> Run {
    let folder = Folder::new();
    let policy = folder.write("guarded.cel", GUARDED);
    let log = folder.log("a.json.gz", &[with(violation(1), fields)]);
    let args = ["replay", log.to_str().unwrap(), "--policies", policy.to_str().unwrap()];
    evenkeel(args.into_iter().chain(["--format", format]))
}

#[test]
fn parameters_that_are_no_object_are_unknown_and_not_empty() {
    for side in ["requestParameters", "responseElements"] {
        for odd in [
            json!("HIDDEN_DUE_TO_SECURITY_REASONS"),
            json!("{\"uri\":\"htt"),
            json!(["http://x"]),
            json!(true),
        ] {
            let run = judge(json!({side: odd}), "jsonl");
            let statuses: Vec<_> = run.findings().iter().map(|f| f["status"].clone()).collect();
            assert_eq!(statuses, ["INSUFFICIENT_DATA"], "{side}: {odd}: {run:?}");
        }
    }
}

#[test]
fn null_and_absent_parameters_are_known_to_be_empty() {
    for empty in [
        json!({"requestParameters": null, "responseElements": null}),
        json!({"requestParameters": {}}),
    ] {
        let run = judge(empty, "jsonl");
        assert_eq!((run.code, run.findings().len()), (0, 0), "{run:?}");
    }
}

#[test]
fn what_was_omitted_is_counted_by_policy_and_by_cause() {
    let omitted = json!({"requestParameters": {"omitted": true, "reason": "too large"}});
    let run = judge(omitted.clone(), "text");
    assert!(run.out.contains("guarded  1 without enough data"), "{}", run.out);
    assert_eq!(run.count("CloudTrail omitted the parameters for their size"), 1, "{}", run.out);
    assert!(run.out.contains("Findings  0  nothing found, 1 without enough data"), "{}", run.out);
    let finding = &judge(omitted, "jsonl").findings()[0];
    assert_eq!(
        (&finding["status"], &finding["resource"]["id"]),
        (&json!("INSUFFICIENT_DATA"), &json!("unnamed"))
    );
}

#[test]
fn a_run_that_is_to_fail_fails_also_for_want_of_data() {
    let folder = Folder::new();
    let policy = folder.write("guarded.cel", GUARDED);
    let log = |name: &str, fields: Value| folder.log(name, &[with(violation(1), fields)]);
    let omitted = log("omitted.json.gz", json!({"requestParameters": {"omitted": true}}));
    let known = log("known.json.gz", json!({"requestParameters": {"uri": "https://x"}}));
    let run = |log: &std::path::Path, more: &[&str]| {
        let args = ["replay", log.to_str().unwrap(), "--policies", policy.to_str().unwrap()];
        evenkeel(args.iter().chain(more))
    };
    let said = "1 of severity HIGH or above could not be evaluated for want of data";
    let failed = run(&omitted, &["--fail-on", "HIGH"]);
    assert!(failed.code == 1 && failed.out.contains(said), "{failed:?}");
    // Neither where it is of less weight, nor where nobody asks, nor where all is known.
    for (log, more) in [
        (&omitted, &["--fail-on", "CRITICAL"][..]),
        (&omitted, &[]),
        (&known, &["--fail-on", "HIGH"]),
    ] {
        let passed = run(log, more);
        assert!(passed.code == 0 && !passed.out.contains("want of data"), "{more:?}: {passed:?}");
    }
}

#[test]
fn an_error_that_is_empty_is_no_failure() {
    let record =
        json!({"requestParameters": {"uri": "http://x"}, "errorCode": "", "errorMessage": ""});
    let run = judge(record, "jsonl");
    assert_eq!(run.findings().len(), 1, "a change that happened went without a finding: {run:?}");
}

#[test]
fn a_correction_that_shows_a_violation_is_found_whatever_came_before_it() {
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

//! Checks that the counts of a replay include every record, in each output.

use crate::support::{Folder, ONE_POLICY, Run, evenkeel, quiet, replay, violation, with};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::Path;

const INSIGHT: &str = r#"{"eventType":"AwsCloudTrailInsight","eventCategory":"Insight"}"#;

/// Returns a trail with records of every kind: 16 records in 4 files, and a file that is not a log.
fn trail() -> Folder {
    let folder = Folder::new();
    let failed = with(violation(9), json!({"errorCode": "AccessDenied"}));
    let mut records: Vec<Value> = (1..=5).map(violation).collect();
    records.extend((6..=8).map(quiet).chain([failed]));
    folder.log("logs/a.json.gz", &records);
    let text = format!("{},{},17,{INSIGHT}", violation(1), violation(2));
    folder.write("logs/b.json", format!("{{\"Records\":[{text}]}}"));
    let elsewhere = with(violation(11), json!({"awsRegion": "us-east-1"}));
    folder.write("logs/c.ndjson", format!("{}\n{elsewhere}\n", quiet(10)));
    folder.write("logs/d.json", r#"{"digestStartTime": "x", "digestS3Bucket": "b"}"#);
    folder.write("logs/notes.txt", "no log");
    folder
}

fn run(folder: &Folder, format: &str, out: &Path) -> Run {
    let logs = folder.path().join("logs");
    let args =
        ["replay", logs.to_str().unwrap(), "--policies", ONE_POLICY, "--region", "eu-central-1"];
    evenkeel(args.into_iter().chain(["--format", format, "--out", out.to_str().unwrap()]))
}

fn summary(out: &Path) -> Value {
    let files = walkdir::WalkDir::new(out).into_iter().map(|entry| entry.unwrap().into_path());
    let path = files.into_iter().find(|path| path.ends_with("summary.json")).unwrap();
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
fn the_printed_counts_add_up_to_the_number_of_records() {
    let folder = trail();
    let out = folder.path().join("evidence");
    for format in ["text", "jsonl", "ocsf"] {
        let run = run(&folder, format, &out);
        assert_eq!(run.code, 3, "{run:?}");
        for (count, what) in [
            (4, "files"),
            (16, "records, of which"),
            (6, "evaluated by at least one policy"),
            (4, "not matched by any selected policy"),
            (2, "duplicates (same eventID and content)"),
            (1, "outside --since, --until, --account or --region"),
            (1, "not readable"),
            (1, "skipped: CloudTrail digest"),
            (1, "skipped: CloudTrail Insight events"),
            (1, "files ignored (not log files)"),
        ] {
            assert_eq!(run.count(what), count, "{format}: {what}: {run:?}");
        }
    }
}

#[test]
fn the_summary_in_the_ledger_equals_the_printed_summary() {
    let folder = trail();
    let out = folder.path().join("evidence");
    let run = run(&folder, "jsonl", &out);
    let stored = summary(&out);
    assert_eq!(stored["records"], 16);
    let sums = &stored["sums"];
    let skipped = sums["skipped"].as_object().unwrap().values();
    let parts = ["evaluated", "unwatched", "duplicates", "filtered", "bad"];
    let parts = parts.map(|part| sums[part].as_u64().unwrap());
    assert_eq!(parts, [6, 4, 2, 1, 1]);
    let all = skipped.fold(parts.iter().sum(), |sum: u64, n| sum + n.as_u64().unwrap());
    assert_eq!(all, 16);
    assert_eq!(sums["severities"], json!({"MEDIUM": 5}));
    assert_eq!(sums["accounts"], json!({"111122223333": 5}));
    assert_eq!((&sums["files"], &sums["troubleCount"]), (&json!(4), &json!(1)));
    assert_eq!(run.findings().len(), 5);
    let by_policy = sums["policies"].as_object().unwrap();
    let statuses = by_policy.values().next().unwrap();
    assert_eq!(by_policy.len(), 1);
    assert_eq!((&statuses["nonCompliant"], &statuses["notApplicable"]), (&json!(5), &json!(1)));
}

#[test]
fn the_ledger_stores_each_finding_by_uid_and_a_second_run_adds_none() {
    let folder = trail();
    let out = folder.path().join("evidence");
    let stored = || -> BTreeSet<String> {
        let files = walkdir::WalkDir::new(&out).into_iter().map(Result::unwrap);
        let files = files.filter(|entry| entry.file_type().is_file());
        files.map(|entry| entry.file_name().to_str().unwrap().to_owned()).collect()
    };
    let first = run(&folder, "jsonl", &out);
    let uid = |finding: &Value| format!("{}.json", finding["uid"].as_str().unwrap());
    let mut expected: BTreeSet<String> = first.findings().iter().map(uid).collect();
    expected.insert("summary.json".to_owned());
    assert_eq!(stored(), expected);
    assert_eq!(run(&folder, "ocsf", &out).code, 3);
    assert_eq!(stored(), expected);
}

#[test]
fn several_records_of_one_action_give_one_finding() {
    let again = |fields: Value| {
        with(with(violation(1), json!({"eventID": "00000000-0000-4000-8000-00000000ffff"})), fields)
    };
    let shared = json!({"sharedEventID": "s-1"});
    let original = violation(1)["eventID"].clone();
    for (what, records) in [
        ("a shared event", [with(violation(1), shared.clone()), again(shared)]),
        ("a correction", [violation(1), again(json!({"addendum": {"originalEventID": original}}))]),
    ] {
        let folder = Folder::new();
        let run = replay(&folder.log("a.json.gz", &records));
        let uids: BTreeSet<String> =
            run.findings().iter().map(|finding| finding["uid"].to_string()).collect();
        assert_eq!((run.findings().len(), uids.len()), (1, 1), "{what}: {run:?}");
        assert_eq!(run.count("111122223333"), 1, "{what}: {run:?}");
        assert_eq!(run.count("s3-bucket-encryption-removed"), 1, "{what}: by policy: {run:?}");
    }
}

#[test]
fn an_event_with_a_copied_id_is_evaluated_unless_it_is_identical() {
    let folder = Folder::new();
    let failed = with(violation(1), json!({"errorCode": "AccessDenied"}));
    let id = violation(1)["eventID"].as_str().unwrap().to_uppercase();
    let elsewhere = json!({"recipientAccountId": "444455556666"});
    let reordered: Value = violation(1).as_object().unwrap().clone().into_iter().rev().collect();
    folder.log("logs/a.json.gz", &[failed]);
    folder.log("logs/b.json.gz", &[violation(1), with(violation(1), elsewhere)]);
    folder.log("logs/c.json.gz", &[with(violation(1), json!({"eventID": id, "readOnly": false}))]);
    folder.log("logs/d.json.gz", &[violation(1), reordered]);
    let run = replay(&folder.path().join("logs"));
    let accounts = |account: &str| {
        run.findings().iter().filter(|f| f["resource"]["account"] == account).count()
    };
    assert_eq!((accounts("111122223333"), accounts("444455556666")), (1, 1), "{run:?}");
    let other = "of which with the eventID of an earlier record, but different content";
    assert_eq!(
        (run.count(other), run.count("duplicates (same eventID and content)")),
        (3, 2),
        "{run:?}"
    );
    for named in [
        "Same eventID, different content  3",
        "b.json.gz, record 1",
        "b.json.gz, record 2",
        "c.json.gz, record 1",
    ] {
        assert!(run.err.contains(named), "{named}: {}", run.err);
    }
    assert_eq!((run.code, run.count("records, of which")), (0, 6), "{run:?}");
}

#[test]
fn events_with_the_same_id_and_different_content_are_all_reported() {
    let folder = Folder::new();
    let decoy =
        json!({"userIdentity": {"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/decoy"}});
    folder.log("logs/a.json.gz", &[with(violation(1), decoy), violation(1), violation(1)]);
    let run = replay(&folder.path().join("logs"));
    let actors: Vec<String> =
        run.findings().iter().map(|f| f["actor"]["principal"].to_string()).collect();
    assert_eq!(actors.len(), 2, "{run:?}");
    assert!(actors[0].contains("user/decoy") && actors[1].contains("user/jo"), "{actors:?}");
}

#[test]
fn since_is_inclusive_and_until_is_exclusive() {
    let folder = Folder::new();
    let at = |number, time: &str| with(violation(number), json!({"eventTime": time}));
    let log = folder.log(
        "a.json.gz",
        &[
            at(1, "2026-03-11T11:59:59Z"),
            at(2, "2026-03-11T12:00:00Z"),
            at(3, "2026-03-11T12:59:59Z"),
            at(4, "2026-03-11T13:00:00Z"),
            at(5, "some day"),
        ],
    );
    for (since, until) in [
        ("2026-03-11T12:00:00Z", "2026-03-11T13:00:00Z"),
        ("2026-03-11T13:00:00+01:00", "2026-03-11T08:00:00-05:00"),
    ] {
        let args = ["replay", log.to_str().unwrap(), "--since", since, "--until", until];
        let run = evenkeel(args.into_iter().chain(["--policies", ONE_POLICY, "--format", "jsonl"]));
        // An event with an unreadable time is evaluated, because it may be within the limits.
        assert_eq!(run.resources(), ["bucket-2", "bucket-3", "bucket-5"], "{since}: {run:?}");
    }
}

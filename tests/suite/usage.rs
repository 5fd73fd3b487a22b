//! Tests help, exit codes, machine-readable output and counts of the command.

use crate::support::{Folder, ONE_POLICY, evenkeel, quiet, violation, with};
use serde_json::{Value, json};

const POLICY: &str = "// METADATA
// title: t
// description: d
// severity: LOW
// match: {eventSource: s3.amazonaws.com, eventName: DeleteBucketEncryption}
// resource: {type: 'AWS::S3::Bucket', id: request.bucketName}
// message: m {{request.bucketName}}
request.bucketName.startsWith('bucket')
";

const CASES: &str = "base:
  delete: {eventSource: s3.amazonaws.com, eventName: DeleteBucketEncryption, requestParameters: {bucketName: bucket}}
cases:
  - {name: wrong, expect: NON_COMPLIANT, message: m bucket}
  - {name: right, merge: {requestParameters: {bucketName: x}}, expect: COMPLIANT}
";

#[test]
fn the_help_of_each_command_has_examples_and_exit_codes() {
    let help = evenkeel(["--help"]).out;
    assert!(help.contains("Examples:") && help.contains("Exit codes:"), "{help}");
    let (_, groups) = help.split_once("Author policies:\n").unwrap();
    let (groups, _) = groups.split_once("Options:\n").unwrap();
    let commands: Vec<&str> = groups
        .lines()
        .filter_map(|line| line.strip_prefix("  ")?.split_whitespace().next())
        .collect();
    assert_eq!(commands.len(), 22, "{commands:?}");
    for command in commands {
        let run = evenkeel([command, "--help"]);
        assert_eq!(run.code, 0);
        let (_, after) = run.out.split_once("Examples:\n").unwrap();
        assert!(after.contains("Exit codes:\n"), "{command}: {}", run.out);
    }
    assert_eq!(evenkeel(["replay", "x", "--colour"]).code, 2);
    for shell in ["bash", "zsh", "fish"] {
        assert!(evenkeel(["completions", shell]).out.contains("evenkeel"));
    }
}

#[test]
fn the_counts_add_up_and_duplicates_are_evaluated_once() {
    let folder = Folder::new();
    let old = with(violation(3), json!({"eventTime": "2026-03-10T23:59:59Z"}));
    folder.log("a.json.gz", &[violation(1), quiet(2), old]);
    folder.log("b.json.gz", &[violation(1), violation(4), quiet(2)]);
    let out = folder.path().join("evidence");
    let run = evenkeel([
        "replay",
        folder.path().to_str().unwrap(),
        "--since",
        "2026-03-11",
        "--out",
        out.to_str().unwrap(),
    ]);
    assert_eq!(run.code, 0, "{run:?}");
    assert_eq!(run.count("records, of which"), 6);
    assert_eq!(run.count("evaluated by at least one policy"), 2);
    assert_eq!(run.count("not matched by any selected policy"), 2);
    assert_eq!(run.count("duplicates (same eventID and content)"), 1);
    assert_eq!(run.count("outside --since, --until, --account or --region"), 1);
    let files: Vec<String> = walkdir::WalkDir::new(&out)
        .into_iter()
        .map(Result::unwrap)
        .filter(|entry| entry.file_type().is_file())
        .map(|entry| entry.path().display().to_string())
        .filter(|name| name.contains("/runs/"))
        .collect();
    let findings = files.iter().filter(|name| {
        name.contains(
            "/findings/class=2003/region=eu-central-1/accountId=111122223333/eventDay=20260311/",
        )
    });
    assert_eq!(findings.count(), 2, "{files:?}");
    let summary = files.iter().find(|name| name.ends_with("summary.json")).unwrap();
    let summary: Value = serde_json::from_str(&std::fs::read_to_string(summary).unwrap()).unwrap();
    assert_eq!(summary["records"], 6);
}

#[test]
fn filters_select_records_and_policies() {
    let folder = Folder::new();
    let path = folder.log(
        "a.json.gz",
        &[
            violation(1),
            with(violation(2), json!({"recipientAccountId": "444455556666"})),
            with(violation(3), json!({"awsRegion": "us-east-1"})),
            with(violation(4), json!({"eventTime": "2026-03-12T00:00:00Z"})),
        ],
    );
    for (flags, found) in [
        (vec!["--account", "444455556666"], vec!["bucket-2"]),
        (vec!["--region", "us-east-1"], vec!["bucket-3"]),
        (vec!["--since", "2026-03-12"], vec!["bucket-4"]),
        (vec!["--until", "2026-03-11T12:00:00Z"], vec![]),
        (vec!["--policy", "s3-bucket-encryption-*", "--account", "444455556666"], vec!["bucket-2"]),
        (vec!["--policy", "root-*"], vec![]),
        (vec!["--severity", "critical"], vec![]),
    ] {
        let args = ["replay", path.to_str().unwrap(), "--format", "jsonl"];
        let run = evenkeel(args.into_iter().chain(flags.clone()));
        assert_eq!(run.resources(), found, "{flags:?}: {run:?}");
    }
}

#[test]
fn invalid_arguments_are_reported_before_any_log_is_read() {
    for flags in [
        ["--since", "yesterday"],
        ["--until", "2026-13-01"],
        ["--policy", "no-such-policy"],
        ["--severity", "awful"],
        ["--threads", "0"],
    ] {
        let run = evenkeel(["replay", "/does/not/exist"].into_iter().chain(flags));
        assert_eq!((run.code, run.out.as_str()), (2, ""), "{flags:?}: {run:?}");
        assert!(!run.err.contains("no such file"), "{flags:?}: {}", run.err);
    }
}

#[test]
fn fail_on_decides_the_exit_code() {
    let folder = Folder::new();
    let path = folder.log("a.json.gz", &[violation(1)]);
    let code = |level: &str| {
        let args = ["replay", path.to_str().unwrap(), "--policies", ONE_POLICY];
        evenkeel(args.into_iter().chain(["--fail-on", level])).code
    };
    assert_eq!((code("low"), code("critical")), (1, 0));
}

#[test]
fn an_invalid_policy_stops_a_replay_before_any_log_is_read() {
    let folder = Folder::new();
    let log = folder.log("a.json.gz", &[violation(1)]);
    let policy = folder.write("mine.cel", POLICY.replace("startsWith", "startWith"));
    let run = evenkeel(["replay", log.to_str().unwrap(), "--policies", policy.to_str().unwrap()]);
    assert_eq!((run.code, run.out.as_str()), (1, ""), "{run:?}");
    assert!(run.err.contains("mine.cel:8:"), "{}", run.err);
    assert!(run.err.contains("did you mean `startsWith`?"), "{}", run.err);
}

#[test]
fn a_policy_that_fails_at_run_time_gives_an_error_finding() {
    let folder = Folder::new();
    let log = folder.log("a.json.gz", &[violation(1)]);
    let policy = folder
        .write("mine.cel", POLICY.replace("request.bucketName.starts", "request.bucket.starts"));
    let run = evenkeel([
        "replay",
        log.to_str().unwrap(),
        "--policies",
        policy.to_str().unwrap(),
        "--format",
        "jsonl",
    ]);
    assert_eq!(run.code, 1, "{run:?}");
    let finding = &run.findings()[0];
    assert_eq!(finding["status"], "ERROR");
    let message = finding["message"].as_str().unwrap();
    assert!(
        message.contains("mine.cel:8:") && message.contains("in `request.bucket`"),
        "{message}"
    );
}

#[test]
fn test_cases_are_run_and_differences_are_shown() {
    let folder = Folder::new();
    folder.write("mine.cel", POLICY);
    folder.write("mine.test.yaml", CASES);
    let path = folder.path().to_str().unwrap();
    assert_eq!(evenkeel(["test", path]).code, 0);
    folder.write("mine.test.yaml", CASES.replace("m bucket", "m other"));
    let run = evenkeel(["test", path]);
    assert_eq!(run.code, 1);
    assert!(
        run.out.contains("expected  m other") && run.out.contains("actual    m bucket"),
        "{}",
        run.out
    );
    let report: Value =
        serde_json::from_str(&evenkeel(["test", path, "--format", "json"]).out).unwrap();
    assert_eq!((report["passed"].as_u64(), report["failed"].as_u64()), (Some(1), Some(1)));
    let junit = evenkeel(["test", path, "--format", "junit"]).out;
    assert!(junit.contains("<testsuites tests=\"2\" failures=\"1\">"), "{junit}");
    assert_eq!(junit.matches("<testcase").count(), 2);
}

#[test]
fn a_policy_needs_a_compliant_and_a_non_compliant_test_case() {
    let folder = Folder::new();
    folder.write("mine.cel", POLICY);
    let path = folder.path().to_str().unwrap();
    let run = evenkeel(["test", path]);
    assert!(run.code == 1 && run.err.contains("has no cases"), "{run:?}");
    folder.write("mine.test.yaml", CASES.lines().take(4).collect::<Vec<_>>().join("\n"));
    let run = evenkeel(["test", path]);
    assert!(run.code == 1 && run.err.contains("no case that is COMPLIANT"), "{run:?}");
    folder.write("mine.test.yaml", CASES.replace("merge:", "marge:"));
    assert!(evenkeel(["test", path]).err.contains("marge"));
}

#[test]
fn a_folder_without_policies_is_a_usage_error() {
    let folder = Folder::new();
    assert_eq!(evenkeel(["check", folder.path().to_str().unwrap()]).code, 2);
}

#[test]
fn an_unknown_flag_or_command_is_a_usage_error_with_a_suggestion() {
    for (args, meant) in [
        (&["replay", "x", "--polices", "p"][..], "--policies"),
        (&["check", "--formt", "json"], "--help"),
        (&["test", "--formt", "json"], "--format"),
        (&["replya", "x"], "replay"),
        (&["completions", "bsh"], "bash"),
        (&["replay"], "INPUT"),
    ] {
        let run = evenkeel(args);
        assert_eq!((run.code, run.out.as_str()), (2, ""), "{args:?}: {run:?}");
        assert!(run.err.contains(meant), "{args:?}: {}", run.err);
    }
}

#[test]
fn filters_that_select_nothing_are_a_usage_error() {
    let folder = Folder::new();
    let log = folder.log("a.json.gz", &[violation(1)]);
    let log = log.to_str().unwrap();
    for args in [
        &["replay", log, "--policy", "s3-bucket-encryption-removed", "--severity", "critical"][..],
        &["test", "--filter", "no case has this name"],
    ] {
        let run = evenkeel(args);
        assert_eq!(run.code, 2, "{args:?}: {run:?}");
    }
}

#[test]
fn missing_policies_and_ledgers_are_reported_before_any_log_is_read() {
    let folder = Folder::new();
    let log = folder.log("a.json.gz", &[violation(1)]);
    let file = folder.write("file", "");
    for (flag, path) in [
        ("--policies", folder.path().join("none")),
        ("--policies", folder.path().join("none.cel")),
        ("--out", file.join("below")),
    ] {
        let path = path.to_str().unwrap();
        let run = evenkeel(["replay", log.to_str().unwrap(), flag, path]);
        assert!(run.code >= 2 && run.out.is_empty(), "{flag} {path}: {run:?}");
        assert!(run.err.contains(path), "{}", run.err);
    }
}

//! Tests the remediation commands: `plan`, `apply`, `undo`, `approve`, `reject` and `status`.

use std::path::Path;

use crate::readme::{is_as_shown, shown_demonstration};
use crate::support::{Folder, evenkeel, violation};

/// Runs `examples/demo.sh` with the AWS stand-in.
#[test]
fn the_demo_detects_remediates_and_undoes_a_change() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("demo");
    let output = std::process::Command::new("bash")
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/demo.sh"))
        .arg(&folder)
        .env("EVENKEEL", env!("CARGO_BIN_EXE_evenkeel"))
        .env("PYTHON", evenkeel_testing::python::python().get_program())
        .output()
        .unwrap();
    let (out, err) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{out}{err}");
    let shown = out.lines().filter_map(|line| line.trim().strip_prefix("the stage calls "));
    let served: Vec<bool> = shown.map(|uri| uri.starts_with("https://")).collect();
    assert_eq!(served, [true, false, true, false], "{out}");
    assert!(out.contains("from the event to the remediated state"), "{out}");
    assert!(is_as_shown(&out, &shown_demonstration()), "the README shows other lines: {out}");
    let attempts = walkdir::WalkDir::new(folder.join("evidence/intents")).into_iter();
    let attempts = attempts.filter(|file| file.as_ref().unwrap().file_type().is_file());
    assert_eq!(attempts.count(), 1, "the finding was reported twice and must be remediated once");
    assert!(out.contains("undone: the state before attempt 1 was restored"), "{out}");
}

#[test]
fn an_empty_ledger_has_no_outcomes_and_no_findings() {
    let folder = Folder::new();
    let ledger = folder.path().to_str().unwrap();
    let run = evenkeel(["status", "--ledger", ledger]);
    assert_eq!(
        (run.code, run.out.as_str()),
        (0, "0 outcomes, 0 open, 0 attempts today, 0 failures today\n")
    );
    for command in ["plan", "apply", "undo", "approve", "reject"] {
        let run = evenkeel([&[command, "7f3c", "--ledger", ledger], reason(command)].concat());
        assert_eq!(run.code, 2, "{command}");
        assert!(run.err.contains("the ledger has no finding `7f3c`"), "{command}: {}", run.err);
    }
}

/// Returns the extra arguments that a command requires: `undo` needs a reason.
fn reason(command: &str) -> &'static [&'static str] {
    if command == "undo" { &["--reason", "INC-1"] } else { &[] }
}

fn policy(folder: &Folder, body: &str) -> String {
    let text = format!(
        "// METADATA
// title: t
// description: d
// severity: HIGH
// match: {{eventSource: s3.amazonaws.com, eventName: DeleteBucketEncryption}}
// resource: {{type: 'AWS::S3::Bucket', id: request.bucketName}}
// message: m
{body}
"
    );
    folder.write("p.cel", text).to_str().unwrap().to_owned()
}

/// A finding with several revisions is found by its uid, by a prefix of the uid, or by the key of
/// any revision. The commands use the latest revision.
#[test]
fn a_finding_with_revisions_is_found_by_its_uid() {
    let folder = Folder::new();
    let ledger = folder.path().join("evidence").to_str().unwrap().to_owned();
    let event = folder.write("event.json", violation(1).to_string());
    let ingest = |body: &str| {
        let (policy, event) = (policy(&folder, body), event.to_str().unwrap());
        let run = evenkeel(["ingest", event, "--policies", &policy, "--out", &ledger]);
        assert_eq!(run.code, 1, "{run:?}");
    };
    ingest("resource.configuration.open == true");
    let files = walkdir::WalkDir::new(&ledger).into_iter().map(Result::unwrap);
    let file = files.into_iter().find(|file| file.file_type().is_file()).unwrap();
    let uid = file.path().file_stem().unwrap().to_str().unwrap().to_owned();
    let key = file.path().strip_prefix(&ledger).unwrap().to_str().unwrap();
    let first = "the status of the finding is INSUFFICIENT_DATA";
    let latest = "the policy of the finding does not name a remediator";
    let plan = |finding: &str| evenkeel(["plan", finding, "--ledger", &ledger]).err;
    assert!(plan(&uid).contains(first), "{}", plan(&uid));
    ingest("true");
    for command in ["plan", "apply", "undo", "approve", "reject"] {
        for name in [uid.as_str(), uid.get(..8).unwrap(), key] {
            let run = evenkeel([&[command, name, "--ledger", &ledger], reason(command)].concat());
            assert!(run.err.contains(latest), "{command} {name}: {}", run.err);
        }
    }
    // Revision 10 is later than revision 9, although its key sorts before.
    for number in 2..=11 {
        let revised = file.path().with_extension("r1.json");
        let from = if number == 11 { file.path() } else { &revised };
        std::fs::copy(from, file.path().with_extension(format!("r{number}.json"))).unwrap();
    }
    assert!(plan(&uid).contains(first), "{}", plan(&uid));
    // Add another finding whose uid begins with the same characters.
    let other = format!("{}0", uid.get(..35).unwrap());
    let other = if other == uid { format!("{}1", uid.get(..35).unwrap()) } else { other };
    std::fs::copy(file.path(), file.path().with_file_name(format!("{other}.json"))).unwrap();
    assert!(plan(&uid).contains(first), "{}", plan(&uid));
    let short = uid.get(..35).unwrap();
    assert!(plan(short).contains("matches the uids of 2 findings"), "{}", plan(short));
}

#[test]
fn a_finding_of_a_replay_is_found_in_its_run() {
    let folder = Folder::new();
    let ledger = folder.path().join("evidence").to_str().unwrap().to_owned();
    let log = folder.log("a.json.gz", &[violation(1)]);
    let (policy, log) = (policy(&folder, "true"), log.to_str().unwrap());
    let args = ["replay", log, "--policies", &policy, "--format", "jsonl", "--out", &ledger];
    let uid = evenkeel(args).findings()[0]["uid"].as_str().unwrap().to_owned();
    let run = evenkeel(["plan", &uid, "--ledger", &ledger]);
    assert!(run.err.contains("does not name a remediator"), "{}", run.err);
}

#[test]
fn an_unreadable_ledger_record_is_reported() {
    let folder = Folder::new();
    std::fs::create_dir(folder.path().join("outcomes")).unwrap();
    folder.write("outcomes/x.json", "{");
    let run = evenkeel(["status", "--ledger", folder.path().to_str().unwrap()]);
    assert_eq!(run.code, 3);
    assert!(run.err.contains("cannot read outcomes/x.json"), "{}", run.err);
}

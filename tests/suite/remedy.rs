//! From a finding to a repaired resource and back, by the commands.

use std::path::Path;

use crate::support::{Folder, evenkeel};

/// Everything that a newcomer sees, before what stands in for AWS.
#[test]
fn the_demo_finds_repairs_and_undoes() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("demo");
    let run = evenkeel(["demo", "--folder", folder.to_str().unwrap()]);
    assert_eq!(run.code, 0, "{}", run.err);
    let told = run.out.lines().filter_map(|line| line.trim().strip_prefix("the stage calls "));
    let served: Vec<bool> = told.map(|uri| uri.starts_with("https://")).collect();
    assert_eq!(served, [true, false, true, false], "{}", run.out);
    assert!(run.out.contains("from the event to the repaired state"), "{}", run.out);
    let attempts = walkdir::WalkDir::new(folder.join("evidence/intents")).into_iter();
    let attempts = attempts.filter(|file| file.as_ref().unwrap().file_type().is_file());
    assert_eq!(attempts.count(), 1, "told twice, done once");
    assert!(run.out.contains("undone: set back to the state before attempt 1"), "{}", run.out);
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
        let run = evenkeel([command, "7f3c", "--ledger", ledger]);
        assert_eq!(run.code, 2, "{command}");
        assert!(run.err.contains("the ledger has no finding `7f3c`"), "{command}: {}", run.err);
    }
}

#[test]
fn a_broken_record_is_named() {
    let folder = Folder::new();
    std::fs::create_dir(folder.path().join("outcomes")).unwrap();
    folder.write("outcomes/x.json", "{");
    let run = evenkeel(["status", "--ledger", folder.path().to_str().unwrap()]);
    assert_eq!(run.code, 3);
    assert!(run.err.contains("cannot read outcomes/x.json"), "{}", run.err);
}

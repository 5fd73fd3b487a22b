//! Standard output may be a pipe that closes, a disk that is full, or no terminal at all.

use crate::support::{Folder, ONE_POLICY, command, evenkeel, violation};
use std::io::Read;
use std::path::PathBuf;
use std::process::Stdio;

/// A log whose findings are more than a pipe holds.
fn large(folder: &Folder) -> PathBuf {
    for first in [0, 1_000, 2_000] {
        let records: Vec<_> = (first..).take(1_000).map(violation).collect();
        folder.log(&format!("logs/{first}.json.gz"), &records);
    }
    folder.path().join("logs")
}

/// Runs the command until it has written a little, then closes its standard output.
fn with_a_reader_that_leaves(args: &[&str]) -> (Option<i32>, String) {
    let mut child =
        command().args(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut out = child.stdout.take().unwrap();
    out.read_exact(&mut [0; 10]).unwrap();
    drop(out);
    let output = child.wait_with_output().unwrap();
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn a_reader_that_leaves_early_is_no_error() {
    let folder = Folder::new();
    let logs = large(&folder);
    let logs = logs.to_str().unwrap();
    for args in [
        &["replay", logs, "--policies", ONE_POLICY][..],
        &["replay", logs, "--policies", ONE_POLICY, "--format", "jsonl"],
        &["replay", logs, "--policies", ONE_POLICY, "--format", "ocsf", "--threads", "1"],
        &["test", "--format", "json"],
        &["--help"],
        &["completions", "zsh"],
    ] {
        let (code, err) = with_a_reader_that_leaves(args);
        assert_eq!(code, Some(0), "{args:?}: {err}");
        assert!(!err.contains("panicked") && !err.contains("defect"), "{args:?}: {err}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_an_error_that_says_so() {
    let folder = Folder::new();
    let logs = large(&folder);
    for format in ["text", "jsonl", "ocsf"] {
        let output = command()
            .args(["replay", logs.to_str().unwrap(), "--policies", ONE_POLICY, "--format", format])
            .stdout(std::fs::File::create("/dev/full").unwrap())
            .output()
            .unwrap();
        let err = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(3), "{format}: {err}");
        assert!(err.contains("cannot write to standard output"), "{format}: {err}");
    }
}

#[test]
fn only_a_terminal_is_sent_colors_unless_they_are_asked_for() {
    let folder = Folder::new();
    let log = folder.log("a.json.gz", &[violation(1)]);
    let escape = |variable: &str| {
        let output = command()
            .args(["replay", log.to_str().unwrap(), "--policies", ONE_POLICY])
            .env(variable, "1")
            .output()
            .unwrap();
        output.stdout.contains(&0x1b)
    };
    assert!(!escape("NO_COLOR") && !escape("SOMETHING_ELSE"));
    assert!(escape("CLICOLOR_FORCE"));
}

#[test]
fn what_machines_read_stands_alone_on_standard_output() {
    let folder = Folder::new();
    let log = folder.log("a.json.gz", &[violation(1), violation(2)]);
    for format in ["jsonl", "ocsf"] {
        let run = evenkeel([
            "replay",
            log.to_str().unwrap(),
            "--policies",
            ONE_POLICY,
            "--format",
            format,
        ]);
        assert_eq!(run.findings().len(), 2, "{format}: {run:?}");
        assert!(run.err.contains("Findings  2"), "{format}: the sums are told elsewhere: {run:?}");
    }
}

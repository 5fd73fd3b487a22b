//! Tests standard output that is a closed pipe, a full disk, or not a terminal.

use crate::support::{Folder, ONE_POLICY, command, evenkeel, violation};
use std::io::Read;
use std::path::PathBuf;
use std::process::Stdio;

/// Writes logs whose findings exceed the buffer of a pipe. Returns their folder.
fn large(folder: &Folder) -> PathBuf {
    for first in [0, 1_000, 2_000] {
        let records: Vec<_> = (first..).take(1_000).map(violation).collect();
        folder.log(&format!("logs/{first}.json.gz"), &records);
    }
    folder.path().join("logs")
}

/// Runs the command, reads 10 bytes, then closes its standard output. Returns the exit code and
/// standard error.
fn with_a_reader_that_closes_the_pipe(args: &[&str]) -> (Option<i32>, String) {
    let mut child =
        command().args(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut out = child.stdout.take().unwrap();
    out.read_exact(&mut [0; 10]).unwrap();
    drop(out);
    let output = child.wait_with_output().unwrap();
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn a_pipe_that_the_reader_closes_is_not_an_error() {
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
        let (code, err) = with_a_reader_that_closes_the_pipe(args);
        assert_eq!(code, Some(0), "{args:?}: {err}");
        assert!(!err.contains("panicked") && !err.contains("defect"), "{args:?}: {err}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_reported_as_an_error() {
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
fn colors_are_written_only_to_a_terminal_unless_forced() {
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
fn machine_readable_formats_are_the_only_text_on_standard_output() {
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
        assert!(
            run.err.contains("Findings  2"),
            "{format}: the counts are not on standard error: {run:?}"
        );
    }
}

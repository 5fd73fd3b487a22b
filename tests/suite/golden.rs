//! Compares the findings of the example trails with files, byte for byte.

use crate::support::command;
use std::collections::BTreeSet;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

fn replay(format: &str, threads: &str) -> String {
    replay_of("examples/trail", format, threads)
}

fn replay_of(trail: &str, format: &str, threads: &str) -> String {
    let output = command()
        .args(["replay", trail, "--format", format, "--threads", threads])
        .current_dir(ROOT)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Compares an output with a file in `tests/golden/`. With `UPDATE=1`, writes the file.
fn golden(name: &str, actual: &str) {
    let path = format!("{ROOT}/tests/golden/{name}");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::create_dir_all(format!("{ROOT}/tests/golden")).unwrap();
        std::fs::write(&path, actual).unwrap();
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(
        actual, expected,
        "the output differs from {path}; run the tests with UPDATE=1 to accept it"
    );
}

#[test]
fn the_findings_of_the_example_trail_are_as_expected_in_each_format() {
    golden("afternoon.txt", &replay("text", "2"));
    golden("afternoon.jsonl", &replay("jsonl", "2"));
    golden("afternoon.ocsf.jsonl", &replay("ocsf", "2"));
}

#[test]
fn the_number_of_threads_does_not_change_the_output() {
    let one = replay("jsonl", "1");
    assert_eq!(one.lines().count(), 20);
    for threads in ["2", "3", "8"] {
        assert_eq!(replay("jsonl", threads), one, "the output differs with {threads} threads");
    }
}

#[test]
fn the_attack_example_finds_the_policies_that_its_readme_names() {
    golden("attacks.txt", &replay_of("examples/attacks/AWSLogs", "text", "2"));
    let found = replay_of("examples/attacks/AWSLogs", "jsonl", "2");
    let policy = |line: &str| -> String {
        let finding: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(finding["status"], "NON_COMPLIANT", "{line}");
        finding["policy"].as_str().unwrap().to_owned()
    };
    let found: BTreeSet<String> = found.lines().map(policy).collect();
    let story = std::fs::read_to_string(format!("{ROOT}/examples/attacks/README.md")).unwrap();
    // The last cell of each row of the table of events names the policies that report the event.
    let rows = story.lines().filter(|line| line.starts_with("| 0"));
    let cells = rows.filter_map(|row| row.trim_end_matches(" |").rsplit(" | ").next());
    let is_part = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let words =
        cells.flat_map(|cell| cell.split(|c| !is_part(c)).filter(|word| word.contains('-')));
    let named: BTreeSet<String> = words.map(str::to_owned).filter(|word| is_policy(word)).collect();
    assert_eq!(named, found, "the README and the findings name different policies");
}

/// Returns whether a shipped policy has this id.
fn is_policy(word: &str) -> bool {
    let folders = std::fs::read_dir(format!("{ROOT}/policies")).unwrap();
    folders
        .map(|entry| entry.unwrap().path())
        .any(|path| path.join(format!("{word}.cel")).is_file())
}

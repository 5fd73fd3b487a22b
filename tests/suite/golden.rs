//! The example trail gives the same findings, byte for byte, on any day.

use std::process::Command;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

fn replay(format: &str, threads: &str) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_evenkeel"))
        .args(["replay", "examples/trail", "--format", format, "--threads", threads])
        .current_dir(ROOT)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Compares with a file under `tests/golden/`, which `UPDATE=1` renews.
fn golden(name: &str, actual: &str) {
    let path = format!("{ROOT}/tests/golden/{name}");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::create_dir_all(format!("{ROOT}/tests/golden")).unwrap();
        std::fs::write(&path, actual).unwrap();
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(actual, expected, "{path}: run the tests with UPDATE=1 if this is meant");
}

#[test]
fn findings_as_text_as_json_and_as_ocsf() {
    golden("afternoon.txt", &replay("text", "2"));
    golden("afternoon.jsonl", &replay("jsonl", "2"));
    golden("afternoon.ocsf.jsonl", &replay("ocsf", "2"));
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let one = replay("jsonl", "1");
    assert_eq!(one.lines().count(), 10);
    for threads in ["2", "3", "8"] {
        assert_eq!(replay("jsonl", threads), one, "{threads} threads");
    }
}

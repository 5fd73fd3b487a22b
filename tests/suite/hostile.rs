//! What an event says reaches people as text, never as commands to their terminal.

use crate::support::{Folder, evenkeel, violation, with};
use serde_json::json;

const HOSTILE: &str = "\u{1b}]0;owned\u{7}\u{1b}[31m\r\n\u{202e}gpj\u{200b}\u{9b}2J<b>=cmd()";

#[test]
fn neither_findings_nor_sums_obey_an_event() {
    let folder = Folder::new();
    let record = with(
        violation(1),
        json!({
            "userIdentity": {"type": "IAMUser", "arn": format!("arn:{HOSTILE}")},
            "requestParameters": {"bucketName": HOSTILE},
            "sourceIPAddress": HOSTILE,
            "recipientAccountId": HOSTILE,
            "awsRegion": HOSTILE,
        }),
    );
    let path = folder.log("a.json.gz", &[record]);
    // The helper that runs the command refuses output with such characters.
    for format in ["text", "jsonl", "ocsf"] {
        let run = evenkeel(["replay", path.to_str().unwrap(), "--format", format]);
        assert_eq!(run.code, 0);
        assert!(
            run.out.contains("\\u{202e}gpj") || run.out.contains("\\u202egpj"),
            "{format}: {}",
            run.out
        );
    }
}

#[test]
fn neither_do_names_of_files_and_policies() {
    let folder = Folder::new();
    let policy = format!("// METADATA\n// title: {}\n", "\u{202e}x");
    folder.write("policies/\u{1b}[31mred.cel", &policy);
    folder.write("policies/blue.cel", policy);
    let run = evenkeel(["check", folder.path().to_str().unwrap()]);
    assert_eq!(run.code, 1);
}

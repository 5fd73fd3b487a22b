//! Checks that texts from events, files and arguments cannot control the terminal of the user.

use crate::support::{Folder, ONE_POLICY, command, evenkeel, violation, with};
use serde_json::json;

const HOSTILE: &str = "\u{1b}]0;owned\u{7}\u{1b}[31m\r\n\u{202e}gpj\u{200b}\u{9b}2J<b>=cmd()";

#[test]
fn control_characters_of_an_event_are_escaped_in_findings_and_counts() {
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
    // `evenkeel` in `support.rs` fails if the output contains such characters.
    for format in ["text", "jsonl", "ocsf"] {
        let run = evenkeel([
            "replay",
            path.to_str().unwrap(),
            "--policies",
            ONE_POLICY,
            "--format",
            format,
        ]);
        assert_eq!(run.code, 0);
        assert!(
            run.out.contains("\\u{202e}gpj") || run.out.contains("\\u202egpj"),
            "{format}: {}",
            run.out
        );
    }
}

#[test]
fn control_characters_in_names_of_policies_are_escaped() {
    let folder = Folder::new();
    let policy = format!("// METADATA\n// title: {}\n", "\u{202e}x");
    folder.write("policies/\u{1b}[31mred.cel", &policy);
    folder.write("policies/blue.cel", policy);
    let run = evenkeel(["check", folder.path().to_str().unwrap()]);
    assert_eq!(run.code, 1);
}

/// Runs the command as on a terminal, with colors. Returns its output without the color sequences.
fn on_a_terminal(args: &[&str]) -> String {
    let output = command().args(args).env("CLICOLOR_FORCE", "1").output().unwrap();
    let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    let mut plain = String::new();
    for (number, part) in text.split("\u{1b}[").enumerate() {
        let rest = part.trim_start_matches(|c: char| c.is_ascii_digit() || c == ';');
        plain += if number == 0 { part } else { rest.strip_prefix('m').unwrap() };
    }
    plain
}

/// Fails if the output on a terminal contains control characters other than the color sequences of
/// Evenkeel.
fn assert_escaped(args: &[&str]) {
    let text = on_a_terminal(args);
    let bad = text.chars().find(|c| *c != '\n' && evenkeel_rules::is_deceptive(*c));
    assert_eq!(bad, None, "{args:?}: {text:?}");
    assert!(!text.is_empty());
}

const POLICY: &str = "// METADATA
// title: t
// description: d
// severity: LOW
// match: {eventSource: s3.amazonaws.com, eventName: DeleteBucketEncryption}
// resource: {type: 'AWS::S3::Bucket', id: request.bucketName}
// message: m {{request.bucketName}}
request.bucketName != ''
";

#[test]
fn a_terminal_receives_only_color_sequences_of_evenkeel() {
    let folder = Folder::new();
    let hostile = "\u{1b}]0;owned\u{7}\r\u{202e}\u{9b}2J\u{2066}\u{7f}";
    let record = with(
        violation(1),
        json!({
            "userIdentity": {"type": hostile, "arn": hostile},
            "requestParameters": {"bucketName": hostile},
            "sourceIPAddress": hostile, "userAgent": hostile, "recipientAccountId": hostile,
            "awsRegion": hostile, "eventTime": hostile, "eventID": hostile,
        }),
    );
    folder.log(&format!("logs/{}.json.gz", hostile.replace('/', "")), &[record, json!(17)]);
    let policies = folder.path().join("policies");
    folder.write("policies/mine.cel", POLICY);
    let quoted = r#""\u202e\e]0;owned\a\x9b""#;
    folder.write(
        "policies/mine.test.yaml",
        format!(
            "base:\n  a: {{eventSource: s3.amazonaws.com, eventName: DeleteBucketEncryption, \
             requestParameters: {{bucketName: {quoted}}}}}\ncases:\n  - {{name: {quoted}, expect: \
             COMPLIANT, message: {quoted}}}\n  - {{name: b, expect: NON_COMPLIANT}}\n"
        ),
    );
    let waiver = |condition: &str| {
        format!(
            "- id: {quoted}\n  policies: [mine]\n  {condition}\n  reason: {quoted}\n  ticket: T\n  \
             approvedBy: me\n  expires: 2027-01-01\n"
        )
    };
    let covering = folder.write("waived.yaml", waiver("resource: '*'"));
    let failing = folder.write("failing.yaml", waiver("when: finding.nothing == 1"));
    let (logs, policies) = (folder.path().join("logs"), policies.to_str().unwrap());
    let logs = logs.to_str().unwrap();
    for format in ["text", "jsonl", "ocsf"] {
        assert_escaped(&["replay", logs, "--policies", ONE_POLICY, "--format", format]);
        for waivers in [&covering, &failing] {
            let waivers = ["--waivers", waivers.to_str().unwrap()];
            let replay = ["replay", logs, "--policies", policies, "--format", format];
            assert_escaped(&[&replay[..], &waivers].concat());
        }
    }
    assert_escaped(&["test", policies]);
}

#[test]
fn a_quoted_line_of_an_invalid_file_is_escaped() {
    let hostile = "\u{1b}]0;owned\u{7}\u{202e}\u{9b}2J";
    for (from, to) in [("!= ''", "!= nosuch"), ("title: t", "title: [t"), ("m {{", "m {{nosuch")] {
        let folder = Folder::new();
        let policy = POLICY.replacen(from, &format!("{to} {hostile}"), 1);
        let path = folder.write("mine.cel", policy);
        assert_escaped(&["check", path.to_str().unwrap()]);
        assert_escaped(&["replay", "nothing", "--policies", path.to_str().unwrap()]);
    }
}

#[test]
fn an_argument_in_an_error_message_is_escaped() {
    let hostile = "\u{1b}]0;owned\u{7}\u{202e}\u{9b}2J";
    for args in [
        &["replay", hostile, "--policies", ONE_POLICY][..],
        &["replay", "x", "--since", hostile],
        &["replay", "x", "--policies", ONE_POLICY, "--policy", hostile],
        &["replay", "x", "--policies", hostile],
        &["replay", "x", "--policies", ONE_POLICY, "--waivers", hostile],
        &["check", hostile],
    ] {
        assert_escaped(args);
    }
}

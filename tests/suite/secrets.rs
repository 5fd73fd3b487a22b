//! Checks that error texts contain no values of events, because more people read findings, logs and
//! emails than events.

use crate::support::{Folder, Run, evenkeel, violation, with};
use evenkeel_ledger::Notice;
use evenkeel_rules::ocsf;
use serde_json::json;
use std::path::Path;

const SECRET: &str = "hunter2-S3CRET";

fn policy(id: &str, body: &str, message: &str) -> String {
    format!(
        "// METADATA
// title: t
// description: d
// severity: HIGH
// match: {{eventSource: s3.amazonaws.com, eventName: DeleteBucketEncryption}}
// resource:
//   type: 'AWS::S3::Bucket'
//   id: {id}
// message: {message}
{body}
"
    )
}

/// Policy bodies that fail on a value of the event. Each body fails in a different way.
const FAILING: [&str; 18] = [
    "request.userData + 1 == ''",
    "request.missing == request.userData",
    "request[request.userData] == 1",
    "parse_json(request.userData).a == 1",
    "cidr(request.userData).prefixLength() == 1",
    "ip(request.userData).family() == 4",
    "arn(request.userData).service == ''",
    "duration(request.userData) == duration('1s')",
    "timestamp(request.userData) == now",
    "int(request.userData) == 1",
    "'x'.matches(request.pattern)",
    "[1][request.userData] == 1",
    "request.userData < 1",
    "now.getHours(request.userData) == 1",
    "{request.userData: 1, request.userData: 2}.size() == 1",
    "base64.decode(request.userData) == b''",
    "'%d'.format([request.userData]) == ''",
    "iam.public(request.document) != []",
];

fn trail(folder: &Folder) -> String {
    let statement = json!({"Effect": SECRET, "Principal": "*", "Action": "s3:*", "Resource": "*"});
    let request = json!({
        "bucketName": "bucket-1", "userData": SECRET, "pattern": format!("[{SECRET}"),
        "document": {"Statement": [statement]},
    });
    let record = with(violation(1), json!({"requestParameters": request}));
    folder.write("event.json", record.to_string()).to_str().unwrap().to_owned()
}

/// Returns the texts of all files below a folder.
fn written(folder: &Path) -> Vec<String> {
    let files = walkdir::WalkDir::new(folder).into_iter().map(Result::unwrap);
    let files = files.filter(|entry| entry.file_type().is_file());
    files.map(|entry| std::fs::read_to_string(entry.path()).unwrap()).collect()
}

/// Evaluates the event with `replay`, in each format, and with `ingest`. Returns all printed and
/// written texts.
fn evaluate_each_way(event: &str, policies: &str, folder: &Folder) -> Vec<String> {
    let mut texts = Vec::new();
    let ledger = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    for format in ["text", "jsonl", "ocsf"] {
        let out = ledger(format);
        let arguments =
            ["replay", event, "--policies", policies, "--format", format, "--out", &out];
        let Run { out, err, .. } = evenkeel(arguments);
        texts.extend([out, err]);
    }
    let out = ledger("live");
    let Run { out, err, .. } = evenkeel(["ingest", event, "--policies", policies, "--out", &out]);
    texts.extend([out, err]);
    for name in ["text", "jsonl", "ocsf", "live"] {
        texts.extend(written(Path::new(&ledger(name))));
    }
    texts
}

#[test]
fn no_error_text_contains_a_value_of_the_event() {
    let folder = Folder::new();
    for (number, body) in FAILING.iter().enumerate() {
        let text = policy("request.bucketName", body, "m");
        folder.write(&format!("policies/failing-{number}.cel"), text);
        let text = policy("request.bucketName", "true", &format!("m {{{{{body}}}}}"));
        folder.write(
            &format!("policies/message-{number}.cel"),
            text.replace("message: m {{", "message: |\n//   m {{"),
        );
    }
    let text = policy("request.userData + 1", "true", "m");
    folder.write("policies/named.cel", text);
    let event = trail(&folder);
    let policies = folder.path().join("policies");
    let policies = policies.to_str().unwrap();
    let texts = evaluate_each_way(&event, policies, &folder);
    let findings = evenkeel(["replay", &event, "--policies", policies, "--format", "jsonl"]);
    let findings = findings.findings();
    let of = |status: &str| findings.iter().filter(|one| one["status"] == status).count();
    assert_eq!(
        (of("ERROR"), of("NON_COMPLIANT")),
        (FAILING.len() + 1, FAILING.len()),
        "{findings:#?}"
    );
    for text in texts {
        assert!(!text.contains(SECRET) && !text.contains("hunter2"), "{text}");
    }
}

#[test]
fn a_notice_names_the_missing_key_and_no_value() {
    let folder = Folder::new();
    let text = policy("request.bucketName", "true", "launched with {{request.keyName}}");
    let policy = folder.write("p.cel", text);
    let (event, out) = (trail(&folder), folder.path().join("live"));
    let (policy, out) = (policy.to_str().unwrap(), out.to_str().unwrap());
    assert_eq!(evenkeel(["ingest", &event, "--policies", policy, "--out", out]).code, 1);
    let records = written(Path::new(out));
    let finding = ocsf::read_finding(records[0].as_bytes()).unwrap();
    let notice = Notice::for_finding(&finding, "findings/x.json");
    assert!(
        notice.message.contains("launched with (unknown: request.keyName)"),
        "{}",
        notice.message
    );
    assert!(!notice.message.contains(SECRET), "{}", notice.message);
}

#[test]
fn explain_shows_the_values_of_the_event() {
    let folder = Folder::new();
    let text = policy("request.bucketName", "request.userData == '' || request.missing == ''", "m");
    let policy = folder.write("policies/p.cel", text);
    let event = trail(&folder);
    let run = evenkeel(["explain", policy.to_str().unwrap(), &event]);
    assert!(run.out.contains("ERROR") && run.out.contains("no such key: `missing`"), "{run:?}");
    assert!(run.out.contains(SECRET), "{run:?}");
}

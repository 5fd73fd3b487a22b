//! What an event holds reaches no error text: findings, logs and mails have more readers than events.

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

/// Bodies that fail on what the event holds, each in its own way.
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
    "public_statements(request.document) != []",
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

/// All that was written below a folder.
fn written(folder: &Path) -> Vec<String> {
    let files = walkdir::WalkDir::new(folder).into_iter().map(Result::unwrap);
    let files = files.filter(|entry| entry.file_type().is_file());
    files.map(|entry| std::fs::read_to_string(entry.path()).unwrap()).collect()
}

/// Puts the event through both ways, in each format; what was printed, and written.
fn each_way(event: &str, policies: &str, folder: &Folder) -> Vec<String> {
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
fn no_failure_tells_what_the_event_holds() {
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
    let texts = each_way(&event, policies, &folder);
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
fn a_mail_names_the_key_that_was_not_there_and_nothing_else() {
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
        notice.message.contains("launched with <no such key: `keyName`, in `request.keyName`>"),
        "{}",
        notice.message
    );
    assert!(!notice.message.contains(SECRET), "{}", notice.message);
}

#[test]
fn explain_shows_the_values_to_whoever_asks_for_them() {
    let folder = Folder::new();
    let text = policy("request.bucketName", "request.userData == '' || request.missing == ''", "m");
    let policy = folder.write("policies/p.cel", text);
    let event = trail(&folder);
    let run = evenkeel(["explain", policy.to_str().unwrap(), &event]);
    assert!(run.out.contains("ERROR") && run.out.contains("no such key: `missing`"), "{run:?}");
    assert!(run.out.contains(SECRET), "{run:?}");
}

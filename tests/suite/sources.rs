//! Checks that the same event produces the same finding, byte for byte, from every source.

use crate::support::{Folder, evenkeel, gzip, violation, with};
use base64::Engine as _;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;

/// The only policy that these tests load.
const POLICY: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/policies/s3/s3-bucket-encryption-removed.cel");

/// Returns the findings below a folder, by file name.
fn read_findings(folder: &Path) -> BTreeMap<String, String> {
    let files = walkdir::WalkDir::new(folder).into_iter().map(Result::unwrap);
    files
        .filter(|entry| entry.path().to_string_lossy().contains("/findings/class=2003/"))
        .filter(|entry| entry.file_type().is_file())
        .map(|entry| {
            let text = std::fs::read_to_string(entry.path()).unwrap();
            (entry.file_name().to_string_lossy().into_owned(), text)
        })
        .collect()
}

fn event() -> Value {
    json!({
        "version": "0", "id": "e-1", "source": "aws.s3", "account": "111122223333",
        "region": "eu-central-1", "time": "2026-03-11T12:00:05Z",
        "detail-type": "AWS API Call via CloudTrail", "detail": violation(1)
    })
}

fn queue(body: &str) -> Value {
    json!({"Records": [{
        "messageId": "m-1", "receiptHandle": "r", "body": body, "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:eu-central-1:111122223333:q", "awsRegion": "eu-central-1",
        "attributes": {}, "messageAttributes": {}
    }]})
}

fn base64(bytes: &[u8]) -> String {
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

/// Returns the payloads with which the sources deliver one event of the bus, each with the name of
/// the source.
fn sources(event: &Value) -> Vec<(&'static str, Value)> {
    let event = event.to_string();
    let logs = |message: &str| {
        json!({
            "messageType": "DATA_MESSAGE", "owner": "111122223333", "logGroup": "g",
            "logStream": "s", "subscriptionFilters": ["f"],
            "logEvents": [{"id": "1", "timestamp": 1, "message": message}]
        })
    };
    let stream = |data: &[u8]| {
        json!({"Records": [{
            "kinesis": {
                "kinesisSchemaVersion": "1.0", "partitionKey": "p", "sequenceNumber": "7",
                "data": base64(data), "approximateArrivalTimestamp": 1.0
            },
            "eventSource": "aws:kinesis", "eventVersion": "1.0", "eventID": "shard:7",
            "eventName": "aws:kinesis:record", "awsRegion": "eu-central-1",
            "eventSourceARN": "arn:aws:kinesis:eu-central-1:111122223333:stream/s"
        }]})
    };
    let topic = json!({
        "Type": "Notification", "MessageId": "n", "TopicArn": "arn:aws:sns:eu-central-1:111122223333:t",
        "Message": event, "Timestamp": "2026-03-11T12:00:06.000Z"
    });
    let packed = gzip(logs(&event).to_string().as_bytes());
    let parsed: Value = serde_json::from_str(&event).unwrap();
    vec![
        ("a rule of EventBridge", parsed.clone()),
        ("a list", json!([parsed])),
        ("a queue", queue(&event)),
        ("a batch in a queue", queue(&json!([parsed]).to_string())),
        ("a topic over a queue", queue(&topic.to_string())),
        ("a topic", json!({"Records": [{"EventSource": "aws:sns", "Sns": topic}]})),
        ("a log group", json!({"awslogs": {"data": base64(&packed)}})),
        ("a stream", stream(event.as_bytes())),
        ("a log group over a stream", stream(&packed)),
    ]
}

/// Evaluates a payload with the Lambda handler and as a log. Requires that both give the same
/// findings, and returns the findings.
fn evaluate_each_way(folder: &Folder, source: &str, payload: &Value) -> BTreeMap<String, String> {
    let file = folder.write("payload.json", payload.to_string());
    let packed = folder.write("payload.json.gz", gzip(format!("{payload}\n").as_bytes()));
    let mut each = Vec::new();
    for (number, (command, file)) in
        [("ingest", &file), ("replay", &file), ("replay", &packed)].into_iter().enumerate()
    {
        let out = folder.path().join(format!("{source}-{number}"));
        let (file, out_text) = (file.to_str().unwrap(), out.to_str().unwrap());
        let run = evenkeel([command, file, "--policies", POLICY, "--out", out_text]);
        assert!(run.code < 2, "{source}, {command}: {run:?}");
        each.push(read_findings(&out));
        std::fs::remove_dir_all(&out).unwrap();
    }
    let first = each.remove(0);
    assert_eq!(first.len(), 1, "{source}");
    for other in each {
        assert_eq!(other, first, "{source}");
    }
    first
}

#[test]
fn findings_of_live_events_and_of_a_replay_are_equal() {
    let folder = Folder::new();
    let log = folder.log("trail/a.json.gz", &[violation(1)]);
    let replayed = folder.path().join("replayed");
    let (log, out) = (log.to_str().unwrap(), replayed.to_str().unwrap());
    assert_eq!(evenkeel(["replay", log, "--out", out]).code, 0);
    let expected = read_findings(&replayed);
    assert_eq!(expected.len(), 1);
    for (source, payload) in sources(&event()) {
        assert_eq!(evaluate_each_way(&folder, source, &payload), expected, "{source}");
    }
}

/// The values of `detail-type` with which EventBridge delivers CloudTrail events.
const DETAIL_TYPES: [&str; 4] = [
    "AWS API Call via CloudTrail",
    "AWS Console Action via CloudTrail",
    "AWS Console Sign In via CloudTrail",
    "AWS Service Event via CloudTrail",
];

#[test]
fn a_forged_envelope_is_detected_from_every_source() {
    let folder = Folder::new();
    let forgeries = [
        (json!({"source": "my.app"}), "source"),
        (json!({"source": "aws.partner/example.com/x/y"}), "source"),
        (json!({"account": "999999999999"}), "account"),
        (json!({"region": "us-east-1"}), "region"),
    ];
    for (number, detail_type) in DETAIL_TYPES.into_iter().enumerate() {
        let genuine = with(event(), json!({"detail-type": detail_type}));
        let genuine_findings = evaluate_each_way(&folder, "genuine", &genuine);
        let (forgery, why) = &forgeries[number];
        let forged = with(genuine, forgery.clone());
        let mut each = Vec::new();
        for (source, payload) in sources(&forged) {
            each.push(evaluate_each_way(&folder, source, &payload));
        }
        for forged in &each {
            assert_eq!(forged, &each[0], "{detail_type}");
            let finding: Value = serde_json::from_str(forged.values().next().unwrap()).unwrap();
            let reason = finding["unmapped"]["possibly_forged"].as_str().unwrap();
            assert!(reason.contains(why), "{detail_type}: {reason}");
            assert_ne!(forged.keys().next(), genuine_findings.keys().next(), "{detail_type}");
        }
        let genuine: Value =
            serde_json::from_str(genuine_findings.values().next().unwrap()).unwrap();
        assert_eq!(genuine["unmapped"]["possibly_forged"], Value::Null, "{detail_type}");
    }
}

#[test]
fn events_that_are_not_evaluated_are_counted_by_kind() {
    let folder = Folder::new();
    let out = folder.path().join("evidence");
    let run = |payload: String| {
        let file = folder.write("payload.json", payload);
        let (file, out) = (file.to_str().unwrap(), out.to_str().unwrap());
        let run = evenkeel(["ingest", file, "--policies", POLICY, "--out", out]);
        assert_eq!(run.code, 0, "{run:?}");
        serde_json::from_str::<Value>(&run.out).unwrap()
    };
    let health = json!({"source": "aws.health", "detail-type": "AWS Health Event", "detail": {}});
    let unwatched = crate::support::quiet(1);
    assert_eq!(
        run(queue(&json!([health, unwatched]).to_string()).to_string()),
        json!({
            "batchItemFailures": [],
            "skipped": {"EventBridge: AWS Health Event": 1, "events that no policy matches": 1}
        })
    );
    assert_eq!(
        run(health.to_string()),
        json!({"findings": 0, "skipped": {"EventBridge: AWS Health Event": 1}})
    );
}

#[test]
fn a_message_that_cannot_be_evaluated_would_be_retried() {
    let folder = Folder::new();
    let out = folder.path().join("evidence");
    let run = |payload: &str| {
        let file = folder.write("payload.json", payload);
        evenkeel(["ingest", file.to_str().unwrap(), "--out", out.to_str().unwrap()])
    };
    let failed = run(&queue("garbage").to_string());
    assert_eq!(failed.code, 3, "{failed:?}");
    let answer: Value = serde_json::from_str(&failed.out).unwrap();
    assert_eq!(answer["batchItemFailures"][0]["itemIdentifier"], "m-1");
    let unknown = run(r#"{"hello": "world"}"#);
    assert!(unknown.code == 3 && unknown.err.contains("the function would fail"), "{unknown:?}");
}

#[test]
fn configuration_items_are_replayed_like_logs() {
    let folder = Folder::new();
    let item = |number: u32, public: bool| {
        json!({
            "configurationItemVersion": "1.3", "resourceType": "AWS::RDS::DBInstance",
            "resourceId": format!("db-{number}"), "awsAccountId": "111122223333",
            "awsRegion": "eu-central-1", "configurationStateId": number,
            "configurationItemStatus": "OK", "configurationItemCaptureTime": "2026-03-11T12:00:00Z",
            "configuration": {"publiclyAccessible": public, "dBInstanceIdentifier": format!("x-{number}")}
        })
    };
    let snapshot = json!({
        "fileVersion": "1.0", "configSnapshotId": "s",
        "configurationItems": [item(1, true), item(2, false), item(3, true)]
    });
    let path = folder.write("snapshot.json.gz", gzip(snapshot.to_string().as_bytes()));
    let policy = ["--policy", "rds-instance-public"];
    let run =
        evenkeel(["replay", path.to_str().unwrap(), "--format", "jsonl"].into_iter().chain(policy));
    assert_eq!(
        (run.code, run.resources()),
        (0, vec!["x-1".to_owned(), "x-3".to_owned()]),
        "{run:?}"
    );
    assert_eq!(run.count("records, of which"), 3);
}

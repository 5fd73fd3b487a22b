//! Replays unusual records: the command must evaluate or report each record.

use crate::support::{Folder, Run, gzip, replay, violation, with};
use serde_json::{Value, json};

/// Replays a log file with this text.
fn replay_text(text: &str) -> Run {
    let folder = Folder::new();
    replay(&folder.write("log.json", text))
}

fn replay_records(records: &[Value]) -> Run {
    replay_text(&json!({"Records": records}).to_string())
}

fn without(mut record: Value, name: &str) -> Value {
    record.as_object_mut().unwrap().remove(name).unwrap();
    record
}

#[test]
fn records_with_missing_or_mistyped_identifiers_are_evaluated() {
    let mut records = Vec::new();
    for name in ["eventID", "eventTime", "awsRegion", "recipientAccountId", "userIdentity"] {
        for odd in [Value::Null, json!(17), json!([]), json!({}), json!("")] {
            // The next test covers an empty `eventID`.
            if (name, &odd) != ("eventID", &json!("")) {
                let number = u32::try_from(records.len()).unwrap();
                records.push(with(violation(number), json!({name: odd})));
            }
        }
        let number = u32::try_from(records.len()).unwrap();
        records.push(without(violation(number), name));
    }
    let run = replay_records(&records);
    assert_eq!((run.code, run.resources().len()), (0, records.len()), "{run:?}");
    assert!(run.findings().iter().all(|finding| finding["status"] == "NON_COMPLIANT"));
}

#[test]
fn records_with_an_empty_event_id_are_not_duplicates() {
    let nameless = |number| with(violation(number), json!({"eventID": ""}));
    let run = replay_records(&[nameless(1), nameless(2)]);
    assert_eq!(run.resources(), ["bucket-1", "bucket-2"], "{run:?}");
}

#[test]
fn records_with_a_different_event_id_that_is_not_a_uuid_are_not_duplicates() {
    let called = |number, id: &str| {
        with(violation(number), json!({"eventID": id, "eventType": "AwsApiCall"}))
    };
    let run =
        replay_records(&[called(1, "EXAMPLE-1"), called(2, "EXAMPLE-2"), called(1, "EXAMPLE-1")]);
    assert_eq!(run.resources(), ["bucket-1", "bucket-2"], "{run:?}");
    // CloudTrail does not write such an id. The record is possibly forged, so its finding must not
    // be remediated.
    assert_eq!(run.findings()[0]["possiblyForged"], "the record's eventID is not a UUID");
}

#[test]
fn an_escaped_event_name_key_is_recognized() {
    let record =
        with(violation(1), json!({"requestParameters": {"bucketName": "b", "eventName": "Other"}}));
    let text =
        record.to_string().replacen("\"eventName\":\"Delete", "\"event\\u004eame\":\"Delete", 1);
    let run = replay_text(&format!("{{\"Records\":[{text}]}}"));
    assert_eq!(run.resources(), ["b"], "{run:?}");
}

#[test]
fn the_last_of_several_fields_with_the_same_name_counts() {
    let text = violation(1).to_string();
    let twice = text.replacen("\"bucketName\"", "\"bucketName\":\"first\",\"bucketName\"", 1);
    assert_eq!(replay_text(&twice).resources(), ["bucket-1"]);
    let renamed = text.replacen("\"eventTime\"", "\"eventName\":\"GetBucketAcl\",\"eventTime\"", 1);
    let run = replay_text(&renamed);
    assert_eq!((run.code, run.count("not matched by any selected policy")), (0, 1), "{run:?}");
}

#[test]
fn parameters_of_another_type_are_not_reported_as_compliant() {
    for odd in [json!("text"), json!([1]), json!(7), json!(true)] {
        let run =
            replay_records(&[with(violation(1), json!({"requestParameters": odd})), violation(2)]);
        let statuses: Vec<_> = run.findings().iter().map(|f| f["status"].clone()).collect();
        assert_eq!(statuses.len(), 2, "{odd}: {run:?}");
        assert_ne!(statuses[0], "NON_COMPLIANT", "{odd}: {run:?}");
    }
}

#[test]
fn an_oversized_record_is_reported_and_the_records_around_it_are_evaluated() {
    let long = with(violation(2), json!({"userAgent": "x".repeat(17 << 20)}));
    let run = replay_records(&[violation(1), long, violation(3)]);
    assert_eq!(
        (run.code, run.resources()),
        (3, vec!["bucket-1".to_owned(), "bucket-3".to_owned()])
    );
    assert!(run.err.contains("log.json, record 2: is longer than 16 MiB"), "{}", run.err);
}

#[test]
fn the_cause_of_many_problems_is_reported() {
    let folder = Folder::new();
    let odd: Vec<Value> = (0..40).map(|n| json!(n)).collect();
    let mut packed = gzip(json!({"Records": odd}).to_string().as_bytes());
    let checksum = packed.len() - 8;
    packed[checksum] ^= 0xff;
    folder.write("a/damaged.json.gz", packed);
    folder.log("b/good.json.gz", &[violation(9_000)]);
    folder.write("c/empty.json", "");
    let run = replay(folder.path());
    assert_eq!(run.code, 3);
    assert!(run.resources().contains(&"bucket-9000".to_owned()));
    for (file, cause) in
        [("damaged.json.gz", "the gzip data is damaged"), ("empty.json", "is empty")]
    {
        let named = run.err.lines().any(|line| line.contains(file) && line.contains(cause));
        assert!(named, "the output does not report `{cause}` for {file}: {}", run.err);
    }
}

#[test]
fn empty_files_and_folders_are_reported() {
    let folder = Folder::new();
    folder.write("logs/blank.json", " \n\t \n");
    folder.write("logs/blank.json.gz", gzip(b"  \n"));
    folder.write("logs/nothing.json.gz", gzip(b""));
    folder.log("logs/folder.json/good.json.gz", &[violation(1)]);
    let run = replay(&folder.path().join("logs"));
    assert_eq!((run.code, run.resources()), (3, vec!["bucket-1".to_owned()]), "{run:?}");
    for name in ["/blank.json: is empty", "/blank.json.gz: is empty", "/nothing.json.gz: is empty"]
    {
        assert!(run.err.contains(name), "{name}: {}", run.err);
    }
    std::fs::create_dir(folder.path().join("bare")).unwrap();
    let run = replay(&folder.path().join("bare"));
    assert!(run.code == 3 && run.err.contains("bare: the folder has no log file"), "{run:?}");
}

#[test]
fn events_of_other_services_are_skipped_and_counted_by_type() {
    let event = json!({"detail-type": "EC2 Instance State-change Notification", "source": "aws.ec2", "detail": {}});
    let run = replay_text(&event.to_string());
    let what = "skipped: EventBridge: EC2 Instance State-change Notification";
    assert_eq!((run.code, run.count(what)), (0, 1), "{run:?}");
}

#[test]
fn problems_beyond_the_displayed_ones_are_counted() {
    let odd: Vec<Value> = (0..33).map(|n| json!(n)).collect();
    let run = replay_records(&odd);
    assert_eq!((run.code, run.count("not readable")), (3, 33), "{run:?}");
    assert!(run.err.contains("Problems  33") && run.err.contains("and 13 more"), "{}", run.err);
}

#[test]
fn findings_caused_by_our_own_remediators_are_marked() {
    let acted = |number, role: &str, account: &str| {
        let issuer = json!({"type": "Role", "userName": role, "accountId": account});
        let identity = json!({
            "type": "AssumedRole", "accountId": account, "sessionContext": {"sessionIssuer": issuer}
        });
        with(violation(number), json!({"userIdentity": identity}))
    };
    let own = violation(1)["recipientAccountId"].as_str().unwrap().to_owned();
    let run = replay_records(&[
        acted(1, "evenkeel-remediate-s3", &own),
        acted(2, "evenkeel-remediate-s3", "999999999999"),
        acted(3, "someone", &own),
    ]);
    let marks: Vec<Value> =
        run.findings().iter().map(|finding| finding["actor"]["remediator"].clone()).collect();
    assert_eq!(marks, [json!("s3"), Value::Null, Value::Null]);
}

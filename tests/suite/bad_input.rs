//! Tests invalid input: it is reported and counted, the records around it are evaluated, and the
//! exit code is 3.

use crate::support::{
    Folder, ONE_POLICY, Run, evenkeel, evenkeel_with_input, gzip, quiet, replay, violation, with,
};
use serde_json::{Value, json};
use std::io::Write;

/// Replays a file together with a valid one. The valid file must be evaluated in every case.
fn beside(name: &str, content: impl AsRef<[u8]>) -> Run {
    let folder = Folder::new();
    folder.log("a/good.json.gz", &[violation(1)]);
    folder.write(&format!("b/{name}"), content);
    let run = replay(folder.path());
    assert!(run.resources().contains(&"bucket-1".to_owned()), "{name}: {run:?}");
    run
}

/// Replays a file with an error. The output must name the file and the error, and the exit code
/// must be 3.
fn wrong(name: &str, content: impl AsRef<[u8]>, message: &str) -> Run {
    let run = beside(name, content);
    assert_eq!(run.code, 3, "{name}: {run:?}");
    let named = run.err.lines().any(|line| line.contains(name) && line.contains(message));
    assert!(named, "{name}: no line with this file name and `{message}` in {}", run.err);
    run
}

fn log(records: &[Value]) -> String {
    json!({"Records": records}).to_string()
}

/// Returns the text of a log in which the record `odd` is between two violations.
fn with_odd_record(odd: &str) -> String {
    format!(r#"{{"Records":[{},{odd},{}]}}"#, violation(2), violation(3))
}

#[test]
fn damaged_gzip_files_are_reported() {
    let packed = gzip(log(&[violation(2), violation(3)]).as_bytes());
    let mut flipped = packed.clone();
    let middle = flipped.len() - 6;
    flipped[middle] ^= 0xff;
    wrong("crc.json.gz", flipped, "damaged");
    wrong("cut.json.gz", &packed[..packed.len() - 10], "cut off");
    let run = wrong("tail.json.gz", [packed.as_slice(), b"garbage"].concat(), "not gzip follow");
    assert_eq!(run.resources().len(), 3);
}

#[test]
fn gzip_with_several_members_or_under_any_file_name_is_read() {
    let text = log(&[violation(2), violation(3)]);
    let (head, tail) = text.split_at(100);
    let members = [gzip(head.as_bytes()), gzip(tail.as_bytes())].concat();
    for (name, content) in [
        ("members.json.gz", members),
        ("packed.json", gzip(text.as_bytes())),
        ("plain.json.gz", text.clone().into_bytes()),
        ("bom.json", [b"\xef\xbb\xbf", text.as_bytes()].concat()),
    ] {
        let run = beside(name, content);
        assert_eq!((run.code, run.resources().len()), (0, 3), "{name}: {run:?}");
    }
}

#[test]
fn a_gzip_bomb_is_refused() {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    let blanks = vec![b' '; 1 << 20];
    for _ in 0..200 {
        encoder.write_all(&blanks).unwrap();
    }
    wrong("bomb.json.gz", encoder.finish().unwrap(), "times its size");
}

#[test]
fn unsupported_file_formats_are_reported() {
    let utf16: Vec<u8> = log(&[violation(2)]).encode_utf16().flat_map(u16::to_le_bytes).collect();
    wrong("utf16.json", [b"\xff\xfe", utf16.as_slice()].concat(), "UTF-16");
    wrong("archive.json.gz", b"PK\x03\x04........", "zip");
    wrong("other.json", r#"{"hello": "world"}"#, "not a CloudTrail log");
    wrong("null.json", r#"{"Records": null}"#, "Records");
    wrong("text.json", r#"{"Records": "none"}"#, "Records");
}

#[test]
fn files_without_records_are_accepted_and_an_empty_file_is_reported() {
    for (name, content) in [("none.json", r#"{"Records": []}"#), ("lines.ndjson", "\n\n")] {
        let run = beside(name, content);
        assert_eq!(run.resources().len(), 1, "{name}: {run:?}");
    }
    wrong("empty.json", "", "empty");
}

#[test]
fn an_element_that_is_not_a_record_does_not_hide_the_records_around_it() {
    for odd in ["17", "\"text\"", "null", "[]", "[{}]"] {
        let run = wrong("odd.json", with_odd_record(odd), "record 2");
        assert_eq!(run.resources(), ["bucket-1", "bucket-2", "bucket-3"], "{odd}");
        assert_eq!(run.count("not readable"), 1, "{odd}");
    }
}

#[test]
fn an_unreadable_record_is_reported_with_its_cause() {
    let name = r#""eventName":"DeleteBucketEncryption""#;
    let deep = format!(r#"{{{name},"x":{}{}}}"#, "[".repeat(100_000), "]".repeat(100_000));
    for (odd, message) in [
        (format!("{{{name}}}"), "`eventSource`"),
        (format!(r#"{{{name},"eventSource":17}}"#), "`eventSource`"),
        (r#"{"eventSource":"s3.amazonaws.com","eventName":17}"#.to_owned(), "`eventName`"),
        ("{}".to_owned(), "`eventSource`"),
        (format!("{{{name},,}}"), "invalid JSON at byte"),
        (deep, "nested deeper than"),
    ] {
        let run = wrong("odd.json", with_odd_record(&odd), message);
        assert_eq!(run.resources().len(), 3, "{message}: {run:?}");
    }
}

#[test]
fn records_with_unusual_text_are_evaluated() {
    let text = violation(2).to_string();
    let replace = |from: &str, to: &[u8]| {
        let at = text.find(from).unwrap();
        [&text.as_bytes()[..at], to, &text.as_bytes()[at + from.len()..]].concat()
    };
    for (what, record, code) in [
        ("invalid UTF-8", replace("bucket-2", b"bucket-\xff\xfe"), 3),
        ("a lone surrogate", replace("bucket-2", br"bucket-\ud800"), 0),
        ("NUL", replace("bucket-2", b"bucket-\0"), 0),
        ("a control character", replace("bucket-2", b"bucket-\x1b[31m"), 0),
        ("an escaped key", replace("eventName", br"event\u004eame"), 0),
        ("an escaped name", replace("DeleteBucketE", br"\u0044eleteBucketE"), 0),
        (
            "two names, the last counts",
            replace("\"eventName\"", br#""eventName":"x","eventName""#),
            0,
        ),
        ("a number past the range", replace("null", b"1e999"), 0),
        ("10 MB of text", replace("198.51.100.7", &vec![b'x'; 10 << 20]), 0),
    ] {
        let content = [b"{\"Records\":[", record.as_slice(), b"]}"].concat();
        let run = beside("odd.json", content);
        assert_eq!((run.resources().len(), run.code), (2, code), "{what}: {}", run.err);
    }
}

#[test]
fn a_broken_line_does_not_hide_the_next_line() {
    let lines =
        format!("{}\n{{\"eventName\": \"x\n{}\r\n\n{}", violation(2), violation(3), quiet(4));
    let run = wrong("lines.ndjson", lines, "record 2");
    assert_eq!(run.resources(), ["bucket-1", "bucket-2", "bucket-3"]);
}

#[test]
fn other_log_formats_are_read() {
    let pretty = format!("{:#}", violation(2));
    let looked_up =
        json!({"Events": [{"EventId": "x", "CloudTrailEvent": violation(2).to_string()}]});
    let event = json!({
        "version": "0", "source": "aws.s3", "detail-type": "AWS API Call via CloudTrail",
        "account": "111122223333", "region": "eu-central-1", "detail": violation(2)
    });
    for (name, content) in [
        ("one.json", pretty),
        ("list.json", json!([quiet(1), violation(2)]).to_string()),
        ("lookup.json", looked_up.to_string()),
        ("event.json", event.to_string()),
        ("keys.json", format!(r#"{{"a":{{"b":[{{}}]}},"Records":[{}],"z":[{{}}]}}"#, violation(2))),
    ] {
        let run = beside(name, content);
        assert_eq!((run.resources().len(), run.code), (2, 0), "{name}: {run:?}");
    }
}

#[test]
fn digests_and_insight_events_are_skipped_and_counted() {
    let digest =
        json!({"awsAccountId": "1", "digestStartTime": "x", "digestS3Bucket": "b", "logFiles": []});
    let run = beside("digest.json", digest.to_string());
    assert_eq!((run.code, run.count("skipped: CloudTrail digest")), (0, 1), "{run:?}");
    let insight =
        json!({"eventType": "AwsCloudTrailInsight", "eventID": "x", "eventCategory": "Insight"});
    let run = beside("insight.json", log(&[insight]));
    assert_eq!((run.code, run.count("skipped: CloudTrail Insight events")), (0, 1), "{run:?}");
}

#[test]
fn thousands_of_small_files_are_replayed() {
    let folder = Folder::new();
    for number in 0..3_000 {
        folder.log(&format!("{}/{number}.json.gz", number % 7), &[violation(number)]);
    }
    let run = replay(folder.path());
    assert_eq!((run.code, run.findings().len()), (0, 3_000));
}

#[cfg(unix)]
#[test]
fn broken_and_circular_symbolic_links_are_reported() {
    let folder = Folder::new();
    folder.log("a.json.gz", &[violation(1)]);
    std::os::unix::fs::symlink(folder.path(), folder.path().join("loop")).unwrap();
    std::os::unix::fs::symlink("/does/not/exist", folder.path().join("gone.json")).unwrap();
    let run = replay(folder.path());
    assert_eq!((run.code, run.resources().len()), (3, 1), "{run:?}");
    assert!(run.err.contains("loop: ") && run.err.contains("gone.json: "), "{}", run.err);
}

#[cfg(unix)]
#[test]
fn a_sparse_file_is_read_to_its_end() {
    let folder = Folder::new();
    let path = folder.write("sparse.json", log(&[violation(1)]));
    std::fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(64 << 20).unwrap();
    let run = replay(&path);
    assert_eq!((run.code, run.resources().len()), (3, 1), "{run:?}");
}

#[test]
fn a_log_is_read_from_standard_input() {
    let run = evenkeel_with_input(
        ["replay", "-", "--policies", ONE_POLICY, "--format", "jsonl"],
        &gzip(log(&[violation(1)]).as_bytes()),
    );
    assert_eq!((run.code, run.resources().len()), (0, 1), "{run:?}");
}

#[test]
fn a_missing_path_is_reported_and_the_other_paths_are_read() {
    let folder = Folder::new();
    let good = folder.log("a.json.gz", &[violation(1)]);
    let logs = ["replay", "/does/not/exist", good.to_str().unwrap()];
    let run = evenkeel(logs.into_iter().chain(["--policies", ONE_POLICY, "--format", "jsonl"]));
    assert_eq!((run.code, run.resources().len()), (3, 1), "{run:?}");
    assert!(run.err.contains("/does/not/exist: no such file or folder"), "{}", run.err);
}

#[test]
fn an_input_that_was_not_read_does_not_look_compliant() {
    let folder = Folder::new();
    let (cut, quiet) = (folder.write("cut.json", r#"{"Records":[{"a"#), folder.path().join("b.gz"));
    folder.log("b.gz", &[crate::support::quiet(1)]);
    let (cut, quiet) = (cut.to_str().unwrap(), quiet.to_str().unwrap());
    for (inputs, code, headline) in [
        (vec!["/does/not/exist"], 3, "no record was read"),
        (vec![cut], 3, "no record was read"),
        (vec![cut, quiet], 3, "no violations in the readable records; see Problems"),
        (vec![quiet], 0, "no violations"),
    ] {
        let run = evenkeel([&["replay", "--policies", ONE_POLICY], inputs.as_slice()].concat());
        assert_eq!(run.code, code, "{inputs:?}: {run:?}");
        assert!(run.out.contains(&format!("Findings  0  {headline}\n")), "{inputs:?}: {run:?}");
    }
}

#[test]
fn a_record_with_a_nested_event_name_is_evaluated_by_its_own_event_name() {
    let record = with(violation(2), json!({"aaa": {"eventName": "Other"}}));
    let run = beside("nested.json", log(&[record]));
    assert_eq!(run.resources().len(), 2, "{run:?}");
}

//! Reads arbitrary bytes as a log file: no record is lost, and pieces of any size give the same
//! records.
#![no_main]

use std::io::Write;
use std::ops::ControlFlow;

use evenkeel_fuzz::{RECORD, fixed_policies, run_on_large_stack};
use evenkeel_ingest::{
    FileReport, LogItem, LogReader, MAX_RECORD, ReadProgress, evaluate_item, evaluate_record,
    split_in_pieces,
};
use evenkeel_rules::{EventFilter, RecordEvaluator, RecordOutcome, WaiverSet, json_line, ocsf};
use flate2::{Compression, write::GzEncoder};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fuzz_target!(|data: &[u8]| run_on_large_stack(data, check_log));

fn check_log(data: &[u8]) {
    let report = evaluate_log(data);
    check_gzip(data, &report);
    check_pieces(data);
    check_known_elements(data);
    check_next_line(data);
}

/// Evaluates all items of a log as a replay does. Each item that the report counts has an outcome.
fn evaluate_log(data: &[u8]) -> FileReport {
    let (waivers, filter) = (WaiverSet::default(), EventFilter::default());
    let mut evaluator = RecordEvaluator::new(fixed_policies(), &waivers, &filter);
    let (mut evaluated, mut unwatched, mut skipped, mut failed) = (0_u64, 0_u64, 0_u64, 0_u64);
    let mut last = 0;
    let report = read_log(data, &mut |item| {
        let (number, outcome) = match item {
            LogItem::Record { number, bytes, envelope } => {
                (number, evaluate_record(&mut evaluator, bytes, envelope))
            }
            LogItem::Resource { number, item, possibly_forged } => {
                (number, evaluate_item(&mut evaluator, item, possibly_forged))
            }
            LogItem::Invalid { number, .. } => {
                assert!(number > last, "item {number} follows item {last}");
                last = number;
                failed += 1;
                return;
            }
            LogItem::Skipped { count, .. } => {
                last += count;
                skipped += count;
                return;
            }
        };
        assert!(number > last, "item {number} follows item {last}");
        last = number;
        match outcome {
            Ok(RecordOutcome::Evaluated(event)) => {
                event.findings().for_each(check_finding);
                evaluated += 1;
            }
            Ok(RecordOutcome::Unwatched | RecordOutcome::Filtered) => unwatched += 1,
            Ok(RecordOutcome::Skipped(_)) => skipped += 1,
            Err(error) => {
                assert!(!error.to_string().is_empty());
                failed += 1;
            }
        }
    });
    let delivered = evaluated + unwatched + skipped + failed;
    assert_eq!(delivered, count_items(&report), "{report:?}");
    assert!(delivered > 0 || !report.problems.is_empty() || is_empty_list(data), "{report:?}");
    report
}

/// Fails if a finding cannot be written in an output format.
fn check_finding(finding: &evenkeel_rules::Finding) {
    let line = json_line(finding).expect("a finding is valid JSON");
    assert!(!line.contains('\n'));
    for text in [line, ocsf::serialize_finding(finding)] {
        serde_json::from_str::<Value>(&text).expect("a finding is valid JSON");
    }
}

fn read_log(data: &[u8], handle: &mut dyn FnMut(LogItem<'_>)) -> FileReport {
    let progress = ReadProgress::default();
    let report = LogReader::new().read_from("log", data, &progress, &mut |item| {
        handle(item);
        ControlFlow::Continue(())
    });
    assert_eq!(progress.current_counts().records, report.records);
    for problem in &report.problems {
        assert!(!problem.to_string().is_empty());
    }
    report
}

/// Returns the number of elements that a report accounts for.
fn count_items(report: &FileReport) -> u64 {
    let skipped: u64 = report.skipped.iter().map(|kind| kind.count).sum();
    report.records + report.resources + report.invalid_records + skipped
}

/// Returns whether the text is a document whose lists contain no element. It has no record to lose.
fn is_empty_list(data: &[u8]) -> bool {
    let text = String::from_utf8_lossy(data).replace('\u{feff}', "");
    let mut documents = serde_json::Deserializer::from_str(&text).into_iter::<Value>();
    documents.all(|document| match document {
        Ok(Value::Array(list)) => list.is_empty(),
        Ok(Value::Object(members)) => {
            members.values().any(|value| value.as_array().is_some_and(Vec::is_empty))
        }
        _ => false,
    })
}

/// Fails if the gzip form of a log gives another report than the log itself.
fn check_gzip(data: &[u8], plain: &FileReport) {
    // A reader looks for gzip data in gzip data, and reports it as such.
    if data.starts_with(b"\x1f\x8b") {
        return;
    }
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(data).expect("memory accepts all bytes");
    let packed = encoder.finish().expect("memory accepts all bytes");
    let unpacked = read_log(&packed, &mut |_| {});
    let stored = plain.compressed;
    assert_eq!(&FileReport { compressed: stored, ..unpacked }, plain);
}

/// Fails if the items depend on the sizes of the pieces in which the text is read.
fn check_pieces(data: &[u8]) {
    let whole = describe_pieces(data, data.len(), MAX_RECORD);
    let sum = data.iter().fold(0_usize, |sum, byte| sum.wrapping_mul(31) + usize::from(*byte));
    // Smaller pieces of a long text cost too much time, because a piece is scanned again with the
    // next one.
    let least = data.len() / 256;
    for size in [least, least + sum % 67, least + sum % 509] {
        assert_eq!(describe_pieces(data, size, MAX_RECORD), whole, "pieces of {size}");
    }
    // Records over the limit depend on the sizes of the pieces. They must not delay the splitter.
    describe_pieces(data, least + 1 + sum % 67, 1 + sum % 199);
}

/// Returns descriptions of all items and of the problems.
fn describe_pieces(data: &[u8], size: usize, longest: usize) -> Vec<String> {
    let mut items = Vec::new();
    let problems = split_in_pieces(data, size, longest, &mut |item| {
        if let LogItem::Record { bytes, .. } = item {
            assert!(bytes.len() <= longest, "a record of {} bytes", bytes.len());
        }
        items.push(format!("{item:?}"));
        ControlFlow::Continue(())
    });
    items.push(format!("{problems:?}"));
    items
}

/// Fails if a valid document has more elements than its report accounts for.
fn check_known_elements(data: &[u8]) {
    let Ok(document) = serde_json::from_slice::<Value>(data) else { return };
    let elements = match &document {
        Value::Array(list) => Some(list),
        Value::Object(members) if members.len() == 1 => {
            members.get("Records").and_then(Value::as_array)
        }
        _ => None,
    };
    let Some(elements) = elements else { return };
    // Members that occur twice are not in this text.
    let text = document.to_string();
    let mut records = Vec::new();
    let report = read_log(text.as_bytes(), &mut |item| {
        if let LogItem::Record { bytes, envelope: None, .. } = item {
            records.push(serde_json::from_slice::<Value>(bytes).expect("a part of valid JSON"));
        }
    });
    let problems = u64::try_from(report.problems.len()).expect("a small number");
    let expected = u64::try_from(elements.len()).expect("a small number");
    assert!(count_items(&report) + problems >= expected, "{report:?} for {text}");
    for record in elements.iter().filter(|element| is_record(element)) {
        assert!(records.contains(record), "lost {record} in {text}");
    }
}

/// Returns whether an element is certainly a CloudTrail record: it has nothing but the members of one.
fn is_record(element: &Value) -> bool {
    let required = ["eventVersion", "eventSource", "eventName", "eventID"];
    let known = ["userIdentity", "eventTime", "awsRegion", "requestParameters", "responseElements"];
    let Value::Object(members) = element else { return false };
    required.iter().all(|name| members.get(*name).is_some_and(Value::is_string))
        && members["eventSource"].as_str().is_some_and(|name| name.ends_with(".amazonaws.com"))
        && members.keys().all(|name| [&required[..], &known[..]].concat().contains(&name.as_str()))
}

/// Fails if a record on a line after the text is neither found nor missed with a report.
fn check_next_line(data: &[u8]) {
    let record = RECORD.trim();
    let text = [data, b"\n", record.as_bytes(), b"\n"].concat();
    let mut is_found = false;
    let report = read_log(&text, &mut |item| {
        if let LogItem::Record { bytes, .. } = item {
            is_found |= bytes == record.as_bytes();
        }
    });
    let is_reported = report.invalid_records > 0 || !report.problems.is_empty();
    assert!(is_found || is_reported, "{report:?}");
}

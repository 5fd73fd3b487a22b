//! Tests the splitter with all formats and difficult texts, in one piece and byte by byte.
#![expect(clippy::arithmetic_side_effects, clippy::string_slice, reason = "small known texts")]

mod random;

use std::ops::ControlFlow;

use super::*;
use crate::logs::MAX_RECORD;
use crate::payload::PayloadErrorKind;

/// The maximum size of a record in the tests of oversized records.
const LONGEST: usize = 200;

/// An item that owns its text.
#[derive(Debug, Clone, PartialEq, Eq)]
enum OwnedItem {
    Record(u64, String),
    Resource(u64, String),
    Invalid(u64, InvalidRecordError),
    Skipped(String, u64),
}

fn own_item(item: LogItem<'_>) -> OwnedItem {
    match item {
        LogItem::Record { number, bytes, .. } => {
            OwnedItem::Record(number, String::from_utf8_lossy(bytes).into_owned())
        }
        LogItem::Resource { number, item, .. } => OwnedItem::Resource(number, item.id.clone()),
        LogItem::Invalid { number, why } => OwnedItem::Invalid(number, why),
        LogItem::Skipped { kind, count } => OwnedItem::Skipped(kind.to_owned(), count),
    }
}

/// Splits a text in chunks, as a reader does: bytes that are not consumed are passed again with
/// more input.
fn split_in(text: &[u8], chunk: usize) -> (Vec<OwnedItem>, Vec<DocumentError>) {
    split_by(RecordSplitter::new(MAX_RECORD), text, chunk)
}

fn split_by(
    mut splitter: RecordSplitter,
    text: &[u8],
    chunk: usize,
) -> (Vec<OwnedItem>, Vec<DocumentError>) {
    let mut items = Vec::new();
    let (mut start, mut end) = (0, 0);
    loop {
        end = (end + chunk).min(text.len());
        let last = end == text.len();
        start += splitter.split_window(&text[start..end], last, &mut |item| {
            items.push(own_item(item));
            assert!(items.len() <= text.len(), "the splitter repeats an item");
            ControlFlow::Continue(())
        });
        if last {
            assert_eq!(start, end, "all bytes must be consumed in the end");
            return (items, splitter.document_problems().to_vec());
        }
    }
}

/// Splits a text as a whole, and checks that all other chunk sizes give the same result.
fn split(text: impl AsRef<[u8]>) -> (Vec<OwnedItem>, Vec<DocumentError>) {
    let text = text.as_ref();
    let whole = split_in(text, text.len().max(1));
    for chunk in 1..=200.min(text.len()) {
        assert_eq!(split_in(text, chunk), whole, "chunks of {chunk}");
    }
    whole
}

/// Splits a text that contains only records.
fn records(text: impl AsRef<[u8]>) -> Vec<String> {
    let (items, problems) = split(text);
    assert_eq!(problems, []);
    let text_of = |(index, item)| match item {
        OwnedItem::Record(number, text) => {
            assert_eq!(number, index as u64 + 1);
            text
        }
        other => panic!("{other:?}"),
    };
    items.into_iter().enumerate().map(text_of).collect()
}

fn record(number: u64, text: &str) -> OwnedItem {
    OwnedItem::Record(number, text.to_owned())
}

const A: &str = r#"{"eventVersion":"1.08","eventID":"a","x":"}{\"\\"}"#;
const B: &str = r#"{"eventID":"b","y":[{},{"z":[[]]}],"eventVersion":"1.08"}"#;

#[test]
fn every_log_format_is_split_into_its_records() {
    let pretty = "{\r\n  \"eventID\": \"p\",\r\n  \"z\": [\r\n    {\r\n    }\r\n  ]\r\n}";
    let shapes = [
        format!(r#"{{"Records":[{A},{B}]}}"#),
        format!("\u{feff}{{ \"Records\" :\n [ {A} ,\r\n\t{B} ] }}\n\n"),
        format!(
            r#"{{"n":[{{"Records":[]}}],"s":"Records","Records":[{A},{B}],"after":{{"k":"]}}"}},"t":1}}"#
        ),
        format!(r#"{{"\u0052ecords":[{A}]}}{{"Records":[{B}]}}"#),
        format!(r#"{{"Records":[{A}],"x":"y","Records":[{B}]}}"#),
        format!("{A}\n{B}\n"),
        format!("{A}\r\n\r\n  \r\n{B}"),
        format!("{A}{B}"),
        format!("{A}\t{B}"),
        format!("[{A},{B}]"),
        format!("\n[\n{A}\n,\n{B}\n]\n"),
        format!("[{A}]\n{B}"),
    ];
    for shape in shapes {
        assert_eq!(records(&shape), [A, B], "{shape}");
    }
    assert_eq!(records(A), [A]);
    assert_eq!(records(pretty), [pretty]);
    assert_eq!(records(format!("{pretty}\n{pretty}")), [pretty, pretty]);
    assert_eq!(records(r#"{"Records":[]}"#), [] as [&str; 0]);
    assert_eq!(records("[]"), [] as [&str; 0]);
}

#[test]
fn a_wrapped_record_is_unwrapped() {
    let inner = A.replace('\\', r"\\").replace('"', r#"\""#);
    let lookup = format!(r#"{{"EventId":"a","Resources":[{{}}],"CloudTrailEvent":"{inner}"}}"#);
    assert_eq!(records(format!(r#"{{"Events":[{lookup},{lookup}],"NextToken":"t"}}"#)), [A, A]);
    assert_eq!(records(format!("[{lookup}]")), [A]);
    for kind in ["AWS API Call via CloudTrail", "AWS Console Sign In via CloudTrail"] {
        let envelope = format!(r#"{{"detail":{A},"version":"0","detail-type":"{kind}"}}"#);
        assert_eq!(records(format!("{envelope}\n{envelope}\n")), [A, A]);
        assert_eq!(records(format!("[{envelope}]")), [A]);
    }
    let lookup = |why| InvalidRecordError::Carrier { what: "event of lookup-events", why };
    let event = InvalidRecordError::Carrier {
        what: "EventBridge event",
        why: PayloadErrorKind::Member("detail"),
    };
    let no_text = lookup(PayloadErrorKind::Member("CloudTrailEvent"));
    for (broken, why) in [
        (r#"{"CloudTrailEvent":17}"#, no_text),
        (r#"{"CloudTrailEvent":"{\"a\":"}"#, no_text),
        (r#"{"CloudTrailEvent":"\ud800"}"#, no_text),
        (r#"{"CloudTrailEvent":"{}"}"#, lookup(PayloadErrorKind::Member("eventName"))),
        (r#"{"detail-type":"AWS API Call via CloudTrail","detail":[]}"#, event),
        (r#"{"detail-type":"AWS API Call via CloudTrail","source":"aws.s3"}"#, event),
    ] {
        let (items, problems) = split(format!("{A}\n{broken}\n{B}"));
        assert_eq!(items, [record(1, A), OwnedItem::Invalid(2, why), record(3, B)]);
        assert_eq!(problems, []);
    }
}

#[test]
fn an_object_with_members_of_several_formats_has_the_first_matching_format() {
    let kinds = [
        (
            r#"{"eventID":"e","detail-type":"Scheduled Event","source":"x"}"#,
            "EventBridge: Scheduled Event",
        ),
        (r#"{"eventName":"s3:X","Event":"s3:TestEvent"}"#, "s3:TestEvent"),
        (r#"{"eventID":"e","eventSource":"\u0061ws:s3","eventName":"y"}"#, "S3 notification: y"),
    ];
    for (text, kind) in kinds {
        let skipped = OwnedItem::Skipped(kind.to_owned(), 1);
        for text in [text.to_owned(), format!("[{text}]"), format!(r#"{{"Records":[{text}]}}"#)] {
            assert_eq!(split(&text), (vec![skipped.clone()], vec![]), "{text}");
        }
    }
}

#[test]
fn known_objects_that_are_not_records_are_skipped_by_kind() {
    let skipped = |kind: &str, count| vec![OwnedItem::Skipped(kind.to_owned(), count)];
    let cases = [
        (r#"{"awsAccountId":"1","digestStartTime":"t"}"#, skipped("CloudTrail digest", 1)),
        (
            r#"{"detail-type":"Scheduled Event","detail":{}}"#,
            skipped("EventBridge: Scheduled Event", 1),
        ),
        (
            "{\"detail-type\":\"\u{202e}<b>\",\"detail\":{}}",
            skipped("EventBridge: events of an unnamed kind", 1),
        ),
    ];
    for (text, items) in cases {
        assert_eq!(split(text), (items, vec![]), "{text}");
    }
}

#[test]
fn a_text_that_is_not_a_log_is_reported() {
    let cases = [
        ("", DocumentError::Empty),
        (" \r\n\t", DocumentError::Empty),
        (r#"{"Records":null}"#, DocumentError::NullList),
        (r#"{"Records":{"a":[1]},"b":2}"#, DocumentError::NotAList),
        (r#"{"Records":"[{}]"}"#, DocumentError::NotAList),
        (r#"{"hello":"world"}"#, DocumentError::NotCloudTrail),
        ("{}", DocumentError::NotCloudTrail),
        ("time,user\n1,{2}\n", DocumentError::NotCloudTrail),
        ("\"text\"", DocumentError::NotCloudTrail),
    ];
    for (text, problem) in cases {
        assert_eq!(split(text), (vec![], vec![problem]), "{text}");
    }
    for text in [r#"{"messageId":"m","eventSource":"aws:dynamodb"}"#, r#"{"a":1}"#] {
        let (items, problems) = split(format!(r#"{{"Records":[{text}]}}"#));
        let expected = (vec![record(1, text)], vec![DocumentError::NotCloudTrail]);
        assert_eq!((items, problems), expected, "{text}");
    }
}

/// Returns an SQS message of a Lambda batch, with this body.
fn queued(body: &str) -> String {
    let body = serde_json::Value::from(body);
    format!(r#"{{"messageId":"m","body":{body},"eventSource":"aws:sqs"}}"#)
}

const ITEM: &str = r#"{"resourceType":"AWS::S3::Bucket","resourceId":"i","configuration":{}}"#;

#[test]
fn configuration_items_are_delivered_one_by_one() {
    let item = |number| OwnedItem::Resource(number, "i".to_owned());
    let bad = |number, why| {
        OwnedItem::Invalid(
            number,
            InvalidRecordError::Carrier { what: "AWS Config configuration item", why },
        )
    };
    let cases = [
        (format!(r#"{{"fileVersion":"1","configurationItems":[{ITEM},{ITEM}]}}"#), 2),
        (format!(r#"{{"baseConfigurationItems":[{ITEM}],"unprocessedResourceKeys":[]}}"#), 1),
        (format!("{ITEM}\n{ITEM}\n"), 2),
        (format!(r#"{{"messageType":"x","configurationItem":{ITEM}}}"#), 1),
        (
            format!(
                r#"{{"detail-type":"Config X","source":"aws.config","detail":{{"configurationItem":{ITEM}}}}}"#
            ),
            1,
        ),
    ];
    for (text, count) in cases {
        let items: Vec<_> = (1..=count).map(item).collect();
        assert_eq!(split(&text), (items, vec![]), "{text}");
    }
    let (items, problems) =
        split(format!(r#"{{"configurationItems":[{ITEM},{{"a":1}},7,{ITEM},{{"a":}}]}}"#));
    let no_type = bad(2, PayloadErrorKind::Member("resourceType"));
    let no_object = OwnedItem::Invalid(3, InvalidRecordError::NotAnObject);
    assert_eq!(items, [item(1), no_type, no_object, item(4), bad(5, PayloadErrorKind::NotJson)]);
    assert_eq!(problems, []);
}

#[test]
fn lambda_batches_are_parsed_element_by_element() {
    let bad = OwnedItem::Invalid(
        2,
        InvalidRecordError::Carrier {
            what: "body of an SQS message",
            why: PayloadErrorKind::NotJson,
        },
    );
    let text = format!(
        r#"{{"Records":[{},{},{},{}]}}"#,
        queued(A),
        queued("b"),
        queued(&format!("[{ITEM},{B}]")),
        queued(r#"{"Event":"s3:TestEvent"}"#),
    );
    let item = OwnedItem::Resource(3, "i".to_owned());
    let notice = OwnedItem::Skipped("s3:TestEvent".to_owned(), 1);
    assert_eq!(split(text).0, [record(1, A), bad, item, record(4, B), notice]);
    let notification = r#"{"eventVersion":"2.1","eventSource":"aws:s3","eventName":"ObjectCreated:Put","s3":{"bucket":{"name":"b"},"object":{"key":"k"}}}"#;
    let object = OwnedItem::Skipped("S3 notification: replay the log object instead".to_owned(), 1);
    for text in [
        format!(r#"{{"Records":[{notification}]}}"#),
        notification.to_owned(),
        queued(notification),
        format!("[{notification}]"),
    ] {
        assert_eq!(split(&text), (vec![object.clone()], vec![]), "{text}");
    }
}

#[test]
fn a_damaged_batch_gives_an_item_or_a_problem() {
    let text = format!(r#"{{"Records":[{},{}]}}"#, queued(A), queued(&format!("[{ITEM}]")));
    for at in 0..text.len() {
        for bit in [0x01, 0x02, 0x20, 0x80] {
            let mut damaged = text.clone().into_bytes();
            damaged[at] ^= bit;
            let (items, problems) = split_in(&damaged, 50);
            assert!(!items.is_empty() || !problems.is_empty(), "{at}");
        }
    }
}

#[test]
fn an_invalid_element_is_reported_and_does_not_affect_the_others() {
    for element in ["1", "-2.5e3", "null", "\"a,]}{\\\"\"", "[]", "[{\"a\":\"]\"},[2,3]]", "true"] {
        let (items, problems) = split(format!("{{\"Records\":[{A}, {element} ,{B},{element}]}}"));
        let bad = |number| OwnedItem::Invalid(number, InvalidRecordError::NotAnObject);
        assert_eq!(items, [record(1, A), bad(2), record(3, B), bad(4)], "{element}");
        assert_eq!(problems, []);
    }
}

fn not_json(number: u64, byte: usize) -> OwnedItem {
    OwnedItem::Invalid(number, InvalidRecordError::NotJson { byte: u64::try_from(byte).unwrap() })
}

#[test]
fn text_that_is_not_json_is_reported_with_its_offset_and_reading_resumes_at_the_next_line() {
    let end = A.len();
    for (between, at) in [("", 1), (",,", 2), (" x,", 2), ("}},", 1), (", ,", 3), ("]x,", 2)] {
        for (open, close) in [("[", "]"), (r#"{"Records":["#, "]}")] {
            let list = format!("{open}{A}{between}{B}{close}\n{B}\n");
            let place = open.len() + end - 1 + at;
            assert_eq!(split(&list).0, [record(1, A), not_json(2, place), record(3, B)], "{list}");
        }
    }
    assert_eq!(split(format!("[{A},]")).0, [record(1, A), not_json(2, end + 2)]);
    assert_eq!(
        split(format!("[\n{A}\n{B}\n]")).0,
        [record(1, A), not_json(2, end + 3), record(3, B), not_json(4, end + B.len() + 4)]
    );
    assert_eq!(
        split(format!("{A},\n{B},\n")).0,
        [record(1, A), not_json(2, end), record(3, B), not_json(4, end + B.len() + 2)]
    );
}

#[test]
fn an_invalid_line_does_not_affect_the_other_lines() {
    for line in [
        r#"{"eventID":"cut"#,
        r#"{"eventID":"cut","x":["#,
        r#"{"eventID":"cut","x":[{"#,
        r#"{"eventID":"cut","#,
        r#"{"foo":[1,"#,
        r#"{"foo":"}"#,
        r#"{"eventID":"cut\"}"#,
    ] {
        let (items, problems) = split(format!("{A}\n{line}\n{B}\n{line}\n{A}\n"));
        let bad = |number| OwnedItem::Invalid(number, InvalidRecordError::Unbalanced);
        assert_eq!(items, [record(1, A), bad(2), record(3, B), bad(4), record(5, A)], "{line}");
        assert_eq!(problems, []);
    }
    let (items, _) = split(format!("{A}}}\n{B}\nwhat?\n{A}"));
    let (first, second) = (not_json(2, A.len()), not_json(4, A.len() + B.len() + 3));
    assert_eq!(items, [record(1, A), first, record(3, B), second, record(5, A)]);
    let (items, _) = split(format!("# a comment\n{A}\n"));
    assert_eq!(items, [not_json(1, 0), record(2, A)]);
    let many_lines = "{\n \"eventID\": \"open\",\n \"x\": {\n";
    let (items, _) = split(format!("{many_lines}{A}\n{B}\n"));
    let open = OwnedItem::Invalid(1, InvalidRecordError::Unbalanced);
    assert_eq!(items, [open, record(2, A), record(3, B)]);
}

#[test]
fn a_text_that_ends_too_early_is_reported() {
    let cut = |number| OwnedItem::Invalid(number, InvalidRecordError::CutOff);
    let log = format!(r#"{{"Records":[{A},{B}]}}"#);
    let first = r#"{"Records":["#.len();
    for length in 1..log.len() {
        let (items, problems) = split(&log[..length]);
        let named =
            items.iter().any(|item| matches!(item, OwnedItem::Invalid(..))) || !problems.is_empty();
        assert!(named, "{}", &log[..length]);
        if length > first && length < first + A.len() {
            assert_eq!(items, [cut(1)]);
        }
        if length > first + A.len() + 1 && length < first + A.len() + 1 + B.len() {
            assert_eq!(items, [record(1, A), cut(2)]);
        }
    }
    assert_eq!(split(format!("{A}\n{}", &B[..9])).0, [record(1, A), cut(2)]);
}

#[test]
fn zero_bytes_and_invalid_utf8_are_kept_or_reported() {
    let odd = b"{\"eventID\":\"\0\xFF\xC3\x28\x80\"}";
    let mut text = odd.to_vec();
    text.extend_from_slice(&[0; 70]);
    text.extend_from_slice(odd);
    let (items, problems) = split(&text);
    let odd = String::from_utf8_lossy(odd);
    assert_eq!(items, [record(1, &odd), record(2, &odd)]);
    assert_eq!(problems, [DocumentError::ZeroBytes]);
}

#[test]
fn deep_nesting_is_accepted() {
    let deep = |depth| format!(r#"{{"eventID":{}{}}}"#, "[".repeat(depth), "]".repeat(depth));
    let record = deep(100_000);
    let (items, problems) = split_in(format!("{record}\n[{record},{record}]").as_bytes(), 1 << 20);
    assert_eq!((items.len(), problems.len()), (3, 0));
    let open = format!("{}{A}", "[".repeat(100_000));
    assert_eq!(split_in(open.as_bytes(), 1 << 20).1, [DocumentError::CutOff]);
}

#[test]
fn an_oversized_record_is_reported_and_the_others_are_delivered() {
    let long = format!(r#"{{"eventID":"{}"}}"#, "x}".repeat(LONGEST));
    for text in [
        format!("{A}\n{long}\n{B}\n"),
        format!("{A}{long}\n{B}"),
        format!("[{A},{long},{B}]"),
        format!(r#"{{"Records":[{A},{long},{B}]}}"#),
    ] {
        for chunk in 1..=text.len() {
            let splitter = RecordSplitter::new(LONGEST);
            let (items, problems) = split_by(splitter, text.as_bytes(), chunk);
            assert_eq!(
                items,
                [record(1, A), OwnedItem::Invalid(2, InvalidRecordError::TooLong), record(3, B)]
            );
            assert_eq!(problems, []);
        }
    }
}

#[test]
fn a_value_that_is_longer_than_a_record_is_reported_once() {
    let long = "1".repeat(3 * LONGEST);
    for text in [
        format!("{{\"Records\":\"{long}\n{A}\n"),
        format!("{{\"a\":1,\"Records\":{long}\n{A}\n"),
        format!("{{\"Records\":[],\"b\":\"{long}\n{A}\n"),
    ] {
        let splitter = RecordSplitter::new(LONGEST);
        let (items, _) = split_by(splitter, text.as_bytes(), LONGEST / 2);
        let expected = [OwnedItem::Invalid(1, InvalidRecordError::TooLong), record(2, A)];
        assert_eq!(items, expected, "{text}");
    }
}

#[test]
fn the_time_grows_only_linearly_with_the_text() {
    // These texts would take hours if each piece were scanned to the end of the text.
    let count = 20_000;
    for text in [
        "{}",
        "{\"a\":[1\n",
        "{\n\"a\":[\n",
        "{\"eventID\":\"\n",
        "[{},",
        "{\"Records\":[]}",
        "[",
        "{",
    ] {
        let text = text.repeat(count);
        let mut splitter = RecordSplitter::new(MAX_RECORD);
        let used = splitter.split_window(text.as_bytes(), true, &mut |_| ControlFlow::Continue(()));
        assert_eq!(used, text.len());
    }
}

#[test]
fn the_sink_can_stop_the_splitting() {
    let mut splitter = RecordSplitter::new(MAX_RECORD);
    let mut count = 0;
    splitter.split_window(format!("[{A},{A},{A}]").as_bytes(), true, &mut |_| {
        count += 1;
        ControlFlow::Break(())
    });
    assert_eq!(count, 1);
    assert!(splitter.is_stopped());
}

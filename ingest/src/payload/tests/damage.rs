//! Tests damaged, unknown, malicious and oversized payloads: each is reported, limited, and does
//! not affect the other parts.

use super::*;

#[test]
fn an_invalid_message_does_not_affect_the_others() {
    let payload = batch(&[sqs("1", &api_call(RECORD)), sqs("2", "garbage"), sqs("3", RECORD)]);
    let (invoker, messages) = parse_short(&payload);
    assert_eq!(invoker, PayloadInvoker::Sqs);
    assert_eq!(messages, ["1:record<aws.s3", "2:!body of an SQS message: is not JSON", "3:record"]);
    let parsed = parse_payload(payload.as_bytes()).unwrap();
    let traces: Vec<_> = parsed.messages.iter().map(|message| message.trace.as_deref()).collect();
    assert_eq!(traces, [Some("Root=1"), Some("Root=2"), Some("Root=3")]);
    let bad: Vec<_> =
        parsed.messages.iter().map(|message| message.first_error().is_some()).collect();
    assert_eq!(bad, [false, true, false]);
}

#[test]
fn an_invalid_message_keeps_its_id() {
    let invalid = [
        json!({"messageId": "1", "eventSource": "aws:sqs"}),
        json!({"messageId": "2", "eventSource": "aws:sqs", "attributes": 1, "body": RECORD}),
        json!({"eventSource": "aws:sqs", "body": RECORD}),
        json!({"kinesis": {"sequenceNumber": "4", "data": "!"}, "eventSource": "aws:kinesis"}),
        json!({"kinesis": {"sequenceNumber": "5"}, "eventSource": "aws:kinesis"}),
        json!(6),
        json!({"messageId": "7"}),
    ];
    assert_eq!(
        parse_short(&batch(&invalid)).1,
        [
            "1:!SQS message: has no usable `body`",
            "2:!SQS message: has no usable `attributes`",
            ":record",
            "4:!Kinesis record: has data that is not base64",
            "5:!Kinesis record: has no usable `data`",
            ":!element: is not a JSON object",
            ":!payload: has no known format; its members are `messageId`",
        ]
    );
}

#[test]
fn an_unknown_format_is_an_error_with_its_member_names() {
    let error = |payload: &str| parse_payload(payload.as_bytes()).unwrap_err().to_string();
    assert_eq!(
        error(r#"{"hello":1,"world":[]}"#),
        "payload: has no known format; its members are `hello`, `world`"
    );
    assert_eq!(
        error(r#"{"Records":[{"eventSource":"aws:dynamodb","dynamodb":{}}]}"#),
        "payload: has no known format; its members are `eventSource`, `dynamodb`"
    );
    assert_eq!(error("{}"), "payload: has no known format");
    assert_eq!(error("7"), "payload: is not a JSON object");
    assert_eq!(error("{"), "payload: is not JSON");
    assert_eq!(error(" \n"), "payload: is empty");
    assert_eq!(parse_payload(b"{\"\xFF\":1}").unwrap_err().why, PayloadErrorKind::NotUtf8);
    let inner = parse_short(&batch(&[sqs("1", r#"{"x":1}"#)])).1;
    assert_eq!(inner, ["1:!body of an SQS message: has no known format; its members are `x`"]);
}

#[test]
fn the_nesting_depth_is_limited() {
    let mut text = RECORD.to_owned();
    for depth in 1..12 {
        text = sns(&text).to_string();
        let parts = parse_short(&text).1;
        let expected = if depth <= 8 {
            ":record"
        } else {
            ":!message of an SNS notification: exceeds the limit of 8 nested payloads"
        };
        assert_eq!(parts, [expected], "{depth}");
    }
}

#[test]
fn an_oversized_part_is_refused_and_the_others_are_parsed() {
    let bomb = gzip(&" ".repeat(40 << 20));
    let payload = batch(&[kinesis("1", &bomb), kinesis("2", &gzip(&logs(&[RECORD])))]);
    let expected = [
        "1:!data of a Kinesis record: exceeds the limit of 32 MiB, or 128 MiB for all parts \
         together, when decompressed",
        "2:record",
    ];
    assert_eq!(parse_short(&payload).1, expected);
    let nearly_too_large = gzip(&format!("{}{RECORD}", " ".repeat(31 << 20)));
    let large_records: Vec<_> = (0..6).map(|_| kinesis("1", &nearly_too_large)).collect();
    let parts = parse_short(&batch(&large_records)).1;
    assert_eq!(parts.iter().filter(|part| *part == "1:record").count(), 4);
    assert_eq!(parts.last().unwrap(), expected[0]);
}

#[test]
fn the_number_of_parts_is_limited() {
    let records = vec!["{\"eventID\":\"e\"}"; 100_010].join(",");
    let payload = batch(&[sqs("1", &format!("[{records}]")), sqs("2", RECORD)]);
    let parsed = parse_payload(payload.as_bytes()).unwrap();
    assert_eq!(parsed.messages[0].parts.len(), 100_001);
    let errors: Vec<_> =
        parsed.messages.iter().map(|message| message.first_error().unwrap().why).collect();
    assert_eq!(errors, [PayloadErrorKind::TooMany, PayloadErrorKind::TooMany]);
}

#[test]
fn damage_is_reported_and_never_gives_an_empty_result() {
    let item: Value = serde_json::from_str(ITEM).unwrap();
    let control = subscription(r#"{"messageType":"CONTROL_MESSAGE","logEvents":[]}"#);
    let payloads = [
        api_call(RECORD),
        batch(&[sqs("1", &sns(&batch(&[s3("ObjectCreated:Put", "k%20+")])).to_string())]),
        batch(&[json!({"EventSource": "aws:sns", "Sns": sns(ITEM)})]),
        subscription(&logs(&[RECORD])),
        batch(&[kinesis("1", &gzip(&logs(&[RECORD]))), kinesis("2", RECORD.as_bytes())]),
        rule(&json!({ "configurationItem": item }), "t"),
        json!({"Events": [{"CloudTrailEvent": RECORD}]}).to_string(),
        control,
    ];
    for payload in payloads {
        let whole = payload.as_bytes();
        for length in 0..whole.len() {
            assert!(parse_payload(&whole[..length]).is_err(), "{length} of {payload}");
        }
        for at in 0..whole.len() {
            for bit in [0x01, 0x02, 0x10, 0x20, 0x80] {
                let mut damaged = whole.to_vec();
                damaged[at] ^= bit;
                let Ok(parsed) = parse_payload(&damaged) else { continue };
                assert!(!parsed.messages.is_empty());
                assert!(parsed.messages.iter().all(|message| !message.parts.is_empty()));
            }
        }
    }
}

//! What is broken, unknown, hostile or too large: named, bounded, and no trouble to its neighbours.

use super::*;

#[test]
fn one_bad_message_leaves_the_others_be() {
    let payload = batch(&[sqs("1", &call(RECORD)), sqs("2", "garbage"), sqs("3", RECORD)]);
    let (outer, messages) = opened(&payload);
    assert_eq!(outer, PayloadInvoker::Sqs);
    assert_eq!(messages, ["1:record<aws.s3", "2:!body of an SQS message: is not JSON", "3:record"]);
    let opened = parse_payload(payload.as_bytes()).unwrap();
    let traces: Vec<_> = opened.messages.iter().map(|message| message.trace.as_deref()).collect();
    assert_eq!(traces, [Some("Root=1"), Some("Root=2"), Some("Root=3")]);
    let bad: Vec<_> =
        opened.messages.iter().map(|message| message.first_error().is_some()).collect();
    assert_eq!(bad, [false, true, false]);
}

#[test]
fn a_message_that_is_no_message_keeps_its_id() {
    let odd = [
        json!({"messageId": "1", "eventSource": "aws:sqs"}),
        json!({"messageId": "2", "eventSource": "aws:sqs", "attributes": 1, "body": RECORD}),
        json!({"eventSource": "aws:sqs", "body": RECORD}),
        json!({"kinesis": {"sequenceNumber": "4", "data": "!"}, "eventSource": "aws:kinesis"}),
        json!({"kinesis": {"sequenceNumber": "5"}, "eventSource": "aws:kinesis"}),
        json!(6),
        json!({"messageId": "7"}),
    ];
    assert_eq!(
        opened(&batch(&odd)).1,
        [
            "1:!SQS message: has no usable `body`",
            "2:!SQS message: has no usable `attributes`",
            ":record",
            "4:!Kinesis record: its data is not base64",
            "5:!Kinesis record: has no usable `data`",
            ":!element: is not a JSON object",
            ":!payload: has no shape that is known: it has `messageId`",
        ]
    );
}

#[test]
fn an_unknown_shape_is_an_error_with_its_names() {
    let error = |payload: &str| parse_payload(payload.as_bytes()).unwrap_err().to_string();
    assert_eq!(
        error(r#"{"hello":1,"world":[]}"#),
        "payload: has no shape that is known: it has `hello`, `world`"
    );
    assert_eq!(
        error(r#"{"Records":[{"eventSource":"aws:dynamodb","dynamodb":{}}]}"#),
        "payload: has no shape that is known: it has `eventSource`, `dynamodb`"
    );
    assert_eq!(error("{}"), "payload: has no shape that is known");
    assert_eq!(error("7"), "payload: is not a JSON object");
    assert_eq!(error("{"), "payload: is not JSON");
    assert_eq!(error(" \n"), "payload: is empty");
    assert_eq!(parse_payload(b"{\"\xFF\":1}").unwrap_err().why, PayloadErrorKind::NotUtf8);
    let inner = opened(&batch(&[sqs("1", r#"{"x":1}"#)])).1;
    assert_eq!(inner, ["1:!body of an SQS message: has no shape that is known: it has `x`"]);
}

#[test]
fn wrappings_have_a_bound() {
    let mut text = RECORD.to_owned();
    for depth in 1..12 {
        text = sns(&text).to_string();
        let parts = opened(&text).1;
        let expected = if depth <= 8 {
            ":record"
        } else {
            ":!message of an SNS notification: is wrapped too often"
        };
        assert_eq!(parts, [expected], "{depth}");
    }
}

#[test]
fn what_unpacks_to_too_much_is_refused_and_the_rest_is_opened() {
    let bomb = gzip(&" ".repeat(40 << 20));
    let payload = batch(&[kinesis("1", &bomb), kinesis("2", &gzip(&logs(&[RECORD])))]);
    let expected = ["1:!data of a Kinesis record: unpacks to more than may be held", "2:record"];
    assert_eq!(opened(&payload).1, expected);
    let held = gzip(&format!("{}{RECORD}", " ".repeat(31 << 20)));
    let many: Vec<_> = (0..6).map(|_| kinesis("1", &held)).collect();
    let parts = opened(&batch(&many)).1;
    assert_eq!(parts.iter().filter(|part| *part == "1:record").count(), 4);
    assert_eq!(parts.last().unwrap(), expected[0]);
}

#[test]
fn parts_have_a_bound() {
    let many = vec!["{\"eventID\":\"e\"}"; 100_010].join(",");
    let payload = batch(&[sqs("1", &format!("[{many}]")), sqs("2", RECORD)]);
    let opened = parse_payload(payload.as_bytes()).unwrap();
    assert_eq!(opened.messages[0].parts.len(), 100_001);
    let errors: Vec<_> =
        opened.messages.iter().map(|message| message.first_error().unwrap().why).collect();
    assert_eq!(errors, [PayloadErrorKind::TooMany, PayloadErrorKind::TooMany]);
}

#[test]
fn damage_is_named_and_never_taken_for_nothing() {
    let item: Value = serde_json::from_str(ITEM).unwrap();
    let control = subscription(r#"{"messageType":"CONTROL_MESSAGE","logEvents":[]}"#);
    let payloads = [
        call(RECORD),
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
                let Ok(opened) = parse_payload(&damaged) else { continue };
                assert!(!opened.messages.is_empty());
                assert!(opened.messages.iter().all(|message| !message.parts.is_empty()));
            }
        }
    }
}

//! Tests the detection of possibly forged events, with one inconsistency at a time.

use super::*;
use crate::parse_payload;

fn forgery_sign_of(payload: &str) -> Option<&'static str> {
    let mut opened = parse_payload(payload.as_bytes()).unwrap();
    find_forgery_sign(&opened.messages.remove(0).parts.remove(0).unwrap())
}

const CALL: &str = r#"{"detail-type":"AWS API Call via CloudTrail","source":"aws.s3","account":"1","region":"r","detail":{"eventType":"AwsApiCall","eventName":"N","eventID":"94808787-0330-494e-9eec-5d35c3e0dce7","recipientAccountId":"1","awsRegion":"r"}}"#;

#[test]
fn one_inconsistency_is_enough() {
    assert_eq!(forgery_sign_of(CALL), None);
    let cases = [
        ("aws.s3", "my.app", Some("the envelope's source does not begin with `aws.`")),
        ("aws.s3", "aws", Some("the envelope's source does not begin with `aws.`")),
        (
            r#""account":"1""#,
            r#""account":"2""#,
            Some("the account of the envelope differs from the account of the event"),
        ),
        (
            r#""region":"r""#,
            r#""region":"s""#,
            Some("the region of the envelope differs from the region of the event"),
        ),
        (r#""account":"1","#, "", Some("the account or the region of the envelope is missing")),
        (
            r#""account":"1""#,
            r#""account":1"#,
            Some("the account or the region of the envelope is missing"),
        ),
        (
            r#""region":"r""#,
            r#""region":"""#,
            Some("the account or the region of the envelope is missing"),
        ),
        ("aws.s3", "aws...", Some("the envelope's source is not an AWS service")),
        (r#","recipientAccountId":"1""#, "", None),
        (r#","awsRegion":"r""#, "", None),
    ];
    for (from, to, why) in cases {
        assert_eq!(forgery_sign_of(&CALL.replace(from, to)), why, "{to}");
    }
    let replayed = CALL.replacen('{', r#"{"replay-name":"again","#, 1);
    assert_eq!(forgery_sign_of(&replayed), None);
    assert!(forgery_sign_of(&replayed.replace("aws.s3", "my.app")).is_some());
}

#[test]
fn items_must_match_the_account_and_region_of_their_envelope_and_rule() {
    let item = |account: &str, region: &str| {
        format!(
            r#"{{"resourceType":"t","resourceId":"r","configuration":{{}},"awsAccountId":"{account}","awsRegion":"{region}"}}"#
        )
    };
    let event = |item: &str| {
        format!(
            r#"{{"detail-type":"Config Configuration Item Change","source":"aws.config","account":"1","region":"r","detail":{{"configurationItem":{item}}}}}"#
        )
    };
    assert_eq!(forgery_sign_of(&event(&item("1", "r"))), None);
    assert_eq!(forgery_sign_of(&event(&item("1", "global"))), None);
    assert!(forgery_sign_of(&event(&item("2", "r"))).is_some());
    assert!(forgery_sign_of(&event(&item("1", "s"))).is_some());
    assert_eq!(forgery_sign_of(&item("1", "r")), None);
    let rule = |account: &str| {
        let invoking = format!(r#"{{"configurationItem":{}}}"#, item("1", "r"));
        let invoking = serde_json::Value::from(invoking);
        format!(
            r#"{{"invokingEvent":{invoking},"resultToken":"t","eventLeftScope":false,"accountId":"{account}"}}"#
        )
    };
    assert_eq!(forgery_sign_of(&rule("1")), None);
    assert!(forgery_sign_of(&rule("2")).is_some());
    let schedule = r#"{"detail-type":"Scheduled Event","source":"my.app","detail":{}}"#;
    assert!(forgery_sign_of(schedule).is_some());
}

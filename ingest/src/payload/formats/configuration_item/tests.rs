//! Tests the three variants of configuration items.

use super::*;

fn item(text: &str) -> Result<ConfigurationItem, PayloadErrorKind> {
    read_configuration_item(&JsonObject::from_text(text)?)
}

/// The item of one bucket in each variant.
const NATIVE: &str = r#"{"configurationItemVersion":"1.3","configurationItemCaptureTime":"2017-08-13T09:44:22.927Z","configurationStateId":1502617462927,"awsAccountId":"1","configurationItemStatus":"OK","resourceType":"AWS::S3::Bucket","resourceId":"b","resourceName":"b","ARN":"arn:aws:s3:::b","awsRegion":"r","configuration":{ "name": "b c", "n": 1.50 },"supplementaryConfiguration":{"AccessControlList":"{\"grantSet\":null}","Policy":{"policyText":"{\"a\":1}"},"Payer":false,"Word":"true"},"tags":{"k":"v"}}"#;
const API: &str = r#"{"version":"1.3","configurationItemCaptureTime":1.502617462927E9,"configurationStateId":"1502617462927","accountId":"1","configurationItemStatus":"OK","resourceType":"AWS::S3::Bucket","resourceId":"b","resourceName":"b","arn":"arn:aws:s3:::b","awsRegion":"r","configuration":"{\"name\":\"b c\",\"n\":1.50}","supplementaryConfiguration":{"AccessControlList":"\"{\\\"grantSet\\\":null}\"","Policy":"{\"policyText\":\"{\\\"a\\\":1}\"}","Payer":"false","Word":"\"true\""},"tags":{"k":"v"}}"#;
const FILE: &str = r#"{"configurationItemVersion":"1.0","configurationItemCaptureTime":"2017-08-13T09:44:22.927Z","configurationStateID":"1502617462927","accountId":"1","configurationItemStatus":"OK","resourceType":"AWS::S3::Bucket","resourceId":"b","resourceName":"b","arn":"arn:aws:s3:::b","awsRegion":"r","availibilityZone":"x","configuration":{"name":"b c","n":1.50},"supplementaryConfiguration":{"AccessControlList":{"grantSet":null},"Policy":{"policyText":"{\"a\":1}"},"Payer":false,"Word":"true"},"tags":[{"tag":"k=v","key":"k","value":"v"}]}"#;

#[test]
fn all_variants_become_equal() {
    let native = item(NATIVE).unwrap();
    assert_eq!(native.configuration, r#"{"name":"b c","n":1.50}"#);
    assert_eq!(native.tags, r#"{"k":"v"}"#);
    let fields = [&native.kind, &native.id, &native.name, &native.arn, &native.account];
    assert_eq!(fields, ["AWS::S3::Bucket", "b", "b", "arn:aws:s3:::b", "1"]);
    let fields = [&native.region, &native.state_id, &native.time, &native.status];
    assert_eq!(fields, ["r", "1502617462927", "2017-08-13T09:44:22.927Z", "OK"]);
    let text = r#"{"AccessControlList":{"grantSet":null},"Policy":{"policyText":"{\"a\":1}"},"Payer":false,"Word":"true"}"#;
    assert_eq!(native.supplementary, text);
    let mut api = item(API).unwrap();
    // The API writes a string as JSON in a string. Its content cannot be distinguished from a
    // boolean that is written once.
    assert!(api.supplementary.ends_with(r#""Word":true}"#));
    api.supplementary.clone_from(&native.supplementary);
    assert_eq!(api, native);
    assert_eq!(item(FILE).unwrap(), native);
}

#[test]
fn a_deleted_resource_has_no_configuration() {
    for nothing in ["null", "\"\"", "\"null\"", "\" \""] {
        let text = format!(
            r#"{{"resourceType":"t","resourceId":"r","configurationItemStatus":"ResourceDeleted","configuration":{nothing}}}"#
        );
        let gone = item(&text).unwrap();
        assert!(gone.is_deleted() && gone.configuration.is_empty(), "{nothing}");
    }
    assert!(item(r#"{"resourceType":"t","resourceId":"r"}"#).unwrap().configuration.is_empty());
}

#[test]
fn an_invalid_member_is_an_error() {
    let why = |more: &str| item(&format!(r#"{{"resourceType":"t","resourceId":"r",{more}}}"#));
    assert_eq!(why(r#""configuration":"{""#), Err(PayloadErrorKind::Member("configuration")));
    assert_eq!(
        why(r#""supplementaryConfiguration":7"#),
        Err(PayloadErrorKind::Member("supplementaryConfiguration"))
    );
    assert_eq!(why(r#""tags":"x""#), Err(PayloadErrorKind::Member("tags")));
    assert_eq!(item(r#"{"resourceType":"t"}"#), Err(PayloadErrorKind::Member("resourceId")));
    assert_eq!(
        item(r#"{"resourceId":"t","resourceType":""}"#),
        Err(PayloadErrorKind::Member("resourceType"))
    );
}

#[test]
fn times_are_converted_to_text() {
    for (input, text) in [
        ("1502617462.927", "2017-08-13T09:44:22.927Z"),
        ("0", "1970-01-01T00:00:00.000Z"),
        ("2017-08-13T09:44:22.927Z", "2017-08-13T09:44:22.927Z"),
        ("1e400", "1e400"),
        ("nan", "nan"),
        ("", ""),
    ] {
        assert_eq!(normalize_time(input.to_owned()), text);
    }
}

#[test]
fn only_white_space_between_parts_is_removed() {
    assert_eq!(
        compact_json("{ \"a b\\\" \\\\\" :\n[ 1 , \"\\\\\" ] }"),
        r#"{"a b\" \\":[1,"\\"]}"#
    );
}

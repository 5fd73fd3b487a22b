//! Conditions on the resource and the account for which a service calls.

use serde_json::{Value, json};

use super::support::Who::{Service, Somebody};
use super::support::{NO, OTHER, OWN, check_public, yes, yes_with};

/// Everybody may publish to a topic, with a condition.
fn allow(condition: &Value) -> Value {
    json!({"Effect": "Allow", "Principal": "*", "Action": "sns:Publish",
        "Resource": "arn:aws:sns:eu-west-1:111122223333:news", "Condition": condition})
}

const TOPIC: &str = "arn:aws:sns:eu-west-1:111122223333:news";

#[test]
fn a_bucket_is_named_by_its_whole_name() {
    let arn = |operator: &str, value: &str| allow(&json!({operator: {"aws:SourceArn": value}}));
    let found = yes_with(
        Service("s3.amazonaws.com"),
        "sns:Publish",
        TOPIC,
        &[("aws:sourcearn", Some("arn:aws*:s3:::*"))],
    );
    check_public(&[
        ("whole name", arn("ArnLike", "arn:aws:s3:::shop"), NO),
        ("whole name as text", arn("StringEquals", "arn:aws:s3:::shop"), NO),
        ("every bucket", arn("ArnLike", "arn:aws:s3:::*"), found),
        ("beginning of the name", arn("ArnLike", "arn:aws:s3:::shop-*"), found),
        ("a question mark", arn("StringLike", "arn:aws:s3:::shop?"), found),
        ("end of the name", arn("StringLike", "arn:aws:s3:::*-shop"), found),
    ]);
}

#[test]
fn a_bucket_of_any_name_is_named_by_its_account() {
    let with = |account: &str| {
        allow(&json!({"ArnLike": {"aws:SourceArn": "arn:aws:s3:::*"},
            "StringEquals": {"aws:SourceAccount": account}}))
    };
    check_public(&[
        ("own account", with(OWN), NO),
        ("another account", with(OTHER), NO),
        (
            "only if it is stated",
            allow(&json!({"ArnLike": {"aws:SourceArn": "arn:aws:s3:::*"},
                "StringEqualsIfExists": {"aws:SourceAccount": OWN}})),
            yes_with(
                Service("s3.amazonaws.com"),
                "sns:Publish",
                TOPIC,
                &[("aws:sourceaccount", None)],
            ),
        ),
        (
            "every account",
            allow(&json!({"ArnLike": {"aws:SourceArn": "arn:aws:s3:::*"},
                "StringLike": {"aws:SourceAccount": "*"}})),
            yes(Service("s3.amazonaws.com"), "sns:Publish", TOPIC),
        ),
    ]);
}

#[test]
fn a_source_is_named_by_its_account() {
    let arn = |operator: &str, value: &str| allow(&json!({operator: {"aws:SourceArn": value}}));
    let found = |service| yes(Service(service), "sns:Publish", TOPIC);
    check_public(&[
        ("a rule", arn("ArnEquals", "arn:aws:events:eu-west-1:111122223333:rule/nightly"), NO),
        ("rules of everyone", arn("ArnLike", "arn:aws:events:*:*:rule/*"), found("events.*")),
        (
            "a rule of this name",
            arn("ArnLike", "arn:aws:events:eu-west-1:*:rule/nightly"),
            found("events.*"),
        ),
        (
            "the account's number as a name",
            arn("StringLike", "arn:aws:cloudwatch:*:111122223333:*"),
            found("cloudwatch.*"),
        ),
        (
            "not a rule",
            arn("ArnNotLike", "arn:aws:events:*:111122223333:rule/*"),
            yes(Somebody, "sns:Publish", TOPIC),
        ),
        (
            "if it exists",
            arn("ArnLikeIfExists", "arn:aws:events:*:111122223333:rule/*"),
            yes(Somebody, "sns:Publish", TOPIC),
        ),
    ]);
}

#[test]
fn a_source_account_is_named_alone() {
    let with = |operator: &str, key: &str, value: &str| allow(&json!({operator: {key: value}}));
    check_public(&[
        ("account", with("StringEquals", "aws:SourceAccount", OWN), NO),
        ("account as pattern", with("StringLike", "AWS:SourceAccount", OWN), NO),
        ("owner", with("StringEquals", "AWS:SourceOwner", OWN), NO),
        ("organization", with("StringEquals", "aws:SourceOrgID", "o-a1b2c3d4e5"), NO),
        ("paths", with("ForAnyValue:StringLike", "aws:SourceOrgPaths", "o-a1b2c3d4e5/*"), NO),
        (
            "every account",
            with("StringLike", "aws:SourceAccount", "*"),
            yes(Service("*"), "sns:Publish", TOPIC),
        ),
        (
            "not this account",
            with("StringNotEquals", "aws:SourceAccount", OTHER),
            yes(Somebody, "sns:Publish", TOPIC),
        ),
        (
            "every organization",
            with("StringLike", "aws:SourceOrgID", "o-*"),
            yes(Service("*"), "sns:Publish", TOPIC),
        ),
        ("any service", allow(&json!({"Bool": {"aws:PrincipalIsAWSService": "true"}})), NO),
        (
            "some account",
            allow(&json!({"Null": {"aws:SourceAccount": "false"}})),
            yes(Service("*"), "sns:Publish", TOPIC),
        ),
    ]);
}

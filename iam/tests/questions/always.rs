//! Conditions that always hold, or never.

use serde_json::{Value, json};

use super::support::Who::{Somebody, Stranger};
use super::support::{Expected, NO, check_public, yes, yes_with};

fn allow(condition: &Value) -> Value {
    json!({"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage",
        "Resource": "arn:aws:sqs:eu-west-1:111122223333:jobs", "Condition": condition})
}

#[test]
fn a_condition_that_everyone_can_satisfy_keeps_nobody_out() {
    let found = yes(Somebody, "sqs:SendMessage", "arn:aws:sqs:*:jobs");
    let cases = [
        json!({"StringLike": {"aws:PrincipalArn": "*"}}),
        json!({"StringLike": {"aws:userid": "*"}}),
        json!({"StringNotEquals": {"aws:username": "mallory"}}),
        json!({"StringNotLike": {"aws:PrincipalArn": "arn:aws:iam::111122223333:role/old-*"}}),
        json!({"Bool": {"aws:SecureTransport": "true"}}),
        json!({"Bool": {"aws:SecureTransport": true}}),
        json!({"NumericGreaterThanEquals": {"s3:TlsVersion": 1.2}}),
        json!({"StringLike": {"aws:UserAgent": "*Mozilla*"}}),
        json!({"StringEquals": {"aws:Referer": "https://example.com/"}}),
        json!({"ForAllValues:StringEquals": {"aws:TagKeys": ["team"]}}),
        json!({"ForAnyValue:StringEquals": {"aws:TagKeys": ["team"]}}),
        json!({"StringEquals": {"aws:RequestTag/team": "a"}}),
        json!({"StringLikeIfExists": {"aws:PrincipalOrgID": "o-*"}}),
        json!({}),
    ];
    let named = cases.iter().map(|condition| ("holds for strangers", allow(condition), found));
    check_public(&named.collect::<Vec<_>>());
}

#[test]
fn a_condition_that_nobody_can_satisfy_keeps_everyone_out() {
    let cases = [
        json!({"StringEquals": {"aws:PrincipalOrgID": "*"}}),
        json!({"StringEquals": {"aws:PrincipalArn": "arn:aws:iam::*:role/x"}}),
        json!({"StringLike": {"aws:PrincipalArn": "arn:aws:sts::*:assumed-role/x/*"}}),
        json!({"ArnLike": {"aws:PrincipalArn": "arn:*:role/x"}}),
        json!({"Null": {"aws:SecureTransport": "true"}}),
        json!({"Bool": {"aws:SecureTransport": "maybe"}}),
        json!({"StringEquals": {"aws:PrincipalArn": []}}),
        json!({"StringEquals": {"aws:RequestedRegion": "eu-west-1"},
            "StringNotEquals": {"aws:RequestedRegion": "eu-west-1"}}),
        json!({"NumericLessThan": {"s3:max-keys": "5"}, "NumericGreaterThan": {"s3:max-keys": "7"}}),
        json!({"StringLike": {"aws:PrincipalArn": "*"},
            "StringEquals": {"aws:PrincipalType": "Anonymous"}}),
    ];
    let named = cases.iter().map(|condition| ("holds for nobody", allow(condition), NO));
    check_public(&named.collect::<Vec<_>>());
}

#[test]
fn a_condition_on_what_is_not_in_the_document_leaves_the_answer_unknown() {
    let allow = |condition: Value| {
        json!({"Effect": "Allow", "Principal": "*", "Action": "kms:Decrypt", "Resource": "*",
            "Condition": condition})
    };
    let unknown = Expected::Unknown("facts");
    check_public(&[
        (
            "until a time",
            allow(json!({"DateLessThan": {"aws:CurrentTime": "2027-01-01T00:00:00Z"}})),
            unknown,
        ),
        (
            "the organization of the resource",
            allow(json!({"StringEquals": {"aws:ResourceOrgID": "o-a1b2c3d4e5"}})),
            unknown,
        ),
        (
            "the account of the resource",
            allow(json!({"StringEquals": {"aws:ResourceAccount": "111122223333"}})),
            unknown,
        ),
        (
            "a tag of the resource",
            allow(json!({"StringEquals": {"aws:ResourceTag/public": "yes"}})),
            unknown,
        ),
        (
            "a time, for those who are named",
            allow(json!({"DateLessThan": {"aws:CurrentTime": "2027-01-01T00:00:00Z"},
                "StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}})),
            NO,
        ),
    ]);
}

#[test]
fn the_condition_is_seen_in_the_witness() {
    let resource = "arn:aws:sqs:*:jobs";
    check_public(&[
        (
            "a condition on the agent",
            allow(&json!({"StringEquals": {"aws:UserAgent": "secret"}})),
            yes_with(Somebody, "sqs:SendMessage", resource, &[("aws:useragent", Some("secret"))]),
        ),
        (
            "another organization than the named one",
            allow(&json!({"StringLike": {"aws:PrincipalOrgID": "o-*"}})),
            yes_with(Stranger, "sqs:SendMessage", resource, &[("aws:principalorgid", Some("o-*"))]),
        ),
        (
            "without the network",
            allow(&json!({"StringEqualsIfExists": {"aws:SourceVpc": "vpc-0a1b2c3d"}})),
            yes_with(Somebody, "sqs:SendMessage", resource, &[("aws:sourcevpc", None)]),
        ),
        (
            "through a service of the stranger",
            allow(&json!({"ForAnyValue:StringEquals": {"aws:CalledVia": "athena.amazonaws.com"}})),
            yes_with(
                Stranger,
                "sqs:SendMessage",
                resource,
                &[("aws:calledvia", Some("athena.amazonaws.com"))],
            ),
        ),
    ]);
}

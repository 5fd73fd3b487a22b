//! Principals that are services.

use serde_json::{Value, json};

use super::support::Who::Service;
use super::support::{NO, OTHER, OWN, check_public, yes};

fn allow(service: &str, condition: &Value) -> Value {
    json!({"Effect": "Allow", "Principal": {"Service": service}, "Action": "lambda:InvokeFunction",
        "Resource": "arn:aws:lambda:eu-west-1:111122223333:function:resize", "Condition": condition})
}

#[test]
fn a_service_is_no_stranger_if_its_source_is_named() {
    check_public(&[
        (
            "account",
            allow("s3.amazonaws.com", &json!({"StringEquals": {"aws:SourceAccount": OWN}})),
            NO,
        ),
        (
            "bucket",
            allow("s3.amazonaws.com", &json!({"ArnLike": {"aws:SourceArn": "arn:aws:s3:::shop"}})),
            NO,
        ),
        (
            "bucket and account",
            allow(
                "s3.amazonaws.com",
                &json!({"ArnLike": {"aws:SourceArn": "arn:aws:s3:::shop"},
                "StringEquals": {"aws:SourceAccount": OWN}}),
            ),
            NO,
        ),
        (
            "another account's topic",
            allow(
                "sns.amazonaws.com",
                &json!({"ArnLike":
                {"aws:SourceArn": format!("arn:aws:sns:eu-west-1:{OTHER}:news")}}),
            ),
            NO,
        ),
        (
            "organization",
            allow(
                "sns.amazonaws.com",
                &json!({"StringEquals": {"aws:SourceOrgID": "o-a1b2c3d4e5"}}),
            ),
            NO,
        ),
    ]);
}

#[test]
fn a_service_that_acts_for_everyone_is_a_stranger() {
    let function = "arn:aws:lambda:eu-west-1:111122223333:function:resize";
    let found = |service| yes(Service(service), "lambda:InvokeFunction", function);
    check_public(&[
        (
            "every bucket",
            allow("s3.amazonaws.com", &json!({"ArnLike": {"aws:SourceArn": "arn:aws:s3:::*"}})),
            found("s3.amazonaws.com"),
        ),
        (
            "every topic",
            allow("sns.amazonaws.com", &json!({"ArnLike": {"aws:SourceArn": "arn:aws:sns:*:*:*"}})),
            found("sns.amazonaws.com"),
        ),
        (
            "a topic of this name",
            allow(
                "sns.amazonaws.com",
                &json!({"ArnLike":
                {"aws:SourceArn": "arn:aws:sns:eu-west-1:*:news"}}),
            ),
            found("sns.amazonaws.com"),
        ),
    ]);
}

#[test]
fn a_service_of_a_trust_policy_is_no_stranger() {
    let trust = |service: &str| json!({"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"});
    check_public(&[
        ("EC2", trust("ec2.amazonaws.com"), NO),
        ("Lambda", trust("lambda.amazonaws.com"), NO),
        ("CloudTrail", trust("cloudtrail.amazonaws.com"), NO),
    ]);
}

#[test]
fn a_distribution_is_named_by_its_account() {
    let read = |operator: &str, source: &str| {
        json!({"Effect": "Allow", "Principal": {"Service": "cloudfront.amazonaws.com"},
            "Action": "s3:GetObject", "Resource": "arn:aws:s3:::shop/*",
            "Condition": {operator: {"aws:SourceArn": source}}})
    };
    let found = yes(Service("cloudfront.amazonaws.com"), "s3:GetObject", "arn:aws:s3:::shop/*");
    check_public(&[
        ("one", read("StringEquals", "arn:aws:cloudfront::111122223333:distribution/E1"), NO),
        ("all of an account", read("ArnLike", "arn:aws:cloudfront::111122223333:*"), NO),
        ("all", read("ArnLike", "arn:aws:cloudfront::*:distribution/*"), found),
    ]);
}

//! `Deny` statements that guard a statement for everyone.

use serde_json::{Value, json};

use super::support::Who::{Anyone, Arn, Somebody, Stranger};
use super::support::{NO, OTHER, OWN, check_public, yes, yes_with};

const BUCKET: &str = "arn:aws:s3:::shop*";

/// A bucket that everyone can use, and a `Deny` with a condition.
fn guarded(condition: &Value) -> Value {
    json!([
        {"Effect": "Allow", "Principal": "*", "Action": "s3:*",
            "Resource": ["arn:aws:s3:::shop", "arn:aws:s3:::shop/*"]},
        {"Effect": "Deny", "Principal": "*", "Action": "s3:*",
            "Resource": ["arn:aws:s3:::shop", "arn:aws:s3:::shop/*"], "Condition": condition},
    ])
}

#[test]
fn a_guard_that_only_named_callers_pass_closes_the_document() {
    let guards = [
        json!({"StringNotEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}),
        json!({"StringNotEqualsIfExists": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}),
        json!({"ForAllValues:StringNotLike": {"aws:PrincipalOrgPaths": "o-a1b2c3d4e5/*"}}),
        json!({"StringNotEquals": {"aws:PrincipalAccount": [OWN, OTHER]}}),
        json!({"StringNotEqualsIfExists": {"aws:PrincipalAccount": OWN}}),
        json!({"StringNotEquals": {"aws:SourceVpc": "vpc-0a1b2c3d"}}),
        json!({"StringNotEquals": {"aws:SourceVpce": ["vpce-0a1b2c3d", "vpce-0a1b2c3e"]}}),
        json!({"StringNotEqualsIfExists": {"aws:SourceVpce": "vpce-0a1b2c3d"}}),
        json!({"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}}),
        json!({"NotIpAddressIfExists": {"aws:SourceIp": ["203.0.113.0/24", "2001:db8:1::/48"]}}),
        json!({"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::111122223333:role/*"}}),
        json!({"ArnNotEqualsIfExists": {"aws:PrincipalArn": "arn:aws:iam::111122223333:role/a"}}),
        json!({"StringNotLike": {"aws:PrincipalArn": "arn:aws:iam::111122223333:*"}}),
        json!({"StringNotLike": {"aws:userid": ["AROAEXAMPLEID:*", OWN]}}),
        json!({"StringNotEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5",
            "aws:PrincipalAccount": OTHER}}),
        json!({"StringNotEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"},
            "NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}}),
    ];
    let cases = guards.iter().map(|guard| ("only named callers pass", guarded(guard), NO));
    check_public(&cases.collect::<Vec<_>>());
}

#[test]
fn a_guard_that_strangers_pass_closes_nothing() {
    let found = yes(Somebody, "s3:*", BUCKET);
    let guards = [
        json!({"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}),
        json!({"StringNotLike": {"aws:PrincipalOrgID": "o-*"}}),
        json!({"ForAnyValue:StringNotLike": {"aws:PrincipalOrgPaths": "o-a1b2c3d4e5/*"}}),
        json!({"Null": {"aws:PrincipalOrgID": "true"}}),
        json!({"StringNotLike": {"aws:SourceVpce": "vpce-*"}}),
        json!({"StringNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/admin"}}),
        json!({"NotIpAddress": {"aws:SourceIp": ["0.0.0.0/1", "128.0.0.0/1"]}}),
        json!({"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}),
        json!({"StringNotEquals": {"aws:Referer": "https://example.com/"}}),
        json!({"StringLike": {"aws:userid": "AROAEXAMPLEID:*"}}),
        json!({"NumericLessThan": {"s3:TlsVersion": "1.2"}}),
        json!({"StringNotEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"},
            "StringEquals": {"aws:PrincipalAccount": OTHER}}),
    ];
    let cases = guards.iter().map(|guard| ("strangers pass", guarded(guard), found));
    check_public(&cases.collect::<Vec<_>>());
}

#[test]
fn the_witness_shows_how_a_stranger_passes_the_guard() {
    let guard = guarded;
    check_public(&[
        (
            "a role with the right name",
            guard(&json!({"StringNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/admin"}})),
            yes(Arn("arn:aws*:iam::999988887777:role/*admin"), "s3:*", BUCKET),
        ),
        (
            "an anonymous caller is not known to be no service",
            guard(&json!({"StringNotEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"},
                "Bool": {"aws:PrincipalIsAWSService": "false"}})),
            yes(Anyone, "s3:*", BUCKET),
        ),
        (
            "services are trusted",
            guard(&json!({"StringNotEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"},
                "BoolIfExists": {"aws:PrincipalIsAWSService": "false"}})),
            NO,
        ),
        (
            "through a service that passes the request on",
            guard(&json!({"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"},
                "Bool": {"aws:ViaAWSService": "false"}})),
            yes_with(Stranger, "s3:*", BUCKET, &[("aws:viaawsservice", Some("true"))]),
        ),
        (
            "another organization",
            guard(&json!({"Null": {"aws:PrincipalOrgID": "true"}})),
            yes_with(Stranger, "s3:*", BUCKET, &[("aws:principalorgid", Some("o-*"))]),
        ),
        (
            "an account without an organization",
            guard(&json!({"StringNotEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"},
                "Null": {"aws:PrincipalOrgID": "false"}})),
            yes_with(Somebody, "s3:*", BUCKET, &[("aws:principalorgid", None)]),
        ),
        (
            "from the Internet",
            guard(&json!({"StringNotEqualsIfExists": {"aws:SourceVpc": "vpc-0a1b2c3d"},
                "Null": {"aws:SourceVpc": "false"}})),
            yes_with(Somebody, "s3:*", BUCKET, &[("aws:sourcevpc", None)]),
        ),
    ]);
}

#[test]
fn a_guard_covers_only_its_actions_and_resources() {
    let organization = json!({"StringNotEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}});
    let with = |part: Value| {
        let mut deny = json!({"Effect": "Deny", "Principal": "*", "Condition": organization});
        for (name, value) in part.as_object().into_iter().flatten() {
            deny.as_object_mut().unwrap().insert(name.clone(), value.clone());
        }
        json!([
            {"Effect": "Allow", "Principal": "*", "Action": "s3:*",
                "Resource": ["arn:aws:s3:::shop", "arn:aws:s3:::shop/*"]},
            deny,
        ])
    };
    check_public(&[
        (
            "all but reading",
            with(json!({"NotAction": "s3:GetObject", "Resource": "*"})),
            yes(Somebody, "s3:GetObject", "arn:aws:s3:::shop/*"),
        ),
        (
            "all but a folder",
            with(json!({"Action": "*", "NotResource": "arn:aws:s3:::shop/free/*"})),
            yes(Somebody, "s3:*Object*", "arn:aws:s3:::shop/free/*"),
        ),
        (
            "objects only",
            with(json!({"Action": "s3:*", "Resource": "arn:aws:s3:::shop/*"})),
            yes(Somebody, "s3:*", "arn:aws:s3:::shop"),
        ),
        (
            "another bucket",
            with(json!({"Action": "s3:*", "Resource": "arn:aws:s3:::shop2*"})),
            yes(Somebody, "s3:*", BUCKET),
        ),
        (
            "all but an action of another service",
            with(json!({"NotAction": "sqs:SendMessage", "Resource": "*"})),
            NO,
        ),
        (
            "all but another bucket",
            with(json!({"Action": "*", "NotResource": "arn:aws:s3:::other/*"})),
            NO,
        ),
    ]);
}

#[test]
fn a_deny_for_all_but_some_closes_the_document_for_strangers() {
    let with = |excepted: Value| {
        json!([
            {"Effect": "Allow", "Principal": "*", "Action": "sqs:*", "Resource": "*"},
            {"Effect": "Deny", "NotPrincipal": excepted, "Action": "sqs:*", "Resource": "*"},
        ])
    };
    check_public(&[
        ("an account", with(json!({"AWS": OWN})), NO),
        (
            "a role with its account",
            with(json!({"AWS": [OWN, "arn:aws:iam::111122223333:role/a"]})),
            NO,
        ),
        ("a role alone", with(json!({"AWS": "arn:aws:iam::111122223333:role/a"})), NO),
        ("a service", with(json!({"Service": "cloudtrail.amazonaws.com"})), NO),
    ]);
}

#[test]
fn two_guards_together_can_close_a_document() {
    let allow = json!({"Effect": "Allow", "Principal": "*", "Action": ["sqs:SendMessage",
        "sqs:ReceiveMessage"], "Resource": "*"});
    let deny = |action: &str, condition: Value| {
        json!({"Effect": "Deny", "Principal": "*", "Action": action, "Resource": "*",
            "Condition": condition})
    };
    let organization = || json!({"StringNotEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}});
    let address = || json!({"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}});
    check_public(&[
        (
            "one for each action",
            json!([allow, deny("sqs:Send*", organization()), deny("sqs:Receive*", address())]),
            NO,
        ),
        (
            "one action is left",
            json!([allow, deny("sqs:Send*", organization()), deny("sqs:Delete*", address())]),
            yes(Somebody, "sqs:ReceiveMessage", "*"),
        ),
        (
            "with and without an organization",
            json!([
                allow,
                deny("*", json!({"Null": {"aws:PrincipalOrgID": "true"}})),
                deny(
                    "*",
                    json!({"StringNotEqualsIfExists": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"},
                    "Null": {"aws:PrincipalOrgID": "false"}})
                ),
            ]),
            NO,
        ),
        (
            "with and without TLS",
            json!([
                allow,
                deny("*", json!({"Bool": {"aws:SecureTransport": "true"}})),
                deny("*", json!({"Bool": {"aws:SecureTransport": "false"}})),
            ]),
            NO,
        ),
    ]);
}

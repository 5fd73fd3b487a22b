//! Whether a change of a document grants something new.

use evenkeel_iam::{Decision, Surroundings, decide_request, grants_new_access};
use serde_json::{Value, json};

use super::support::Who::{Account, Arn, Canonical, Service, Somebody};
use super::support::{Expected, NO, OTHER, OWN, differs, document, yes, yes_with};

type Change = (&'static str, Value, Value, Expected);

fn check_changes(changes: &[Change]) {
    let mut wrong = Vec::new();
    for (name, before, after, expected) in changes {
        let (old, new) = (document(before), document(after));
        let answer = grants_new_access(&old, &new, &Surroundings::default());
        let is_real = answer.witness().is_none_or(|witness| {
            decide_request(&old, &witness.request) != Decision::Allowed
                && decide_request(&new, &witness.request) == Decision::Allowed
        });
        let problem = differs(&format!("{before}{after}"), &answer, *expected);
        if let Some(problem) = problem.or_else(|| (!is_real).then(|| format!("not new: {answer}")))
        {
            wrong.push(format!("{name}: {problem}\n    {before}\n    {after}"));
        }
    }
    assert!(wrong.is_empty(), "{} wrong answers:\n{}", wrong.len(), wrong.join("\n"));
}

fn allow(action: Value) -> Value {
    json!({"Effect": "Allow", "Action": action, "Resource": "*"})
}

fn deny(action: Value) -> Value {
    json!({"Effect": "Deny", "Action": action, "Resource": "*"})
}

#[test]
fn a_statement_more_grants_what_no_other_grants() {
    let read = || allow(json!("s3:Get*"));
    let found = |action| yes(Arn("*"), action, "*");
    check_changes(&[
        (
            "another action",
            read(),
            json!([read(), allow(json!("s3:PutObject"))]),
            found("s3:PutObject"),
        ),
        ("a part of the old", read(), json!([read(), allow(json!("s3:GetObject"))]), NO),
        ("the same twice", read(), json!([read(), read()]), NO),
        ("a deny", read(), json!([read(), deny(json!("s3:GetObject"))]), NO),
        ("from nothing", json!([]), read(), found("s3:Get*")),
        ("to nothing", read(), json!([]), NO),
        ("all of a service", read(), allow(json!("s3:*")), found("s3:*")),
        ("everything", allow(json!("s3:*")), allow(json!("*")), found("*:*")),
        ("less", allow(json!("*")), allow(json!("s3:*")), NO),
        ("in other case", read(), allow(json!("S3:GET*")), NO),
    ]);
}

#[test]
fn a_deny_less_grants_what_it_denied() {
    let all = || allow(json!("*"));
    let found = yes(Arn("*"), "iam:CreateUser", "*");
    check_changes(&[
        ("a deny is gone", json!([all(), deny(json!("iam:CreateUser"))]), all(), found),
        (
            "a deny is narrower",
            json!([all(), deny(json!("iam:Create*"))]),
            json!([all(), deny(json!("iam:CreateRole"))]),
            yes(Arn("*"), "iam:Create*", "*"),
        ),
        (
            "a deny is wider",
            json!([all(), deny(json!("iam:CreateUser"))]),
            json!([all(), deny(json!("iam:*"))]),
            NO,
        ),
        (
            "a deny of something that was not allowed is gone",
            json!([allow(json!("s3:*")), deny(json!("iam:*"))]),
            allow(json!("s3:*")),
            NO,
        ),
        (
            "a deny has a condition more",
            json!([all(), deny(json!("iam:*"))]),
            json!([all(), {"Effect": "Deny", "Action": "iam:*", "Resource": "*",
                "Condition": {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}}]),
            yes_with(Arn("*"), "iam:*", "*", &[("aws:multifactorauthpresent", Some("true"))]),
        ),
    ]);
}

#[test]
fn the_same_access_in_other_words_is_nothing_new() {
    let all = || allow(json!("*"));
    let not = |action: &str| json!({"Effect": "Allow", "NotAction": action, "Resource": "*"});
    let address = |ranges: Value| {
        json!({"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*",
            "Condition": {"IpAddress": {"aws:SourceIp": ranges}}})
    };
    check_changes(&[
        ("split", all(), json!([not("iam:*"), allow(json!("iam:*"))]), NO),
        ("joined", json!([not("iam:*"), allow(json!("iam:*"))]), all(), NO),
        (
            "another order",
            json!([allow(json!("s3:*")), deny(json!("s3:Put*"))]),
            json!([deny(json!("s3:Put*")), allow(json!("s3:*"))]),
            NO,
        ),
        ("denied otherwise", json!([all(), deny(json!("iam:*"))]), not("iam:*"), NO),
        (
            "two halves",
            address(json!("203.0.113.0/24")),
            address(json!(["203.0.113.0/25", "203.0.113.128/25"])),
            NO,
        ),
        (
            "a larger range",
            address(json!("203.0.113.0/24")),
            address(json!("203.0.112.0/23")),
            yes_with(Arn("*"), "s3:GetObject", "*", &[("aws:sourceip", Some("203.0.112.*"))]),
        ),
    ]);
}

#[test]
fn a_resource_more_is_new() {
    let read = |resource: Value| json!({"Effect": "Allow", "Action": "s3:GetObject", "Resource": resource});
    check_changes(&[
        ("narrower", read(json!("arn:aws:s3:::a/*")), read(json!("arn:aws:s3:::a/b/*")), NO),
        (
            "wider",
            read(json!("arn:aws:s3:::a/b/*")),
            read(json!("arn:aws:s3:::a/*")),
            yes(Arn("*"), "s3:GetObject", "arn:aws:s3:::a/*"),
        ),
        (
            "another bucket",
            read(json!("arn:aws:s3:::a/*")),
            read(json!(["arn:aws:s3:::a/*", "arn:aws:s3:::b/*"])),
            yes(Arn("*"), "s3:GetObject", "arn:aws:s3:::b/*"),
        ),
    ]);
}

fn send(principal: Value, condition: Value) -> Value {
    json!({"Effect": "Allow", "Principal": principal, "Action": "sqs:SendMessage", "Resource": "*",
        "Condition": condition})
}

#[test]
fn a_principal_more_is_new() {
    let to = |principal: Value| send(principal, json!({}));
    let role = "arn:aws:iam::111122223333:role/worker";
    let found = |who| yes(who, "sqs:SendMessage", "*");
    check_changes(&[
        (
            "an account",
            to(json!({"AWS": OWN})),
            to(json!({"AWS": [OWN, OTHER]})),
            found(Account(OTHER)),
        ),
        ("a role of the account", to(json!({"AWS": OWN})), to(json!({"AWS": role})), NO),
        (
            "the account of a role",
            to(json!({"AWS": role})),
            to(json!({"AWS": OWN})),
            found(Account(OWN)),
        ),
        ("everyone", to(json!({"AWS": OWN})), to(json!("*")), found(Somebody)),
        ("no longer everyone", to(json!("*")), to(json!({"AWS": OTHER})), NO),
        (
            "the root of the same account",
            to(json!({"AWS": OWN})),
            to(json!({"AWS": "arn:aws:iam::111122223333:root"})),
            NO,
        ),
        (
            "a service",
            to(json!({"AWS": OWN})),
            to(json!({"Service": "sns.amazonaws.com"})),
            found(Service("sns.amazonaws.com")),
        ),
        (
            "a canonical user",
            to(json!({"CanonicalUser": "79a59d"})),
            to(json!({"CanonicalUser": ["79a59d", "00aa11"]})),
            found(Canonical("00aa11")),
        ),
    ]);
}

#[test]
fn a_weaker_condition_is_new() {
    let when = |condition: Value| send(json!("*"), condition);
    let organization = || when(json!({"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}));
    check_changes(&[
        ("none", organization(), when(json!({})), yes(Somebody, "sqs:SendMessage", "*")),
        ("one more", when(json!({})), organization(), NO),
        (
            "as a pattern of the same",
            organization(),
            when(json!({"StringLike": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}})),
            NO,
        ),
        (
            "if it exists",
            organization(),
            when(json!({"StringEqualsIfExists": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}})),
            yes_with(Somebody, "sqs:SendMessage", "*", &[("aws:principalorgid", None)]),
        ),
        (
            "another organization",
            organization(),
            when(json!({"StringEquals": {"aws:PrincipalOrgID": "o-f1f2f3f4f5"}})),
            yes_with(
                Somebody,
                "sqs:SendMessage",
                "*",
                &[("aws:principalorgid", Some("o-f1f2f3f4f5"))],
            ),
        ),
        (
            "in another order",
            when(json!({"StringEquals": {"aws:PrincipalOrgID": ["o-a1b2c3d4e5", "o-f1f2f3f4f5"]}})),
            when(json!({"StringEquals": {"aws:PrincipalOrgID": ["o-f1f2f3f4f5", "o-a1b2c3d4e5"]}})),
            NO,
        ),
        (
            "a condition that always holds",
            when(json!({})),
            when(json!({"StringLike": {"aws:UserAgent": "*"}})),
            NO,
        ),
        (
            "no longer a condition that always holds",
            when(json!({"StringLike": {"aws:UserAgent": "*"}})),
            when(json!({})),
            NO,
        ),
    ]);
}

#[test]
fn a_network_or_a_source_more_is_new() {
    let endpoints =
        |value: Value| send(json!("*"), json!({"StringEquals": {"aws:SourceVpce": value}}));
    let source = |operator: &str, arn: &str| {
        send(json!({"Service": "sns.amazonaws.com"}), json!({operator: {"aws:SourceArn": arn}}))
    };
    let topic = "arn:aws:sns:eu-west-1:111122223333:a";
    let topics = "arn:aws:sns:eu-west-1:111122223333:*";
    check_changes(&[
        (
            "another endpoint",
            endpoints(json!("vpce-0a1b2c3d")),
            endpoints(json!(["vpce-0a1b2c3d", "vpce-0a1b2c3e"])),
            yes_with(
                Somebody,
                "sqs:SendMessage",
                "*",
                &[("aws:sourcevpce", Some("vpce-0a1b2c3e"))],
            ),
        ),
        (
            "every topic of the account",
            source("ArnEquals", topic),
            source("ArnLike", topics),
            yes(Service("sns.amazonaws.com"), "sqs:SendMessage", "*"),
        ),
        ("one topic of the account", source("ArnLike", topics), source("ArnEquals", topic), NO),
    ]);
}

//! Who is let in, without conditions.

use evenkeel_iam::{Surroundings, public_statements};
use serde_json::json;

use super::support::Who::{Anyone, Somebody, Stranger};
use super::support::{NO, OTHER, OWN, check_public, check_public_with, document, yes};

#[test]
fn everyone_is_let_in_by_every_spelling() {
    let read = |principal: serde_json::Value| {
        json!({"Effect": "Allow", "Principal": principal, "Action": "s3:GetObject",
            "Resource": "arn:aws:s3:::shop/*"})
    };
    let found = yes(Somebody, "s3:GetObject", "arn:aws:s3:::shop/*");
    check_public(&[
        ("a star", read(json!("*")), found),
        ("AWS star", read(json!({"AWS": "*"})), found),
        ("a star in a list", read(json!({"AWS": [OWN, "*"]})), found),
        ("a list of a star", read(json!(["*"])), found),
        ("own account", read(json!({"AWS": OWN})), NO),
        ("another account", read(json!({"AWS": format!("arn:aws:iam::{OTHER}:root")})), NO),
        ("a role", read(json!({"AWS": format!("arn:aws:iam::{OTHER}:role/reader")})), NO),
        ("no principal in the list", read(json!({"AWS": []})), NO),
    ]);
}

#[test]
fn a_statement_for_all_but_some_lets_everyone_else_in() {
    check_public(&[
        (
            "NotPrincipal with Allow",
            json!({"Effect": "Allow", "NotPrincipal": {"AWS": [OTHER, format!("arn:aws:iam::{OTHER}:role/x")]},
                "Action": "sqs:SendMessage", "Resource": "*"}),
            yes(Somebody, "sqs:SendMessage", "*"),
        ),
        (
            "NotAction",
            json!({"Effect": "Allow", "Principal": "*", "NotAction": "s3:DeleteBucket",
                "Resource": ["arn:aws:s3:::shop", "arn:aws:s3:::shop/*"]}),
            yes(Somebody, "s3:*", "arn:aws:s3:::shop*"),
        ),
        (
            "NotResource",
            json!({"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject",
                "NotResource": "arn:aws:s3:::shop/private/*"}),
            yes(Somebody, "s3:GetObject", "arn:aws:s3:::*/*"),
        ),
        (
            "NotAction of everything",
            json!({"Effect": "Allow", "Principal": "*", "NotAction": "*", "Resource": "*"}),
            NO,
        ),
    ]);
}

#[test]
fn a_deny_of_everything_leaves_nothing() {
    let open = json!({"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"});
    let deny = |principal: serde_json::Value, action: &str, resource: &str| {
        json!([open, {"Effect": "Deny", "Principal": principal, "Action": action,
            "Resource": resource}])
    };
    check_public(&[
        ("all", deny(json!("*"), "*", "*"), NO),
        ("AWS star", deny(json!({"AWS": "*"}), "*", "*"), NO),
        ("other globs", deny(json!("*"), "*:*", "**"), NO),
        ("one action", deny(json!("*"), "s3:GetObject", "*"), yes(Somebody, "*:*", "*")),
        ("one resource", deny(json!("*"), "*", "arn:aws:s3:::shop"), yes(Somebody, "*:*", "*")),
        ("one account", deny(json!({"AWS": OTHER}), "*", "*"), yes(Somebody, "*:*", "*")),
    ]);
}

#[test]
fn a_deny_of_a_part_leaves_the_rest() {
    let open = json!({"Effect": "Allow", "Principal": "*", "Action": ["s3:GetObject", "s3:ListBucket"],
        "Resource": ["arn:aws:s3:::shop", "arn:aws:s3:::shop/*"]});
    let with = |deny: serde_json::Value| json!([open, deny]);
    check_public(&[
        (
            "reading is denied",
            with(json!({"Effect": "Deny", "Principal": "*", "Action": "s3:Get*", "Resource": "*"})),
            yes(Somebody, "s3:ListBucket", "arn:aws:s3:::shop"),
        ),
        (
            "listing is denied",
            with(
                json!({"Effect": "Deny", "Principal": "*", "Action": "s3:List*", "Resource": "*"}),
            ),
            yes(Somebody, "s3:GetObject", "arn:aws:s3:::shop/*"),
        ),
        (
            "objects are denied, and the bucket",
            with(json!({"Effect": "Deny", "Principal": "*", "Action": "s3:*",
                "Resource": "arn:aws:s3:::shop*"})),
            NO,
        ),
        (
            "all but one action is denied",
            with(json!({"Effect": "Deny", "Principal": "*", "NotAction": "s3:ListBucket",
                "Resource": "*"})),
            yes(Somebody, "s3:ListBucket", "arn:aws:s3:::shop"),
        ),
        (
            "all but one folder is denied",
            with(json!({"Effect": "Deny", "Principal": "*", "Action": "*",
                "NotResource": "arn:aws:s3:::shop/free/*"})),
            yes(Somebody, "s3:GetObject", "arn:aws:s3:::shop/free/*"),
        ),
        (
            "unencrypted HTTP is denied",
            with(json!({"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*",
                "Condition": {"Bool": {"aws:SecureTransport": "false"}}})),
            yes(Somebody, "s3:*", "arn:aws:s3:::shop*"),
        ),
    ]);
}

#[test]
fn an_action_is_only_for_resources_of_its_kind() {
    let allow = |action: &str, resource: &str| json!({"Effect": "Allow", "Principal": "*", "Action": action, "Resource": resource});
    check_public(&[
        ("an object's action on a bucket", allow("s3:GetObject", "arn:aws:s3:::shop"), NO),
        ("a bucket's action on objects", allow("s3:ListBucket", "arn:aws:s3:::shop/*"), NO),
        (
            "object lock is of the bucket",
            allow("s3:GetBucketObjectLockConfiguration", "arn:aws:s3:::shop"),
            yes(Somebody, "s3:*bject*ock*", "arn:aws:s3:::shop"),
        ),
        (
            "a queue",
            allow("sqs:*", "arn:aws:sqs:eu-west-1:111122223333:jobs"),
            yes(Somebody, "sqs:*", "arn:aws:sqs:eu-west-1:111122223333:jobs"),
        ),
        ("a key", allow("kms:*", "*"), yes(Somebody, "kms:*", "*")),
    ]);
}

#[test]
fn only_the_open_statement_is_named() {
    let document = document(&json!([
        {"Effect": "Allow", "Principal": {"AWS": OWN}, "Action": "s3:*", "Resource": "*"},
        {"Effect": "Deny", "Principal": "*", "Action": "s3:Put*", "Resource": "*"},
        {"Sid": "Read", "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject",
            "Resource": "arn:aws:s3:::shop/*"},
        {"Effect": "Allow", "Principal": "*", "Action": "s3:PutObject",
            "Resource": "arn:aws:s3:::shop/*"},
        {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"},
    ]));
    let found = public_statements(&document, &Surroundings::default());
    let numbers: Vec<usize> = found.iter().map(|one| one.statement).collect();
    assert_eq!(numbers, [2]);
    let witness = found.first().and_then(|one| one.answer.witness()).unwrap();
    assert_eq!((witness.statement, witness.sid.as_deref()), (Some(2), Some("Read")));
}

#[test]
fn who_must_sign_is_seen_in_the_witness() {
    let allow = |condition: serde_json::Value| {
        json!({"Effect": "Allow", "Principal": "*", "Action": "sns:Publish", "Resource": "*",
            "Condition": condition})
    };
    let anyone = yes(Anyone, "sns:Publish", "*");
    let stranger = yes(Stranger, "sns:Publish", "*");
    check_public(&[
        ("type", allow(json!({"StringEquals": {"aws:PrincipalType": "Anonymous"}})), anyone),
        ("no ARN", allow(json!({"Null": {"aws:PrincipalArn": "true"}})), anyone),
        ("account", allow(json!({"StringEquals": {"aws:PrincipalAccount": "anonymous"}})), anyone),
        ("an ARN", allow(json!({"Null": {"aws:PrincipalArn": "false"}})), stranger),
        ("a user", allow(json!({"StringLike": {"aws:username": "*"}})), stranger),
        (
            "a session",
            allow(json!({"StringEquals": {"aws:PrincipalType": "AssumedRole"}})),
            stranger,
        ),
        ("MFA", allow(json!({"Bool": {"aws:MultiFactorAuthPresent": "true"}})), stranger),
        (
            "MFA of long ago",
            allow(json!({"NumericLessThan": {"aws:MultiFactorAuthAge": "3600"}})),
            stranger,
        ),
        ("a tag", allow(json!({"StringEquals": {"aws:PrincipalTag/team": "a"}})), stranger),
    ]);
}

#[test]
fn a_role_and_an_api_can_be_open() {
    let assume = |condition: serde_json::Value| {
        json!({"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole",
            "Condition": condition})
    };
    let invoke = |resource: &str| {
        json!({"Effect": "Allow", "Principal": "*", "Action": "execute-api:Invoke",
            "Resource": resource})
    };
    let guarded = |resource: &str| {
        json!([invoke(resource), {"Effect": "Deny", "Principal": "*", "Action": "execute-api:Invoke",
            "Resource": "execute-api:/*",
            "Condition": {"StringNotEquals": {"aws:SourceVpc": "vpc-0a1b2c3d"}}}])
    };
    let role = yes(Stranger, "sts:AssumeRole", "arn:aws:iam::*:role/*");
    check_public(&[
        ("a role", assume(json!({})), role),
        ("an ID that is no secret", assume(json!({"StringEquals": {"sts:ExternalId": "x"}})), role),
        (
            "a role for an organization",
            assume(json!({"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}})),
            NO,
        ),
        (
            "an API",
            invoke("execute-api:/*"),
            yes(Somebody, "execute-api:Invoke", "arn:aws*:execute-api:*"),
        ),
        ("a guarded API", guarded("execute-api:/*"), NO),
        (
            "a guarded API with its ARN",
            guarded("arn:aws:execute-api:eu-west-1:111122223333:a1b2c3/*"),
            NO,
        ),
    ]);
}

#[test]
fn the_account_of_the_resource_is_no_stranger() {
    let open = || json!({"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": "*"});
    let with = |condition: serde_json::Value| {
        let mut statement = open();
        statement["Condition"] = condition;
        statement
    };
    let usual_stranger = "999988887777".to_owned();
    let surroundings = Surroundings { account: Some(usual_stranger), ..Surroundings::default() };
    check_public_with(
        &[
            (
                "callers of the account of the resource",
                with(json!({"StringEquals": {"aws:PrincipalAccount": "${aws:ResourceAccount}"}})),
                NO,
            ),
            (
                "a resource of the account",
                with(json!({"StringEquals": {"aws:ResourceAccount": "999988887777"}})),
                yes(Somebody, "sqs:SendMessage", "*"),
            ),
            (
                "a resource of another account",
                with(json!({"StringEquals": {"aws:ResourceAccount": OTHER}})),
                NO,
            ),
        ],
        &surroundings,
    );
    let answers = public_statements(&super::support::document(&open()), &surroundings);
    let witness = answers[0].answer.witness().unwrap();
    assert_ne!(witness.request.caller.account(), Some("999988887777"));
}

#[test]
fn patterns_of_accounts_leave_other_strangers() {
    let with = |condition: serde_json::Value| {
        json!({"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": "*",
            "Condition": condition})
    };
    let except = |pattern: &str| {
        json!({"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*",
            "Condition": {"StringLike": {"aws:PrincipalAccount": pattern}}})
    };
    let open = yes(Somebody, "sqs:SendMessage", "*");
    let key = "aws:PrincipalAccount";
    let fifths: Vec<String> = (0..5).map(|digit| format!("*{digit}*")).collect();
    check_public(&[
        ("all but a pattern", with(json!({"StringNotLike": {key: "9999*"}})), open),
        (
            "a pattern but for a part of it",
            json!([with(json!({"StringLike": {key: "9999*"}})), except("99997*")]),
            open,
        ),
        (
            "a pattern but for all of it",
            json!([with(json!({"StringLike": {key: "9999*"}})), except("999*")]),
            NO,
        ),
        (
            "more patterns than are examined",
            with(json!({"StringNotLike": {key: ["?", "*9999*"]}, "StringLike": {key: fifths}})),
            super::support::Expected::Unknown("too-complex"),
        ),
    ]);
}

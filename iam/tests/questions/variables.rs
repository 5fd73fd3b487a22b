//! Policy variables, in resources and in conditions.

use evenkeel_iam::{
    Grantee, PolicyDocument, Surroundings, grants_access, join_answers, public_statements,
};
use serde_json::{Value, json};

use super::support::Who::{Arn, Somebody, Stranger};
use super::support::{Case, NO, check, check_public, differs, yes, yes_with};

fn holder_may(cases: &[Case], resource: &str) {
    check(cases, |document| {
        let nothing = Surroundings::default();
        grants_access(document, &Grantee::Holder, &["s3:GetObject"], &[resource], &nothing)
    });
}

fn read(resource: &str) -> Value {
    json!({"Effect": "Allow", "Action": "s3:GetObject", "Resource": resource})
}

#[test]
fn a_variable_in_a_resource_has_one_value() {
    let own = read("arn:aws:s3:::home/${aws:username}/*");
    holder_may(&[("another bucket", own.clone(), NO)], "arn:aws:s3:::other/*");
    holder_may(
        &[("some home", own, yes(Arn("arn:aws:iam::*"), "s3:GetObject", "arn:aws:s3:::home/*"))],
        "arn:aws:s3:::*",
    );
}

#[test]
fn a_default_replaces_a_variable_without_value() {
    let shared = read("arn:aws:s3:::b/${aws:PrincipalTag/team, 'common'}/*");
    let found = yes(Arn("*"), "s3:GetObject", "arn:aws:s3:::b/common/*");
    holder_may(&[("without the tag", shared, found)], "arn:aws:s3:::b/common/*");
}

#[test]
fn an_escaped_wildcard_is_a_character() {
    let star = read("arn:aws:s3:::b/${*}");
    holder_may(&[("another object", star.clone(), NO)], "arn:aws:s3:::b/x");
    let found = yes(Arn("*"), "s3:GetObject", "arn:aws:s3:::b/*");
    holder_may(&[("the object of this name", star, found)], "arn:aws:s3:::b/*");
}

/// Asks who is public in a document of a version.
fn check_version(version: Option<&str>, statement: &Value, expected: super::support::Expected) {
    let mut json = json!({"Statement": statement});
    if let Some(version) = version {
        json.as_object_mut().unwrap().insert("Version".to_owned(), json!(version));
    }
    let document = PolicyDocument::from_json(&json).unwrap();
    let answer = join_answers(&public_statements(&document, &Surroundings::default()));
    assert_eq!(differs(&json.to_string(), &answer, expected), None, "{json}");
}

#[test]
fn only_the_new_version_has_variables() {
    let own_organization = json!({"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage",
        "Resource": "*", "Condition": {"StringEquals": {"aws:PrincipalOrgID": "${aws:PrincipalOrgID}"}}});
    let found = yes(Stranger, "sqs:SendMessage", "*");
    check_version(Some("2012-10-17"), &own_organization, found);
    check_version(Some("2008-10-17"), &own_organization, NO);
    check_version(None, &own_organization, NO);
    let folder = json!({"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::b/${aws:username}/x"});
    let named = yes(Stranger, "s3:GetObject", "arn:aws:s3:::b/*/x");
    check_version(Some("2012-10-17"), &folder, named);
    let literal = yes(Somebody, "s3:GetObject", "arn:aws:s3:::b/${aws:username}/x");
    check_version(Some("2008-10-17"), &folder, literal);
}

#[test]
fn a_variable_of_the_callers_own_value_keeps_nobody_out() {
    let allow = |condition: Value| {
        json!({"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "s3:ListBucket",
            "Resource": "arn:aws:s3:::b", "Condition": condition})
    };
    let found = yes(Stranger, "s3:ListBucket", "arn:aws:s3:::b");
    check_public(&[
        (
            "a prefix with the user's name",
            allow(json!({"StringLike": {"s3:prefix": "${aws:username}/*"}})),
            yes(Arn("arn:aws:iam::999988887777:user/*"), "s3:ListBucket", "arn:aws:s3:::b"),
        ),
        (
            "the same tag",
            allow(json!({"StringEquals":
            {"aws:PrincipalTag/team": "${aws:ResourceTag/team}"}})),
            found,
        ),
        ("the same ID", allow(json!({"StringLike": {"aws:userid": "${aws:userid}"}})), found),
        (
            "an own key and a named organization",
            allow(json!({"StringLike": {"s3:prefix": "${aws:username}/*"},
                "StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}})),
            NO,
        ),
    ]);
}

#[test]
fn a_value_is_found_for_each_variable() {
    let by_owner = json!({"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*", "Condition": {
        "StringEquals": {"s3:ExistingObjectTag/owner": "${aws:username}"},
        "StringNotEquals": {"aws:username": "root"}}});
    holder_may(
        &[
            (
                "a bucket with the name of a tag",
                read("arn:aws:s3:::${aws:PrincipalTag/bucket}/*"),
                yes_with(
                    Arn("arn:aws:iam::*"),
                    "s3:GetObject",
                    "arn:aws:s3:::*/*",
                    &[("aws:principaltag/bucket", Some("*"))],
                ),
            ),
            (
                "an object with the user's name",
                by_owner,
                yes_with(
                    Arn("arn:aws:iam::*"),
                    "s3:GetObject",
                    "*",
                    &[("aws:username", Some("*")), ("s3:existingobjecttag/owner", Some("*"))],
                ),
            ),
            (
                "a bucket with the name of a tag, without the tag",
                json!([read("arn:aws:s3:::${aws:PrincipalTag/bucket}/*"),
                    {"Effect": "Deny", "Action": "*", "Resource": "*",
                        "Condition": {"Null": {"aws:username": "false"}}}]),
                yes(Arn("arn:aws:iam::*:role/*"), "s3:GetObject", "arn:aws:s3:::*/*"),
            ),
        ],
        "*",
    );
}

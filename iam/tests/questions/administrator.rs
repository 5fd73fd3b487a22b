//! Policies that grant everything, or everything of a service.

use evenkeel_iam::{Answer, PolicyDocument, Surroundings, grants_all, is_administrator};
use serde_json::{Value, json};

use super::support::Who::Arn;
use super::support::{Case, Expected, NO, check, yes, yes_with};

const ALL: Expected = yes(Arn("arn:aws:iam::*"), "*:*", "*");

fn allow(action: &Value, condition: &Value) -> Value {
    json!({"Effect": "Allow", "Action": action, "Resource": "*", "Condition": condition})
}

fn check_administrator(cases: &[Case]) {
    check(cases, |document| is_administrator(document, &Surroundings::default()));
}

fn all_of_iam(document: &PolicyDocument) -> Answer {
    grants_all(document, &["iam:*"], &["*"], &Surroundings::default())
}

#[test]
fn every_spelling_of_everything_makes_an_administrator() {
    let everything = |action: Value| allow(&action, &json!({}));
    check_administrator(&[
        ("star", everything(json!("*")), ALL),
        ("stars around a colon", everything(json!("*:*")), ALL),
        ("two stars", everything(json!("**")), ALL),
        ("at least one character", everything(json!("?*")), ALL),
        ("in a list", everything(json!(["s3:GetObject", "*"])), ALL),
        ("all of a service", everything(json!("iam:*")), NO),
        ("no action", everything(json!([])), NO),
        (
            "resources of any account",
            json!({"Effect": "Allow", "Action": "*", "Resource": ["arn:aws:s3:::b", "*"]}),
            ALL,
        ),
        (
            "one bucket",
            json!({"Effect": "Allow", "Action": "*", "Resource": "arn:aws:s3:::b/*"}),
            NO,
        ),
        ("S3 only", json!({"Effect": "Allow", "Action": "*", "Resource": "arn:aws:s3:::*"}), NO),
        (
            "no resource but one",
            json!({"Effect": "Allow", "Action": "*",
            "NotResource": "arn:aws:s3:::logs/*"}),
            NO,
        ),
        ("only a deny", json!({"Effect": "Deny", "Action": "*", "Resource": "*"}), NO),
        ("nothing", json!([]), NO),
    ]);
}

#[test]
fn a_condition_that_every_request_satisfies_changes_nothing() {
    let conditions = [
        json!({"StringLike": {"aws:PrincipalArn": "*"}}),
        json!({"StringLike": {"aws:userid": "*"}}),
        json!({"StringLike": {"aws:UserAgent": "*"}}),
        json!({"StringLike": {"aws:RequestedRegion": "*"}}),
        json!({"Null": {"aws:PrincipalArn": "false"}}),
        json!({"Null": {"aws:CurrentTime": false}}),
        json!({"Bool": {"aws:SecureTransport": ["true", "false"]}}),
        json!({"BoolIfExists": {"aws:MultiFactorAuthPresent": ["true", "false"]}}),
        json!({"StringLikeIfExists": {"aws:SourceVpce": "*"}}),
        json!({"IpAddressIfExists": {"aws:SourceIp": ["0.0.0.0/0", "::/0"]}}),
        json!({"IpAddressIfExists": {"aws:SourceIp": ["0.0.0.0/1", "128.0.0.0/1", "::/0"]}}),
        json!({"ForAllValues:StringLike": {"aws:TagKeys": "*"}}),
        json!({"ArnNotLike": {"aws:PrincipalArn": "arn:aws:s3:::*"}}),
        json!({"StringLike": {"aws:PrincipalArn": ["*role*", "*"]}}),
        json!({"Bool": {"aws:PrincipalIsAWSService": "false"}}),
        json!({"NotIpAddress": {"aws:SourceIp": "10.0.0.0/8"}}),
        json!({}),
    ];
    let cases = conditions.iter().map(|one| ("always holds", allow(&json!("*"), one), ALL));
    check_administrator(&cases.collect::<Vec<_>>());
}

#[test]
fn any_other_condition_makes_no_administrator() {
    let conditions = [
        json!({"Bool": {"aws:MultiFactorAuthPresent": "true"}}),
        json!({"BoolIfExists": {"aws:MultiFactorAuthPresent": "true"}}),
        json!({"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}),
        json!({"IpAddress": {"aws:SourceIp": "0.0.0.0/0"}}),
        json!({"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}),
        json!({"StringEquals": {"aws:PrincipalTag/team": "ops"}}),
        json!({"StringLike": {"aws:username": "*"}}),
        json!({"StringNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/x"}}),
        json!({"Null": {"aws:TokenIssueTime": "false"}}),
        json!({"StringEquals": {"aws:PrincipalArn": "*"}}),
        json!({"ForAnyValue:StringLike": {"aws:TagKeys": "*"}}),
    ];
    let cases = conditions.iter().map(|one| ("does not always hold", allow(&json!("*"), one), NO));
    check_administrator(&cases.collect::<Vec<_>>());
}

#[test]
fn a_partial_deny_leaves_an_administrator() {
    let with = |deny: Value| json!([allow(&json!("*"), &json!({})), deny]);
    let deny = |part: Value| {
        let mut deny = json!({"Effect": "Deny", "Action": "*", "Resource": "*"});
        for (name, value) in part.as_object().into_iter().flatten() {
            deny.as_object_mut().unwrap().insert(name.clone(), value.clone());
        }
        deny
    };
    let not_action = json!({"Effect": "Deny", "NotAction": "iam:*", "Resource": "*"});
    check_administrator(&[
        ("one action", with(deny(json!({"Action": "iam:CreateUser"}))), ALL),
        ("one bucket", with(deny(json!({"Resource": "arn:aws:s3:::logs"}))), ALL),
        ("all but IAM", with(not_action), yes(Arn("*"), "iam:*", "*")),
        (
            "without MFA",
            with(deny(
                json!({"Condition": {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}}),
            )),
            yes_with(Arn("*"), "*:*", "*", &[("aws:multifactorauthpresent", Some("true"))]),
        ),
        (
            "outside a region",
            with(deny(
                json!({"Condition": {"StringNotEquals": {"aws:RequestedRegion": "eu-west-1"}}}),
            )),
            yes_with(Arn("*"), "*:*", "*", &[("aws:requestedregion", Some("eu-west-1"))]),
        ),
        ("everything", with(deny(json!({}))), NO),
        ("everything, otherwise", with(deny(json!({"Action": ["*:*", "s3:*"]}))), NO),
        (
            "everyone",
            with(deny(json!({"Condition": {"StringLike": {"aws:PrincipalArn": "*"}}}))),
            NO,
        ),
    ]);
}

#[test]
fn statements_can_grant_everything_together() {
    let not_action = json!({"Effect": "Allow", "NotAction": ["iam:*", "sts:*"], "Resource": "*"});
    let one = |action: Value| allow(&action, &json!({}));
    let region = |operator: &str| {
        allow(&json!("*"), &json!({operator: {"aws:RequestedRegion": "eu-west-1"}}))
    };
    let mfa = |operator: &str, value: &str| {
        allow(&json!("*"), &json!({operator: {"aws:MultiFactorAuthPresent": value}}))
    };
    check_administrator(&[
        (
            "all but two services, and these",
            json!([not_action, one(json!(["iam:*", "sts:*"]))]),
            ALL,
        ),
        ("all but two services, and one", json!([not_action, one(json!("iam:*"))]), NO),
        (
            "all but two services, and a part",
            json!([not_action, one(json!(["iam:*", "sts:Assume*"]))]),
            NO,
        ),
        (
            "all but a bucket, and the bucket",
            json!([{"Effect": "Allow", "Action": "*", "NotResource": "arn:aws:s3:::b*"},
                {"Effect": "Allow", "Action": "*", "Resource": "arn:aws:s3:::b*"}]),
            ALL,
        ),
        (
            "a region and all others",
            json!([region("StringEquals"), region("StringNotEquals")]),
            ALL,
        ),
        ("with MFA and without", json!([mfa("Bool", "true"), mfa("BoolIfExists", "false")]), ALL),
        ("MFA yes and no, but not absent", json!([mfa("Bool", "true"), mfa("Bool", "false")]), NO),
    ]);
}

#[test]
fn every_glob_that_covers_a_service_grants_it() {
    let one = |action: Value| allow(&action, &json!({}));
    let found = yes(Arn("arn:aws:iam::*"), "iam:*", "*");
    let cases: Vec<Case> = vec![
        ("star", one(json!("iam:*")), found),
        ("question and star", one(json!("iam:?*")), found),
        ("two stars", one(json!("iam:**")), found),
        ("other case", one(json!("IAM:*")), found),
        ("a star in the service", one(json!("i*:*")), found),
        ("everything", one(json!("*")), found),
        (
            "another service is missing",
            json!({"Effect": "Allow", "NotAction": "s3:*", "Resource": "*"}),
            found,
        ),
        (
            "an action that does not exist is missing",
            json!({"Effect": "Allow", "NotAction": "nowhere:DoNothing", "Resource": "*"}),
            found,
        ),
        (
            "less one action",
            json!([one(json!("iam:*")),
                {"Effect": "Deny", "Action": "iam:DeleteUser", "Resource": "*"}]),
            found,
        ),
        ("read only", one(json!(["iam:Get*", "iam:List*"])), NO),
        ("other service", one(json!("iam-roles:*")), NO),
        (
            "one user",
            json!({"Effect": "Allow", "Action": "iam:*",
                "Resource": "arn:aws:iam::111122223333:user/ann"}),
            NO,
        ),
        (
            "one action is missing",
            json!({"Effect": "Allow", "NotAction": "iam:CreateUser", "Resource": "*"}),
            NO,
        ),
        (
            "all is denied",
            json!([one(json!("*")), {"Effect": "Deny", "Action": "iam:?*", "Resource": "*"}]),
            NO,
        ),
    ];
    check(&cases, all_of_iam);
}

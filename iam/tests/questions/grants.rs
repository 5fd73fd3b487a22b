//! Whether a document grants an action to somebody.

use evenkeel_iam::{Grantee, Surroundings, grants_access};
use serde_json::{Value, json};

use super::support::Who::{Account, Arn, Canonical, Service, Somebody};
use super::support::{Case, Expected, NO, OTHER, OWN, check, yes};

const KEYS: &str = "arn:aws:kms:*";
const FOUND: Expected = yes(Arn("arn:aws:iam::*"), "kms:Decrypt", "arn:aws:kms:*");

fn check_decrypt(cases: &[Case]) {
    check(cases, |document| {
        let nothing = Surroundings::default();
        grants_access(document, &Grantee::Holder, &["kms:Decrypt"], &[KEYS], &nothing)
    });
}

#[test]
fn an_action_is_granted_by_every_glob_that_matches_it() {
    let allow = |action: &str| json!({"Effect": "Allow", "Action": action, "Resource": "*"});
    check_decrypt(&[
        ("itself", allow("kms:Decrypt"), FOUND),
        ("other case", allow("KMS:DECRYPT"), FOUND),
        ("beginning", allow("kms:D*"), FOUND),
        ("question", allow("kms:De?rypt"), FOUND),
        ("everything", allow("*"), FOUND),
        ("everything of everything", allow("*:*"), FOUND),
        ("end", allow("kms:*crypt"), FOUND),
        ("a star for the service", allow("k*:Decrypt"), FOUND),
        ("another action", allow("kms:ReEncrypt*"), NO),
        ("a shorter name", allow("kms:Decryp"), NO),
        ("a question too many", allow("kms:Decrypt?"), NO),
        ("another service", allow("s3:*"), NO),
    ]);
}

#[test]
fn what_is_not_excluded_is_granted() {
    let allow = |action: Value| json!({"Effect": "Allow", "NotAction": action, "Resource": "*"});
    let keys =
        |resource: &str| json!({"Effect": "Allow", "Action": "kms:*", "NotResource": resource});
    check_decrypt(&[
        ("another service is excluded", allow(json!("iam:*")), FOUND),
        ("an action that does not exist is excluded", allow(json!("nowhere:DoNothing")), FOUND),
        ("other actions are excluded", allow(json!(["kms:Enc*", "kms:Put*"])), FOUND),
        ("nothing is excluded", allow(json!([])), FOUND),
        ("the service is excluded", allow(json!(["iam:*", "kms:*"])), NO),
        ("the action is excluded", allow(json!("KMS:decrypt")), NO),
        ("everything is excluded", allow(json!("*")), NO),
        ("one key is excluded", keys("arn:aws:kms:eu-west-1:111122223333:key/a"), FOUND),
        ("the keys of a region are excluded", keys("arn:aws:kms:eu-west-1:*"), FOUND),
        ("all keys are excluded", keys("arn:aws:kms:*"), NO),
        ("all resources are excluded", keys("*"), NO),
        (
            "both",
            json!({"Effect": "Allow", "NotAction": "iam:*", "NotResource": "arn:aws:s3:::b"}),
            FOUND,
        ),
    ]);
}

#[test]
fn a_deny_takes_away_what_it_covers() {
    let with = |deny: Value| json!([{"Effect": "Allow", "Action": "*", "Resource": "*"}, deny]);
    check_decrypt(&[
        (
            "the action",
            with(json!({"Effect": "Deny", "Action": "kms:Decrypt", "Resource": "*"})),
            NO,
        ),
        ("all but", with(json!({"Effect": "Deny", "NotAction": "iam:*", "Resource": "*"})), NO),
        (
            "all keys",
            with(json!({"Effect": "Deny", "Action": "*", "Resource": "arn:aws:kms:*"})),
            NO,
        ),
        (
            "one key",
            with(json!({"Effect": "Deny", "Action": "kms:*",
                "Resource": "arn:aws:kms:eu-west-1:111122223333:key/a"})),
            FOUND,
        ),
        (
            "all but one key",
            with(json!({"Effect": "Deny", "Action": "kms:*",
                "NotResource": "arn:aws:kms:eu-west-1:111122223333:key/a"})),
            yes(Arn("*"), "kms:Decrypt", "arn:aws:kms:eu-west-1:111122223333:key/a"),
        ),
        (
            "if a condition holds",
            with(json!({"Effect": "Deny", "Action": "kms:*", "Resource": "*",
                "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "false"}}})),
            FOUND,
        ),
    ]);
}

#[test]
fn a_grant_on_one_key_is_a_grant() {
    let allow =
        |resource: &str| json!({"Effect": "Allow", "Action": "kms:Decrypt", "Resource": resource});
    check_decrypt(&[
        ("a short ARN", allow("arn:aws:kms:*"), FOUND),
        (
            "one key",
            allow("arn:aws:kms:eu-west-1:111122223333:key/a"),
            yes(Arn("*"), "kms:Decrypt", "arn:aws:kms:eu-west-1:111122223333:key/a"),
        ),
        ("keys of every region", allow("arn:aws:kms:*:111122223333:key/*"), FOUND),
        ("a bucket", allow("arn:aws:s3:::b"), NO),
    ]);
}

/// A queue's document: who may send.
fn queue(principal: &Value) -> Value {
    json!({"Effect": "Allow", "Principal": principal, "Action": "sqs:SendMessage", "Resource": "*"})
}

fn check_sender(cases: &[Case], grantee: &Grantee) {
    check(cases, |document| {
        grants_access(document, grantee, &["sqs:SendMessage"], &["*"], &Surroundings::default())
    });
}

#[test]
fn a_role_has_what_its_account_or_everyone_has() {
    let role = Grantee::Principal(format!("arn:aws:iam::{OWN}:role/worker"));
    let found = yes(Arn("arn:aws:iam::111122223333:role/worker"), "sqs:SendMessage", "*");
    let denied = |principal: Value| {
        json!([queue(&json!("*")), {"Effect": "Deny", "Principal": principal,
            "Action": "sqs:*", "Resource": "*"}])
    };
    check_sender(
        &[
            ("the role", queue(&json!({"AWS": format!("arn:aws:iam::{OWN}:role/worker")})), found),
            ("its account", queue(&json!({"AWS": OWN})), found),
            (
                "its account's root",
                queue(&json!({"AWS": format!("arn:aws:iam::{OWN}:root")})),
                found,
            ),
            ("everyone", queue(&json!("*")), found),
            ("another role", queue(&json!({"AWS": format!("arn:aws:iam::{OWN}:role/other")})), NO),
            ("another account", queue(&json!({"AWS": OTHER})), NO),
            ("a service", queue(&json!({"Service": "sns.amazonaws.com"})), NO),
            (
                "a deny of the role",
                denied(json!({"AWS": format!("arn:aws:iam::{OWN}:role/worker")})),
                NO,
            ),
            ("a deny of the account", denied(json!({"AWS": OWN})), NO),
            ("a deny of another account", denied(json!({"AWS": OTHER})), found),
            (
                "a deny of one session",
                denied(json!({"AWS":
                format!("arn:aws:sts::{OWN}:assumed-role/worker/ann")})),
                found,
            ),
        ],
        &role,
    );
}

#[test]
fn an_account_has_what_any_of_its_principals_has() {
    let account = Grantee::Account(OTHER.to_owned());
    let found = yes(Account(OTHER), "sqs:SendMessage", "*");
    let with = |condition: Value| {
        json!({"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": "*",
            "Condition": condition})
    };
    check_sender(
        &[
            ("the account", queue(&json!({"AWS": OTHER})), found),
            ("everyone", queue(&json!("*")), found),
            ("by condition", with(json!({"StringEquals": {"aws:PrincipalAccount": OTHER}})), found),
            (
                "a role by condition",
                with(
                    json!({"ArnLike": {"aws:PrincipalArn": format!("arn:aws:iam::{OTHER}:role/ci-*")}}),
                ),
                yes(Arn("arn:aws:iam::444455556666:role/ci-*"), "sqs:SendMessage", "*"),
            ),
            (
                "an organization",
                with(json!({"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}})),
                found,
            ),
            ("another account", with(json!({"StringEquals": {"aws:PrincipalAccount": OWN}})), NO),
        ],
        &account,
    );
}

#[test]
fn services_canonical_users_and_strangers_can_be_asked_for() {
    let principal = json!({"Service": "sns.amazonaws.com", "CanonicalUser": "79a59d"});
    let ask = |grantee: Grantee, expected: Expected| {
        check_sender(&[("all kinds", queue(&principal), expected)], &grantee);
    };
    let found = |who| yes(who, "sqs:SendMessage", "*");
    ask(Grantee::Service("sns.amazonaws.com".to_owned()), found(Service("sns.amazonaws.com")));
    ask(Grantee::Service("s3.amazonaws.com".to_owned()), NO);
    ask(Grantee::CanonicalUser("79a59d".to_owned()), found(Canonical("79a59d")));
    ask(Grantee::CanonicalUser("00aa11".to_owned()), NO);
    ask(Grantee::Stranger, NO);
    ask(Grantee::Account(OTHER.to_owned()), NO);
    check_sender(&[("everyone", queue(&json!("*")), found(Somebody))], &Grantee::Stranger);
    let service = Grantee::Service("sns.amazonaws.com".to_owned());
    check_sender(&[("everyone", queue(&json!("*")), found(Service("sns.*")))], &service);
}

#[test]
fn an_action_applies_to_resources_of_the_same_service() {
    let nothing = Surroundings::default();
    let cases: &[Case] = &[
        (
            "everything on objects of a bucket",
            json!({"Effect": "Allow", "Action": "*", "Resource": "arn:aws:s3:::shop/*"}),
            NO,
        ),
        (
            "everything on queues",
            json!({"Effect": "Allow", "Action": "*", "Resource": "arn:aws:sqs:*:*:*"}),
            yes(Arn("arn:aws:iam::*"), "sqs:SendMessage", "arn:aws:sqs:*"),
        ),
        (
            "everything on everything",
            json!({"Effect": "Allow", "Action": "*", "Resource": "*"}),
            yes(Arn("arn:aws:iam::*"), "sqs:SendMessage", "*"),
        ),
    ];
    for resources in ["arn:*", "*"] {
        let of_users = &[(
            "everything on objects of a bucket",
            json!({"Effect": "Allow", "Action": "*", "Resource": "arn:aws:s3:::shop/*"}),
            NO,
        )];
        check(of_users, |document| {
            grants_access(document, &Grantee::Holder, &["iam:*"], &[resources], &nothing)
        });
        check(cases, |document| {
            grants_access(document, &Grantee::Holder, &["sqs:SendMessage"], &[resources], &nothing)
        });
    }
}

#[test]
fn an_identity_is_no_service_and_has_only_its_kind_of_user_id() {
    let when = |key: &str, value: &str| {
        json!({"Effect": "Allow", "Action": "kms:Decrypt", "Resource": "*",
            "Condition": {"StringLike": {key: value}}})
    };
    check_decrypt(&[
        ("a service", when("aws:PrincipalServiceName", "*"), NO),
        ("a source", when("aws:SourceAccount", "111122223333"), FOUND),
        ("a user", when("aws:userid", "AIDA*"), FOUND),
        ("a name", when("aws:userid", "none"), NO),
    ]);
    let canonical = Grantee::CanonicalUser("79a59df9".to_owned());
    let own_folder = |folder: &str| {
        let document = json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow",
            "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/${aws:userid}/*"}});
        let document = evenkeel_iam::PolicyDocument::parse_text(&document.to_string()).unwrap();
        let (nothing, object) = (Surroundings::default(), format!("arn:aws:s3:::b/{folder}/k"));
        grants_access(&document, &canonical, &["s3:GetObject"], &[&object], &nothing).is_yes()
    };
    assert!(own_folder("AIDAEXAMPLE") && !own_folder("none"));
}

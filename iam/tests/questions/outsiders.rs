//! Which named principals outside the account are let in, and for which actions.

use evenkeel_iam::{
    Answer, Caller, OutsiderName, Surroundings, UnknownReason, find_outsiders, join_answers,
    public_statements,
};
use serde_json::{Value, json};

use super::support::{OTHER, OWN, document, own};

/// Returns the names of the outsiders, and asserts that each has a witness.
fn outsiders(statements: &Value, actions: &[&str], surroundings: &Surroundings) -> Vec<String> {
    let found = find_outsiders(&document(statements), actions, surroundings);
    for (name, answer) in &found {
        let witness = answer.witness().unwrap_or_else(|| panic!("{name}: {answer}"));
        let account = witness.request.caller.account();
        let fits = match name {
            OutsiderName::Account(own) => {
                account == Some(own) || matches!(witness.request.caller, Caller::Service(_))
            }
            OutsiderName::Principal(arn) => account == arn.split(':').nth(4),
            OutsiderName::CanonicalUser(id) => {
                witness.request.caller == Caller::CanonicalUser(id.clone())
            }
            OutsiderName::Organization(id) => {
                witness.request.context.values().flatten().any(|value| value.starts_with(id))
            }
        };
        assert!(fits, "{name}: {answer}");
        let action = witness.request.action.as_str();
        assert!(actions.is_empty() || actions.contains(&action), "{name}: {answer}");
    }
    found.keys().map(ToString::to_string).collect()
}

fn check_names(cases: &[(&str, Value, &[&str])], actions: &[&str]) {
    for (name, statements, expected) in cases {
        assert_eq!(outsiders(statements, actions, &own()), *expected, "{name}: {statements}");
    }
}

/// Everybody may administer a bucket, with a condition.
fn administer(condition: Value) -> Value {
    json!({"Effect": "Allow", "Principal": "*", "Action": "s3:*",
        "Resource": ["arn:aws:s3:::shop", "arn:aws:s3:::shop/*"], "Condition": condition})
}

#[test]
fn who_and_what_belong_to_one_statement() {
    let own_pin = || administer(json!({"StringEquals": {"aws:PrincipalAccount": OWN}}));
    let public_read = json!({"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::shop/*"});
    let foreign_read = json!({"Effect": "Allow", "Principal": {"AWS": OTHER},
        "Action": "s3:GetObject", "Resource": "arn:aws:s3:::shop/*"});
    let own_admin = json!({"Effect": "Allow", "Principal": {"AWS": OWN}, "Action": "s3:*",
        "Resource": "*"});
    let administer = &["s3:PutBucketPolicy"];
    check_names(
        &[
            ("public read and own administration", json!([public_read, own_pin()]), &[]),
            ("another account reads", json!([foreign_read, own_admin]), &[]),
            (
                "an own role's ID",
                super::outsiders::administer(json!({"StringLike":
                {"aws:userid": "AROAEXAMPLEID:*"}})),
                &[],
            ),
        ],
        administer,
    );
    check_names(
        &[("another account reads", json!([foreign_read, own_admin]), &[OTHER])],
        &["s3:GetObject"],
    );
    let both = document(&json!([public_read, own_pin()]));
    let found = public_statements(&both, &own());
    assert_eq!(found.iter().map(|one| one.statement).collect::<Vec<_>>(), [0]);
    let answer = join_answers(&found);
    assert!(matches!(&answer, Answer::Yes(one) if one.request.action == "s3:GetObject"));
}

#[test]
fn an_account_that_a_condition_names_may_change_the_policy() {
    let arn =
        |operator: &str, value: &str| administer(json!({operator: {"aws:PrincipalArn": value}}));
    check_names(
        &[
            (
                "account",
                administer(json!({"StringEquals": {"aws:PrincipalAccount": OTHER}})),
                &[OTHER],
            ),
            (
                "one of two accounts",
                administer(json!({"StringEquals": {"aws:PrincipalAccount": [OWN, OTHER]}})),
                &[OTHER],
            ),
            ("roles", arn("ArnLike", "arn:aws:iam::444455556666:role/*"), &[OTHER]),
            ("a role", arn("StringEquals", "arn:aws:iam::444455556666:role/ci"), &[OTHER]),
            (
                "a role of the account itself",
                arn("ArnLike", "arn:aws:iam::111122223333:role/*"),
                &[],
            ),
            (
                "everyone but it",
                administer(json!({"StringNotEquals": {"aws:PrincipalAccount": OTHER}})),
                &[],
            ),
        ],
        &["s3:PutBucketPolicy"],
    );
}

#[test]
fn what_a_statement_excludes_is_not_granted_to_outsiders() {
    let foreign = |part: Value| {
        let mut statement =
            json!({"Effect": "Allow", "Principal": {"AWS": OTHER}, "Resource": "*"});
        for (name, value) in part.as_object().into_iter().flatten() {
            statement.as_object_mut().unwrap().insert(name.clone(), value.clone());
        }
        statement
    };
    let denied = |principal: &str| {
        json!([foreign(json!({"Action": "s3:*"})),
            {"Effect": "Deny", "Principal": {"AWS": principal}, "Action": "s3:PutBucket*",
                "Resource": "*"}])
    };
    check_names(
        &[
            ("all but deleting", foreign(json!({"NotAction": "s3:DeleteBucket"})), &[OTHER]),
            ("all but changing", foreign(json!({"NotAction": "s3:Put*"})), &[]),
            ("denied", denied(OTHER), &[]),
            ("denied to the own account", denied(OWN), &[OTHER]),
            ("denied to everyone", denied("*"), &[]),
        ],
        &["s3:PutBucketPolicy"],
    );
}

#[test]
fn outsiders_have_several_kinds_of_names() {
    let read = |principal: Value| {
        json!({"Effect": "Allow", "Principal": principal, "Action": "s3:GetObject",
            "Resource": "arn:aws:s3:::shop/*"})
    };
    let role = "arn:aws:iam::444455556666:role/reader";
    let session = "arn:aws:sts::444455556666:assumed-role/reader/ann";
    check_names(
        &[
            ("root", read(json!({"AWS": "arn:aws:iam::444455556666:root"})), &[OTHER]),
            ("root in China", read(json!({"AWS": "arn:aws-cn:iam::444455556666:root"})), &[OTHER]),
            ("role", read(json!({"AWS": role})), &[role]),
            ("session", read(json!({"AWS": session})), &[session]),
            (
                "user",
                read(json!({"AWS": [OWN, "arn:aws:iam::444455556666:user/ann"]})),
                &["arn:aws:iam::444455556666:user/ann"],
            ),
            ("canonical user", read(json!({"CanonicalUser": "79a59d"})), &["canonical:79a59d"]),
            ("own role", read(json!({"AWS": "arn:aws:iam::111122223333:role/reader"})), &[]),
            ("a deleted role", read(json!({"AWS": "AROAEXAMPLEID"})), &[]),
            ("a service", read(json!({"Service": "cloudfront.amazonaws.com"})), &[]),
            ("everyone", read(json!("*")), &[]),
        ],
        &[],
    );
}

#[test]
fn a_canonical_user_can_be_denied() {
    let allow = json!({"Effect": "Allow", "Principal": {"CanonicalUser": ["79a59d", "00aa11"]},
        "Action": "s3:GetObject", "Resource": "arn:aws:s3:::shop/*"});
    let deny = |principal: Value| {
        json!([allow, {"Effect": "Deny", "Principal": principal, "Action": "s3:*",
            "Resource": "*"}])
    };
    check_names(
        &[
            ("both", allow.clone(), &["canonical:00aa11", "canonical:79a59d"]),
            ("one is denied", deny(json!({"CanonicalUser": "79a59d"})), &["canonical:00aa11"]),
            ("all are denied", deny(json!("*")), &[]),
        ],
        &["s3:GetObject"],
    );
}

#[test]
fn an_organization_is_an_outsider_if_the_own_one_is_known() {
    let within =
        |organization: &str| Surroundings { organization: Some(organization.to_owned()), ..own() };
    let named = administer(json!({"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}));
    let paths = administer(json!({"ForAnyValue:StringLike":
        {"aws:PrincipalOrgPaths": "o-a1b2c3d4e5/r-ab12/*"}}));
    for statements in [named, paths] {
        let ask = |surroundings: &Surroundings| outsiders(&statements, &[], surroundings);
        assert_eq!(ask(&within("o-a1b2c3d4e5")), [""; 0], "{statements}");
        assert_eq!(ask(&within("o-f1f2f3f4f5")), ["o-a1b2c3d4e5"], "{statements}");
        assert_eq!(ask(&own()), [""; 0], "{statements}");
    }
}

#[test]
fn a_trusted_account_is_no_outsider() {
    let both = json!({"Effect": "Allow", "Principal": {"AWS": [OTHER, "777788889999"]},
        "Action": "sqs:SendMessage", "Resource": "*"});
    let trusting = Surroundings { trusted_accounts: vec![OTHER.to_owned()], ..own() };
    assert_eq!(outsiders(&both, &[], &own()), [OTHER, "777788889999"]);
    assert_eq!(outsiders(&both, &[], &trusting), ["777788889999"]);
}

#[test]
fn a_source_in_another_account_is_an_outsider() {
    let send = |condition: Value| {
        json!({"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": "*",
            "Condition": condition})
    };
    check_names(
        &[
            ("account", send(json!({"StringEquals": {"aws:SourceAccount": OTHER}})), &[OTHER]),
            (
                "topic",
                send(
                    json!({"ArnEquals": {"aws:SourceArn": "arn:aws:sns:eu-west-1:444455556666:news"}}),
                ),
                &[OTHER],
            ),
            ("own account", send(json!({"StringEquals": {"aws:SourceAccount": OWN}})), &[]),
            ("bucket", send(json!({"ArnLike": {"aws:SourceArn": "arn:aws:s3:::shop"}})), &[]),
        ],
        &["sqs:SendMessage"],
    );
}

#[test]
fn an_account_may_be_in_an_organization_or_not() {
    let named = administer(json!({"StringEquals": {"aws:PrincipalAccount": OTHER,
        "aws:PrincipalOrgID": "o-a1b2c3d4e5"}}));
    let found = find_outsiders(&document(&named), &["s3:PutBucketPolicy"], &own());
    let answer = found.get(&OutsiderName::Account(OTHER.to_owned()));
    assert!(
        matches!(answer, Some(Answer::Unknown(reasons)) if reasons.contains(&UnknownReason::Facts)),
        "{answer:?}"
    );
}

//! What bounds a document: S3 Block Public Access and resource control policies.

use evenkeel_iam::{
    Grantee, OutsiderName, PolicyDocument, PublicDefinition, Surroundings, find_outsiders,
    grants_access, join_answers, public_statements,
};
use serde_json::{Value, json};

use super::support::Who::Somebody;
use super::support::{Case, NO, OTHER, OWN, check_public_with, document, own, yes};

fn bucket(statement: Value) -> Value {
    let mut whole = json!({"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::shop/*"});
    for (name, value) in statement.as_object().into_iter().flatten() {
        whole.as_object_mut().unwrap().insert(name.clone(), value.clone());
    }
    whole
}

#[test]
fn block_public_access_cuts_strangers_off() {
    let restricted = Surroundings { restricts_public_buckets: true, ..own() };
    let cases: Vec<Case> = vec![
        ("everyone", bucket(json!({})), NO),
        (
            "everyone in any VPC",
            bucket(json!({"Condition": {"StringLike": {"aws:SourceVpc": "vpc-*"}}})),
            NO,
        ),
        (
            "a pinned organization",
            bucket(json!({"Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}})),
            NO,
        ),
    ];
    check_public_with(&cases, &restricted);
    let open: Vec<Case> =
        vec![("everyone", bucket(json!({})), yes(Somebody, "s3:GetObject", "arn:aws:s3:::shop/*"))];
    check_public_with(&open, &own());
}

#[test]
fn block_public_access_leaves_a_document_that_is_not_public() {
    let restricted = Surroundings { restricts_public_buckets: true, ..own() };
    let foreign = document(&bucket(json!({"Principal": {"AWS": OTHER}})));
    let found = find_outsiders(&foreign, &[], &restricted);
    assert!(found.contains_key(&OutsiderName::Account(OTHER.to_owned())));
}

/// The resource control policies of an account, from their statements.
fn controlled(statements: &[Value]) -> Surroundings {
    let policies = statements.iter().map(document).collect();
    Surroundings { resource_control_policies: policies, ..own() }
}

fn only_organization() -> Value {
    json!({"Effect": "Deny", "Principal": "*", "Action": ["s3:*", "sqs:*"], "Resource": "*",
        "Condition": {"StringNotEqualsIfExists": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}})
}

fn full_access() -> Value {
    json!({"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"})
}

#[test]
fn a_resource_control_policy_closes_a_document() {
    let found = yes(Somebody, "s3:GetObject", "arn:aws:s3:::shop/*");
    let own_bucket = bucket(json!({"Principal": {"AWS": OWN}}));
    check_public_with(&[("everyone", bucket(json!({})), NO)], &controlled(&[only_organization()]));
    check_public_with(&[("everyone", bucket(json!({})), found)], &controlled(&[full_access()]));
    check_public_with(&[("only the account", own_bucket, NO)], &controlled(&[full_access()]));
    check_public_with(
        &[("everyone", bucket(json!({})), NO)],
        &controlled(&[full_access(), only_organization()]),
    );
}

#[test]
fn a_resource_control_policy_of_another_service_changes_nothing() {
    let queue =
        json!({"Effect": "Allow", "Principal": "*", "Action": "kms:Decrypt", "Resource": "*"});
    check_public_with(
        &[("a key", queue, yes(Somebody, "kms:Decrypt", "*"))],
        &controlled(&[only_organization()]),
    );
}

#[test]
fn a_resource_control_policy_can_except_services() {
    let except_services = json!({"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*",
        "Condition": {"StringNotEqualsIfExists": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"},
            "BoolIfExists": {"aws:PrincipalIsAWSService": "false"}}});
    let put = bucket(json!({"Action": "s3:PutObject"}));
    let cases: Vec<Case> = vec![("everyone", put, NO)];
    check_public_with(&cases, &controlled(&[except_services]));
}

#[test]
fn a_resource_control_policy_bounds_named_principals() {
    let foreign: PolicyDocument = document(&bucket(json!({"Principal": {"AWS": OTHER}})));
    let deny = json!({"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*",
        "Condition": {"StringNotEquals": {"aws:PrincipalAccount": OWN}}});
    let bounds = controlled(&[deny]);
    assert!(find_outsiders(&foreign, &[], &bounds).is_empty());
    assert_eq!(find_outsiders(&foreign, &[], &controlled(&[full_access()])).len(), 1);
    let grantee = Grantee::Account(OTHER.to_owned());
    let ask = |bounds: &Surroundings| {
        grants_access(&foreign, &grantee, &["s3:GetObject"], &["*"], bounds)
    };
    assert!(ask(&bounds).is_no());
    assert!(ask(&own()).is_yes());
}

#[test]
fn the_definition_of_amazon_s3_is_stricter_in_what_it_takes_as_named() {
    let as_s3 = Surroundings { definition: PublicDefinition::AmazonS3, ..own() };
    let pinned = [
        json!({"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}),
        json!({"StringEquals": {"aws:SourceVpc": "vpc-0a1b2c3d"}}),
        json!({"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}),
        json!({"StringEquals": {"aws:PrincipalAccount": OWN}}),
    ];
    for condition in pinned {
        let statements = bucket(json!({"Condition": condition}));
        let answer = join_answers(&public_statements(&document(&statements), &as_s3));
        assert!(answer.is_no(), "{statements}: {answer}");
    }
    let open = [
        json!({"StringLike": {"aws:SourceVpc": "vpc-*"}}),
        json!({"StringLike": {"aws:SourceVpce": "vpce-0a*"}}),
        json!({"IpAddress": {"aws:SourceIp": "0.0.0.0/0"}}),
        json!({"StringLike": {"aws:userid": "AROAEXAMPLEID:*"}}),
        json!({"IpAddress": {"aws:SourceIp": "2600::/20"}}),
    ];
    for condition in open {
        let statements = bucket(json!({"Condition": condition}));
        let answer = join_answers(&public_statements(&document(&statements), &as_s3));
        assert!(answer.is_yes(), "{statements}: {answer}");
    }
}

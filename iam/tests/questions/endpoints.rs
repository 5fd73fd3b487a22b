//! The policies of VPC endpoints: whether strangers reach their own resources.

use evenkeel_iam::{Surroundings, join_answers, open_endpoint_statements};
use serde_json::json;

use super::support::Who::Somebody;
use super::support::{Case, Expected, NO, OWN, check, yes};

fn endpoint(condition: serde_json::Value) -> serde_json::Value {
    json!([{"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "*",
        "Condition": condition}])
}

#[test]
fn a_limit_on_the_caller_or_on_the_resource_is_enough() {
    let own_resources = json!({"StringEquals": {"aws:ResourceAccount": OWN}});
    let own_organization = json!({"StringEquals": {"aws:ResourceOrgID": "o-a1b2c3d4e5"}});
    let cases: Vec<Case> = vec![
        ("no limit", endpoint(json!({})), yes(Somebody, "s3:*", "*")),
        ("resources of the account", endpoint(own_resources), NO),
        ("resources of the organization", endpoint(own_organization), NO),
        (
            "callers of the organization",
            endpoint(json!({"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}})),
            NO,
        ),
        (
            "resources of whoever calls",
            endpoint(json!({"StringEquals": {"aws:ResourceAccount": "${aws:PrincipalAccount}"}})),
            yes(Somebody, "s3:*", "*"),
        ),
        (
            "a denial of other resources",
            json!([
                {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"},
                {"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*",
                    "Condition": {"StringNotEquals": {"aws:ResourceAccount": OWN}}},
            ]),
            NO,
        ),
        (
            "an endpoint whose ID the document does not contain",
            endpoint(json!({"StringEquals": {"aws:SourceVpce": "vpce-0123456789abcdef0"}})),
            Expected::Unknown("facts"),
        ),
        (
            "an object of one bucket",
            json!([{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "arn:aws:s3:::shop/*"}]),
            yes(Somebody, "*", "arn:aws:s3:::shop/*"),
        ),
    ];
    check(&cases, |document| {
        join_answers(&open_endpoint_statements(document, &Surroundings::default()))
    });
}

//! Actions, ARNs and accounts in forms that are correct and less common.

use evenkeel_iam::{
    Grantee, OutsiderName, PolicyDocument, Surroundings, find_outsiders, grants_access,
    grants_new_access, join_answers, public_statements,
};
use serde_json::{Value, json};

use super::support::document;

fn is_public(statement: &Value) -> bool {
    join_answers(&public_statements(&document(statement), &Surroundings::default())).is_yes()
}

fn is_granted(statement: &Value, action: &str) -> bool {
    let nothing = Surroundings::default();
    grants_access(&document(statement), &Grantee::Holder, &[action], &[], &nothing).is_yes()
}

fn outsiders(document: &PolicyDocument) -> Vec<String> {
    let own = Surroundings { account: Some("111122223333".to_owned()), ..Surroundings::default() };
    let found = find_outsiders(document, &[], &own);
    found.keys().map(OutsiderName::to_string).collect()
}

#[test]
fn the_resource_of_an_action_of_s3_does_not_follow_from_its_name() {
    let objects = |action: &str| json!({"Effect": "Allow", "Principal": "*", "Action": action, "Resource": "arn:aws:s3:::b/*"});
    for action in
        ["BypassGovernanceRetention", "ReplicateDelete", "ReplicateTags", "InitiateReplication"]
    {
        let action = format!("s3:{action}");
        assert!(is_public(&objects(&action)) && is_granted(&objects("s3:*"), &action), "{action}");
    }
    assert!(!is_granted(&objects("s3:*"), "s3:GetBucketPolicy"));
    let lambda = json!({"Effect": "Allow", "Principal": "*", "Action": "s3:CreateAccessPointForObjectLambda",
        "Resource": "arn:aws:s3-object-lambda:us-east-1:111122223333:accesspoint/a"});
    assert!(is_public(&lambda));
}

#[test]
fn an_arn_without_its_last_parts_is_completed() {
    let on = |effect: &str, resource: &str| json!({"Effect": effect, "Action": "sqs:*", "Resource": resource});
    assert!(is_granted(&on("Allow", "arn:aws:sqs"), "sqs:SendMessage"));
    assert!(is_granted(&on("Allow", "arn:aws:sqs:eu-west-1"), "sqs:SendMessage"));
    let denied = json!([on("Allow", "arn:aws:sqs:*:*:*"), on("Deny", "arn:aws:sqs")]);
    assert!(!is_granted(&denied, "sqs:SendMessage"));
    let one = document(&on("Allow", "arn:aws:sqs:eu-west-1:111122223333:q"));
    let all = document(&on("Allow", "arn:aws:sqs"));
    assert!(grants_new_access(&one, &all, &Surroundings::default()).is_yes());
}

#[test]
fn a_consumer_of_a_stream_has_colons_in_its_name() {
    let consumer = "arn:aws:kinesis:us-east-1:111122223333:stream/s/consumer/c:1525898737";
    assert!(is_public(&json!({"Effect": "Allow", "Principal": "*",
        "Action": "kinesis:SubscribeToShard", "Resource": consumer})));
}

#[test]
fn a_source_without_an_account_can_belong_to_everyone() {
    let key = |service: &str, source: &str| {
        json!({"Effect": "Allow", "Principal": {"Service": service}, "Action": "kms:Sign",
            "Resource": "*", "Condition": {"ArnLike": {"aws:SourceArn": source}}})
    };
    let zones = "arn:aws:route53:::hostedzone/";
    assert!(is_public(&key("dnssec-route53.amazonaws.com", &format!("{zones}*"))));
    assert!(is_public(&key("apigateway.amazonaws.com", "arn:aws:apigateway:*::/restapis/*")));
    assert!(!is_public(&key("dnssec-route53.amazonaws.com", &format!("{zones}Z123"))));
}

#[test]
fn principals_of_every_partition_count() {
    for partition in ["aws-eusc", "aws-iso", "aws-iso-b", "aws-us-gov", "aws-cn"] {
        let role = format!("arn:{partition}:iam::*:role/Deploy");
        let condition = json!({"ArnLike": {"aws:PrincipalArn": role}});
        assert!(
            is_public(&json!({"Effect": "Allow", "Principal": "*", "Action": "sqs:*",
                "Resource": "*", "Condition": condition})),
            "{partition}"
        );
    }
}

#[test]
fn an_account_is_an_outsider_under_every_key_that_contains_it() {
    for (key, value) in [
        ("s3:DataAccessPointArn", "arn:aws:s3:us-east-1:444455556666:accesspoint/a"),
        ("aws:VpceAccount", "444455556666"),
        ("aws:SourceVpcArn", "arn:aws:ec2:us-east-1:444455556666:vpc/vpc-1"),
        ("lambda:SourceFunctionArn", "arn:aws:lambda:us-east-1:444455556666:function:f"),
        ("ec2:SourceInstanceARN", "arn:aws:ec2:us-east-1:444455556666:instance/i-1"),
        ("aws:userid", "444455556666"),
    ] {
        let document =
            document(&json!({"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject",
            "Resource": "*", "Condition": {"StringEquals": {key: value}}}));
        assert_eq!(outsiders(&document), ["444455556666"], "{key}");
    }
    let service = document(&json!({"Effect": "Allow",
        "Principal": {"Service": "cloudtrail.amazonaws.com"}, "Action": "s3:PutObject",
        "Resource": "arn:aws:s3:::b/*",
        "Condition": {"StringEquals": {"aws:SourceAccount": "444455556666"}}}));
    assert_eq!(outsiders(&service), ["444455556666"]);
}

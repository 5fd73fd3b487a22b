//! Conditions that name the caller, and conditions that only seem to.

use evenkeel_iam::{PublicDefinition, Surroundings};
use serde_json::{Value, json};

use super::support::Who::{Anyone, Arn, Somebody, Stranger};
use super::support::{Case, NO, OWN, check_public, check_public_with, yes, yes_with};

const KEY: &str = "*";

fn allow(condition: &Value) -> Value {
    json!({"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "kms:Decrypt",
        "Resource": "*", "Condition": condition})
}

/// Asserts that each of the conditions lets nobody in but those whom it names.
fn check_closed(conditions: &[Value]) {
    let cases = conditions.iter().map(|one| ("names its callers", allow(one), NO));
    check_public(&cases.collect::<Vec<_>>());
}

/// Asserts that strangers can satisfy each of the conditions.
fn check_open(conditions: &[Value]) {
    let found = yes(Somebody, "kms:Decrypt", KEY);
    let cases = conditions.iter().map(|one| ("fits strangers", allow(one), found));
    check_public(&cases.collect::<Vec<_>>());
}

#[test]
fn an_organization_is_named_by_its_whole_id() {
    check_closed(&[
        json!({"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}),
        json!({"StringEquals": {"AWS:principalorgid": ["o-a1b2c3d4e5", "o-a1b2c3d4e6"]}}),
        json!({"StringLike": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}),
        json!({"ForAnyValue:StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}),
        json!({"ForAllValues:StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"},
            "Null": {"aws:PrincipalOrgID": "false"}}),
        json!({"StringEqualsIfExists": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"},
            "Null": {"aws:PrincipalOrgID": "false"}}),
        json!({"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-a1b2c3d4e5/*"}}),
        json!({"ForAnyValue:StringLike":
            {"aws:PrincipalOrgPaths": "o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/*"}}),
        json!({"ForAllValues:StringLike": {"aws:PrincipalOrgPaths": "o-a1b2c3d4e5/*"},
            "Null": {"aws:PrincipalOrgPaths": "false"}}),
    ]);
    check_open(&[
        json!({"StringLike": {"aws:PrincipalOrgID": "o-*"}}),
        json!({"StringLike": {"aws:PrincipalOrgID": "o-a1b2c3d4*"}}),
        json!({"StringEqualsIfExists": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}),
        json!({"ForAllValues:StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}),
        json!({"ForAllValues:StringLike": {"aws:PrincipalOrgPaths": "o-a1b2c3d4e5/*"}}),
        json!({"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "*/r-ab12/*"}}),
        json!({"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-*/r-ab12/ou-ab12-*/*"}}),
        json!({"ForAnyValue:StringNotLike": {"aws:PrincipalOrgPaths": "o-a1b2c3d4e5/*"}}),
        json!({"StringNotEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}),
        json!({"Null": {"aws:PrincipalOrgID": "false"}}),
    ]);
}

#[test]
fn an_organization_path_without_a_set_operator_is_not_documented() {
    let unknown = super::support::Expected::Unknown("set-operator-missing");
    check_public(&[
        (
            "StringLike",
            allow(&json!({"StringLike": {"aws:PrincipalOrgPaths": "o-a1b2c3d4e5/*"}})),
            unknown,
        ),
        (
            "an operator that does not exist",
            allow(&json!({"StringMatches": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}})),
            super::support::Expected::Unknown("condition"),
        ),
        (
            "and another condition that nobody satisfies",
            allow(&json!({"StringLike": {"aws:PrincipalOrgPaths": "o-a1b2c3d4e5/*"},
                "StringEquals": {"aws:PrincipalAccount": OWN}})),
            NO,
        ),
    ]);
}

#[test]
fn an_account_is_named_alone_or_in_an_arn() {
    check_closed(&[
        json!({"StringEquals": {"aws:PrincipalAccount": OWN}}),
        json!({"StringEquals": {"kms:CallerAccount": OWN}}),
        json!({"StringEquals": {"kms:callerAccount": OWN, "kms:ViaService": "s3.eu-west-1.amazonaws.com"}}),
        json!({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::111122223333:*"}}),
        json!({"ArnLike": {"aws:PrincipalArn": "arn:*:iam::111122223333:role/*"}}),
        json!({"ArnEquals": {"aws:PrincipalArn": "arn:aws:iam::111122223333:role/a*"}}),
        json!({"StringLike": {"aws:PrincipalArn": "arn:aws:iam::111122223333:role/*"}}),
        json!({"StringEquals": {"aws:PrincipalArn": "arn:aws:iam::111122223333:user/ann"}}),
    ]);
    check_open(&[
        json!({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/admin"}}),
        json!({"StringLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/admin"}}),
        json!({"StringLike": {"aws:PrincipalArn": "*"}}),
        json!({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:user/*"}}),
        json!({"StringNotEquals": {"aws:PrincipalAccount": OWN}}),
        json!({"StringLike": {"aws:PrincipalAccount": "*"}}),
        json!({"StringEqualsIfExists": {"aws:PrincipalArn": "arn:aws:iam::111122223333:role/a"}}),
        json!({"StringEquals": {"kms:ViaService": "s3.eu-west-1.amazonaws.com"}}),
        json!({"StringEquals": {"kms:EncryptionContext:app": "shop"}}),
    ]);
}

#[test]
fn a_wildcard_of_a_text_crosses_colons_and_one_of_an_arn_does_not() {
    let role = "arn:aws:iam::999988887777:role/*111122223333*";
    let resource = "*";
    check_public(&[
        (
            "the account's number in a path",
            allow(&json!({"StringLike": {"aws:PrincipalArn": "arn:aws:iam::*111122223333*"}})),
            yes(Arn(role), "kms:Decrypt", resource),
        ),
        (
            "the same as an ARN",
            allow(&json!({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::111122223333:*"}})),
            NO,
        ),
        (
            "a star for the account, then the account",
            allow(&json!({"ArnLike": {"aws:PrincipalArn": "arn:*:*:*:111122223333:*"}})),
            NO,
        ),
        (
            "an ARN of too few parts",
            allow(&json!({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam:*"}})),
            NO,
        ),
        (
            "a text of the same few parts",
            allow(&json!({"StringLike": {"aws:PrincipalArn": "arn:aws:iam:*"}})),
            yes(Stranger, "kms:Decrypt", resource),
        ),
    ]);
}

#[test]
fn a_network_is_named_by_its_whole_id() {
    check_closed(&[
        json!({"StringEquals": {"aws:SourceVpce": "vpce-0a1b2c3d"}}),
        json!({"StringEquals": {"aws:SourceVpc": ["vpc-0a1b2c3d", "vpc-0a1b2c3e"]}}),
        json!({"StringLike": {"aws:SourceVpc": "vpc-0a1b2c3d"}}),
        json!({"StringEquals": {"aws:VpceOrgID": "o-a1b2c3d4e5"}}),
        json!({"StringEquals": {"aws:VpceAccount": OWN}}),
    ]);
    check_open(&[
        json!({"StringLike": {"aws:SourceVpce": "vpce-*"}}),
        json!({"StringLike": {"aws:SourceVpce": "vpce-0a1b*"}}),
        json!({"StringLike": {"aws:SourceVpc": "vpc-*"}}),
        json!({"StringEqualsIfExists": {"aws:SourceVpce": "vpce-0a1b2c3d"}}),
        json!({"StringNotEquals": {"aws:SourceVpce": "vpce-0a1b2c3d"}}),
        json!({"Null": {"aws:SourceVpce": "false"}}),
        json!({"ArnLike": {"aws:SourceVpcArn": "arn:aws:ec2:eu-west-1:*:vpc/*"}}),
        json!({"IpAddress": {"aws:VpcSourceIp": "10.0.0.0/8"}}),
    ]);
}

#[test]
fn the_internet_is_recognized_however_it_is_written() {
    let source = |ranges: Value| json!({"IpAddress": {"aws:SourceIp": ranges}});
    check_open(&[
        source(json!("0.0.0.0/0")),
        source(json!("::/0")),
        source(json!("2000::/3")),
        source(json!("2600::/12")),
        source(json!(["0.0.0.0/1", "128.0.0.0/1"])),
        source(json!(["0.0.0.0/2", "64.0.0.0/2", "128.0.0.0/2", "192.0.0.0/2"])),
        source(json!(["203.0.113.0/24", "0.0.0.0/0"])),
        source(json!((16..24).map(|first| format!("{first}.0.0.0/8")).collect::<Vec<_>>())),
        source(json!(
            (12..80).step_by(2).map(|first| format!("{first}.0.0.0/8")).collect::<Vec<_>>()
        )),
        source(json!("52.0.0.0/7")),
        json!({"IpAddressIfExists": {"aws:SourceIp": "203.0.113.0/24"}}),
        json!({"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}}),
        json!({"IpAddress": {"aws:SourceIp": "0.0.0.0/0"},
            "NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}}),
        json!({"NotIpAddress": {"aws:SourceIp": "10.0.0.0/8"}}),
    ]);
    check_closed(&[
        source(json!("203.0.113.7")),
        source(json!("203.0.113.7/32")),
        source(json!(["203.0.113.0/24", "198.51.100.0/24"])),
        source(json!("17.0.0.0/8")),
        source(json!(["203.0.113.0/25", "203.0.113.128/25"])),
        source(json!("2001:db8:1::/48")),
        source(json!("2001:db8::/32")),
        source(json!(["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"])),
        json!({"IpAddress": {"aws:SourceIp": "0.0.0.0/0"},
            "StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}),
    ]);
}

#[test]
fn the_address_in_the_witness_is_one_of_a_stranger() {
    let found = |address| yes_with(Somebody, "kms:Decrypt", "*", address);
    check_public(&[
        (
            "outside the excluded range",
            allow(&json!({"NotIpAddress": {"aws:SourceIp": "8.0.0.0/8"},
                "IpAddress": {"aws:SourceIp": "8.0.0.0/7"}})),
            found(&[("aws:sourceip", Some("9.*"))]),
        ),
        (
            "IPv6",
            allow(&json!({"IpAddress": {"aws:SourceIp": "2600::/12"}})),
            found(&[("aws:sourceip", Some("26*:*"))]),
        ),
        (
            "no address through an endpoint",
            allow(&json!({"IpAddressIfExists": {"aws:SourceIp": "203.0.113.0/24"}})),
            found(&[("aws:sourceip", None)]),
        ),
    ]);
}

#[test]
fn the_id_of_a_role_names_it_except_by_the_definition_of_amazon_s3() {
    let session = allow(&json!({"StringLike": {"aws:userId": "AROAEXAMPLEID:*"}}));
    let as_s3 = Surroundings { definition: PublicDefinition::AmazonS3, ..Surroundings::default() };
    let found = yes(Stranger, "kms:Decrypt", "*");
    check_public(&[
        ("all sessions of a role", session.clone(), NO),
        ("a user", allow(&json!({"StringEquals": {"aws:userid": "AIDAEXAMPLEID"}})), NO),
        ("every role", allow(&json!({"StringLike": {"aws:userid": "AROA*"}})), found),
        ("a name of a session", allow(&json!({"StringLike": {"aws:userid": "*:ann"}})), found),
        ("some roles", allow(&json!({"StringLike": {"aws:userid": "AROAEXAMPLE*:x"}})), found),
        (
            "anonymous",
            allow(&json!({"StringEquals": {"aws:userid": "anonymous"}})),
            yes(Anyone, "kms:Decrypt", "*"),
        ),
    ]);
    let access_point =
        |value: &str| allow(&json!({"StringLike": {"s3:DataAccessPointArn": value}}));
    let cases: Vec<Case> = vec![
        ("all sessions of a role", session, found),
        ("one session", allow(&json!({"StringEquals": {"aws:userid": "AROAEXAMPLEID:ann"}})), NO),
        (
            "an access point of every account",
            access_point("arn:aws:s3:eu-west-1:*:accesspoint/shared"),
            found,
        ),
    ];
    check_public_with(&cases, &as_s3);
}

//! Requests without TLS that no statement denies.

use evenkeel_iam::{Answer, Surroundings, find_insecure_request};
use serde_json::{Value, json};

use super::support::Who::Somebody;
use super::support::{Expected, NO, differs, document, yes};

const BUCKET: &[&str] = &["arn:aws:s3:::shop", "arn:aws:s3:::shop/*"];

fn find(statements: &Value, resources: &[&str]) -> Answer {
    find_insecure_request(&document(statements), resources, &Surroundings::default())
}

fn check_resources(resources: &[&str], cases: &[(&str, Value, Expected)]) {
    let mut wrong = Vec::new();
    for (name, statements, expected) in cases {
        let answer = find(statements, resources);
        let secure = answer.witness().is_some_and(|witness| {
            witness.request.context.get("aws:securetransport") != Some(&vec!["false".to_owned()])
        });
        let problem = differs(&statements.to_string(), &answer, *expected);
        if let Some(problem) = problem.or_else(|| secure.then(|| format!("with TLS: {answer}"))) {
            wrong.push(format!("{name}: {problem}\n    {statements}"));
        }
    }
    assert!(wrong.is_empty(), "{} wrong answers:\n{}", wrong.len(), wrong.join("\n"));
}

/// A `Deny` of a bucket and its objects without TLS, with some elements replaced.
fn deny(part: Value) -> Value {
    let mut statement = json!({"Effect": "Deny", "Principal": "*", "Action": "s3:*",
        "Resource": BUCKET, "Condition": {"Bool": {"aws:SecureTransport": "false"}}});
    for (name, value) in part.as_object().into_iter().flatten() {
        let fields = statement.as_object_mut().unwrap();
        if value.is_null() {
            fields.remove(name);
        } else {
            fields.insert(name.clone(), value.clone());
        }
    }
    statement
}

#[test]
fn a_bucket_and_its_objects_need_the_deny() {
    let bucket = || deny(json!({"Resource": "arn:aws:s3:::shop"}));
    let objects = || deny(json!({"Resource": "arn:aws:s3:::shop/*"}));
    check_resources(
        BUCKET,
        &[
            ("both", deny(json!({})), NO),
            ("everything", deny(json!({"Action": "*", "Resource": "*"})), NO),
            ("a pattern for both", deny(json!({"Resource": "arn:aws:s3:::shop*"})), NO),
            ("two statements", json!([bucket(), objects()]), NO),
            ("the bucket only", bucket(), yes(Somebody, "s3:*Object*", "arn:aws:s3:::shop/*")),
            ("objects only", objects(), yes(Somebody, "s3:*Bucket*", "arn:aws:s3:::shop")),
            (
                "another bucket",
                deny(json!({"Resource": ["arn:aws:s3:::shop2", "arn:aws:s3:::shop2/*"]})),
                yes(Somebody, "s3:*", "arn:aws:s3:::shop*"),
            ),
            ("nothing", json!([]), yes(Somebody, "s3:*", "arn:aws:s3:::shop*")),
            (
                "an allow with TLS",
                json!({"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "*",
                    "Condition": {"Bool": {"aws:SecureTransport": "true"}}}),
                yes(Somebody, "s3:*", "arn:aws:s3:::shop*"),
            ),
        ],
    );
}

#[test]
fn the_deny_must_cover_every_action() {
    check_resources(
        BUCKET,
        &[
            (
                "reading only",
                deny(json!({"Action": "s3:GetObject"})),
                yes(Somebody, "s3:*", "arn:aws:s3:::shop*"),
            ),
            (
                "all but reading",
                deny(json!({"Action": null, "NotAction": "s3:GetObject"})),
                yes(Somebody, "s3:GetObject", "arn:aws:s3:::shop/*"),
            ),
            ("all but another service", deny(json!({"Action": null, "NotAction": "sqs:*"})), NO),
            ("two globs", deny(json!({"Action": ["s3:?*", "*:*"]})), NO),
            (
                "all but a folder",
                deny(json!({"Resource": null, "NotResource": "arn:aws:s3:::shop/free/*"})),
                yes(Somebody, "s3:*Object*", "arn:aws:s3:::shop/free/*"),
            ),
            (
                "reading, and all the rest",
                json!([
                    deny(json!({"Action": "s3:Get*"})),
                    deny(json!({"Action": null, "NotAction": "s3:Get*"}))
                ]),
                NO,
            ),
        ],
    );
}

#[test]
fn the_deny_must_bind_every_caller() {
    let found = yes(Somebody, "s3:*", "arn:aws:s3:::shop*");
    let role = "arn:aws:iam::111122223333:role/legacy";
    let exempt = |operator: &str| {
        deny(json!({"Condition": {"Bool": {"aws:SecureTransport": "false"},
            operator: {"aws:PrincipalArn": role}}}))
    };
    let but = |more: Value| {
        let mut condition = json!({"Bool": {"aws:SecureTransport": "false"}});
        for (name, value) in more.as_object().into_iter().flatten() {
            condition.as_object_mut().unwrap().insert(name.clone(), value.clone());
        }
        deny(json!({"Condition": condition}))
    };
    check_resources(
        BUCKET,
        &[
            ("AWS star", deny(json!({"Principal": {"AWS": "*"}})), NO),
            ("one principal", deny(json!({"Principal": {"AWS": role}})), found),
            ("one account", deny(json!({"Principal": {"AWS": "111122223333"}})), found),
            (
                "an organization is exempt",
                but(json!({"StringNotEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}})),
                found,
            ),
            (
                "a network is exempt",
                but(json!({"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}})),
                found,
            ),
            (
                "an endpoint is exempt",
                but(json!({"StringNotEquals": {"aws:SourceVpce": "vpce-0a1b2c3d"}})),
                found,
            ),
            (
                "services are exempt",
                but(json!({"BoolIfExists": {"aws:PrincipalIsAWSService": "false"}})),
                NO,
            ),
            ("only one role", exempt("ArnEquals"), found),
            (
                "only from some addresses",
                deny(json!({"Condition": {"Bool": {"aws:SecureTransport": "false"},
                    "IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}})),
                found,
            ),
        ],
    );
}

#[test]
fn the_condition_has_several_spellings() {
    let with = |condition: Value| deny(json!({"Condition": condition}));
    let found = yes(Somebody, "s3:*", "arn:aws:s3:::shop*");
    check_resources(
        BUCKET,
        &[
            ("a JSON boolean", with(json!({"Bool": {"aws:SecureTransport": false}})), NO),
            ("upper case", with(json!({"bool": {"AWS:securetransport": "False"}})), NO),
            ("if it exists", with(json!({"BoolIfExists": {"aws:SecureTransport": "false"}})), NO),
            ("as text", with(json!({"StringEquals": {"aws:SecureTransport": "false"}})), NO),
            ("not true", with(json!({"StringNotEquals": {"aws:SecureTransport": "true"}})), NO),
            ("a pattern", with(json!({"StringLike": {"aws:SecureTransport": "f*"}})), NO),
            ("both", with(json!({"Bool": {"aws:SecureTransport": ["true", "false"]}})), NO),
            ("any value", with(json!({"ForAnyValue:Bool": {"aws:SecureTransport": "false"}})), NO),
            ("without condition", deny(json!({"Condition": null})), NO),
            ("the wrong value", with(json!({"Bool": {"aws:SecureTransport": "true"}})), found),
            ("absent", with(json!({"Null": {"aws:SecureTransport": "true"}})), found),
            (
                "the version of TLS instead",
                with(json!({"NumericLessThan": {"s3:TlsVersion": "1.2"}})),
                found,
            ),
            (
                "the version of TLS as well",
                with(json!({"Bool": {"aws:SecureTransport": "false"},
                    "NumericLessThan": {"s3:TlsVersion": "1.2"}})),
                found,
            ),
        ],
    );
}

#[test]
fn the_deny_must_name_this_queue() {
    let queue = &["arn:aws:sqs:eu-west-1:111122223333:jobs"];
    let on = |resource: &str| deny(json!({"Action": "sqs:*", "Resource": resource}));
    let found = yes(Somebody, "sqs:*", "arn:aws:sqs:eu-west-1:111122223333:jobs");
    check_resources(
        queue,
        &[
            ("this queue", on("arn:aws:sqs:eu-west-1:111122223333:jobs"), NO),
            ("every queue", on("*"), NO),
            ("a pattern", on("arn:aws:sqs:*:111122223333:j*"), NO),
            ("another queue", on("arn:aws:sqs:eu-west-1:111122223333:other"), found),
            ("a longer name", on("arn:aws:sqs:eu-west-1:111122223333:jobs-2"), found),
            ("another region", on("arn:aws:sqs:us-east-1:111122223333:jobs"), found),
            ("another account", on("arn:aws:sqs:eu-west-1:444455556666:jobs"), found),
            ("sending only", deny(json!({"Action": "sqs:SendMessage", "Resource": "*"})), found),
        ],
    );
}

#[test]
fn only_publishing_to_a_topic_and_invoking_an_api_count() {
    let on = |action: &str, resource: &str| deny(json!({"Action": action, "Resource": resource}));
    let topic = "arn:aws:sns:eu-west-1:111122223333:news";
    check_resources(
        &[topic],
        &[
            ("publishing", on("sns:Publish", topic), NO),
            ("everything", on("sns:*", "*"), NO),
            ("subscribing", on("sns:Subscribe", topic), yes(Somebody, "sns:Publish", topic)),
            (
                "publishing to another topic",
                on("sns:Publish", "arn:aws:sns:eu-west-1:111122223333:other"),
                yes(Somebody, "sns:Publish", topic),
            ),
        ],
    );
    check_resources(
        &["execute-api:/*"],
        &[
            ("an API", on("execute-api:Invoke", "execute-api:/*"), NO),
            (
                "one path",
                on("execute-api:Invoke", "execute-api:/prod/GET/items"),
                yes(Somebody, "execute-api:Invoke", "arn:aws*:execute-api:*"),
            ),
        ],
    );
}

#[test]
fn statements_can_bind_every_caller_together() {
    let with = |principal: Value, operator: &str, key: &str, value: &str| {
        let mut condition = json!({"Bool": {"aws:SecureTransport": "false"}});
        if !operator.is_empty() {
            condition[operator] = json!({key: value});
        }
        deny(json!({"Principal": principal, "Condition": condition}))
    };
    let everyone = |operator: &str, key: &str, value: &str| with(json!("*"), operator, key, value);
    let account = "aws:PrincipalAccount";
    let organization = "aws:PrincipalOrgID";
    let found = yes(Somebody, "s3:*", "arn:aws:s3:::shop*");
    check_resources(
        BUCKET,
        &[
            (
                "an account and all others",
                json!([
                    with(json!({"AWS": "111122223333"}), "", "", ""),
                    everyone("StringNotEquals", account, "111122223333")
                ]),
                NO,
            ),
            (
                "an organization and all others",
                json!([
                    everyone("StringEquals", organization, "o-a1b2c3d4e5"),
                    everyone("StringNotEquals", organization, "o-a1b2c3d4e5")
                ]),
                NO,
            ),
            (
                "through an endpoint and not",
                json!([
                    everyone("Null", "aws:SourceVpce", "true"),
                    everyone("Null", "aws:SourceVpce", "false")
                ]),
                NO,
            ),
            (
                "an organization and those without one",
                json!([
                    everyone("StringEquals", organization, "o-a1b2c3d4e5"),
                    everyone("Null", organization, "true")
                ]),
                found,
            ),
            (
                "those who do not sign",
                everyone("StringEquals", "aws:PrincipalType", "Anonymous"),
                found,
            ),
        ],
    );
}

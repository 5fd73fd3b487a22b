//! A bucket's policy denies plain HTTP to everyone.

use aws_sdk_s3::Client;
use aws_sdk_s3::error::ProvideErrorMetadata;
use evenkeel_rules::glob::matches;
use evenkeel_rules::policy::Tier;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::s3_bucket::{arn, client, refused};
use crate::aws::Aws;
use crate::remediator::{Plan, RefusedByAws, Remediator};
use crate::violation::Target;

/// A policy may have so many bytes.
///
/// Source: Amazon S3 User Guide, "Bucket policies": 20 KB.
const LONGEST: usize = 20 * 1024;

/// Adds a statement to a bucket's policy that denies everyone everything over plain HTTP. The statements that
/// are there stay as they are. An undo puts the policy that was there, or deletes it if there was none.
#[derive(Clone, Debug)]
pub struct DenyInsecureTransport {
    client: Client,
}

/// A bucket's policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bucket {
    /// None where there is none.
    pub policy: Option<Value>,
}

impl From<Aws> for DenyInsecureTransport {
    fn from(aws: Aws) -> Self {
        DenyInsecureTransport { client: client(&aws) }
    }
}

impl Remediator for DenyInsecureTransport {
    type State = Bucket;

    const ID: &'static str = "s3-deny-insecure-transport";
    const PERMISSIONS: &'static [&'static str] =
        &["s3:DeleteBucketPolicy", "s3:GetBucketPolicy", "s3:PutBucketPolicy"];
    const TIER: Option<Tier> = Some(Tier::A);

    fn arns(target: &Target) -> Vec<String> {
        vec![arn(target)]
    }

    fn calls(_: &Bucket, to: &Bucket) -> Vec<&'static str> {
        vec![if to.policy.is_some() { "s3:PutBucketPolicy" } else { "s3:DeleteBucketPolicy" }]
    }

    async fn observe(&self, target: &Target) -> Result<Bucket, RefusedByAws> {
        let call = self.client.get_bucket_policy().bucket(&target.id);
        let told = match call.expected_bucket_owner(&target.account).send().await {
            Ok(answer) => answer.policy.unwrap_or_default(),
            Err(error) if error.code() == Some("NoSuchBucketPolicy") => {
                return Ok(Bucket { policy: None });
            }
            Err(error) => return Err(refused(error)),
        };
        let policy = serde_json::from_str(&told);
        let unread = |error| RefusedByAws::Later(format!("the policy cannot be read: {error}"));
        Ok(Bucket { policy: Some(policy.map_err(unread)?) })
    }

    fn plan(&self, target: &Target, before: &Bucket) -> Plan<Bucket> {
        let policy = before.policy.clone();
        let mut policy =
            policy.unwrap_or_else(|| json!({"Version": "2012-10-17", "Statement": []}));
        let statements = match policy.get_mut("Statement") {
            Some(Value::Array(statements)) => statements,
            Some(one @ Value::Object(_)) => {
                *one = Value::Array(vec![one.take()]);
                let Value::Array(statements) = one else { return unlike_a_policy() };
                statements
            }
            _ => return unlike_a_policy(),
        };
        if is_denied(statements, &arn(target)) {
            return Plan::Nothing;
        }
        let statement = denial(statements, &arn(target));
        statements.push(statement);
        let length = policy.to_string().len();
        if length > LONGEST {
            return Plan::Refuse(format!(
                "the policy would have {length} bytes, and may have {LONGEST}"
            ));
        }
        Plan::Change(Bucket { policy: Some(policy) })
    }

    async fn apply(&self, target: &Target, state: &Bucket) -> Result<(), RefusedByAws> {
        let (client, bucket, owner) = (&self.client, &target.id, &target.account);
        if let Some(policy) = &state.policy {
            let call = client.put_bucket_policy().bucket(bucket).expected_bucket_owner(owner);
            call.policy(policy.to_string()).send().await.map_err(refused)?;
        } else {
            let call = client.delete_bucket_policy().bucket(bucket);
            call.expected_bucket_owner(owner).send().await.map_err(refused)?;
        }
        Ok(())
    }
}

fn unlike_a_policy() -> Plan<Bucket> {
    Plan::Refuse("the bucket's policy has no statements that can be read".to_owned())
}

/// The statement to add. Its name must be the only one of its kind.
fn denial(beside: &[Value], bucket: &str) -> Value {
    const SID: &str = "DenyInsecureTransport";
    let mut statement = json!({
        "Sid": SID,
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [bucket, format!("{bucket}/*")],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    });
    let taken = beside.iter().any(|one| one.get("Sid").and_then(Value::as_str) == Some(SID));
    if let (true, Some(fields)) = (taken, statement.as_object_mut()) {
        fields.shift_remove("Sid");
    }
    statement
}

/// Whether plain HTTP is denied already, to the bucket and to every object.
fn is_denied(statements: &[Value], bucket: &str) -> bool {
    let patterns: Vec<&str> = statements
        .iter()
        .filter(|one| denies(one))
        .flat_map(|one| texts(one, "Resource"))
        .collect();
    // What ends in `*` and fits the empty key fits every key.
    let objects = format!("{bucket}/");
    patterns.iter().any(|pattern| matches(pattern, bucket))
        && patterns.iter().any(|pattern| pattern.ends_with('*') && matches(pattern, &objects))
}

/// Whether a statement denies everyone everything over plain HTTP. Any further condition would leave a way in.
fn denies(statement: &Value) -> bool {
    let everyone = match statement.get("Principal") {
        Some(Value::Object(of)) => of.get("AWS").is_some_and(|aws| all(aws).any(|one| one == "*")),
        Some(Value::String(of)) => of == "*",
        _ => false,
    };
    let everything = |action: &str| action == "*" || action.eq_ignore_ascii_case("s3:*");
    statement.get("Effect").and_then(Value::as_str) == Some("Deny")
        && everyone
        && texts(statement, "Action").any(everything)
        && statement.get("Condition").is_some_and(is_plain_http)
}

/// Whether a condition is that the connection is not encrypted, and nothing else.
fn is_plain_http(condition: &Value) -> bool {
    let Some(operator) = only(condition) else { return false };
    let Some((key, values)) = only(operator.1) else { return false };
    let mut values = all(values).peekable();
    let is_bool = ["bool", "boolifexists"].contains(&operator.0.to_ascii_lowercase().as_str());
    is_bool
        && key.eq_ignore_ascii_case("aws:SecureTransport")
        && values.peek().is_some()
        && values.all(|value| {
            value.as_str().is_some_and(|text| text.eq_ignore_ascii_case("false")) || value == false
        })
}

/// The one field of an object that has one.
fn only(value: &Value) -> Option<(&String, &Value)> {
    value.as_object().filter(|fields| fields.len() == 1)?.iter().next()
}

/// The texts of a field, which may stand alone or in a list.
fn texts<'a>(statement: &'a Value, field: &str) -> impl Iterator<Item = &'a str> {
    statement.get(field).into_iter().flat_map(all).filter_map(Value::as_str)
}

fn all(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice).iter()
}

#[cfg(test)]
mod tests {
    use super::*;

    const BUCKET: &str = "arn:aws:s3:::b";

    fn statement(change: &Value) -> Value {
        let mut statement = denial(&[], BUCKET);
        for (field, value) in change.as_object().unwrap() {
            statement[field] = value.clone();
        }
        statement
    }

    #[test]
    fn what_denies_as_much_is_enough() {
        for change in [
            json!({}),
            json!({"Sid": "another"}),
            json!({"Principal": {"AWS": "*"}}),
            json!({"Principal": {"AWS": ["*"]}}),
            json!({"Action": ["S3:*"]}),
            json!({"Action": "*"}),
            json!({"Resource": "*"}),
            json!({"Resource": "arn:aws:s3:::b*"}),
            json!({"Condition": {"BoolIfExists": {"AWS:securetransport": [false]}}}),
        ] {
            assert!(is_denied(&[statement(&change)], BUCKET), "{change}");
        }
        let parts = ["arn:aws:s3:::b", "arn:aws:s3:::b/*"].map(|part| json!({"Resource": part}));
        assert!(is_denied(&parts.each_ref().map(statement), BUCKET));
    }

    #[test]
    fn what_denies_less_is_not() {
        for change in [
            json!({"Effect": "Allow"}),
            json!({"Principal": {"AWS": "arn:aws:iam::111122223333:root"}}),
            json!({"Principal": {"Service": "*"}}),
            json!({"Principal": null}),
            json!({"Action": ["s3:GetObject", "s3:Put*"]}),
            json!({"Resource": "arn:aws:s3:::b"}),
            json!({"Resource": "arn:aws:s3:::b/*"}),
            json!({"Resource": ["arn:aws:s3:::b", "arn:aws:s3:::b/?"]}),
            json!({"Resource": ["arn:aws:s3:::b", "arn:aws:s3:::b/a*"]}),
            json!({"Resource": ["arn:aws:s3:::c", "arn:aws:s3:::c/*"]}),
            json!({"Condition": {}}),
            json!({"Condition": null}),
            json!({"Condition": {"Bool": {"aws:SecureTransport": "true"}}}),
            json!({"Condition": {"Bool": {"aws:SecureTransport": []}}}),
            json!({"Condition": {"Bool": {"aws:SecureTransport": "false", "aws:ViaAWSService": "false"}}}),
            json!({"Condition": {"Bool": {"aws:SecureTransport": "false"}, "StringEquals": {"a": "b"}}}),
        ] {
            assert!(!is_denied(&[statement(&change)], BUCKET), "{change}");
        }
    }
}

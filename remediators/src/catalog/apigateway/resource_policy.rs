//! Parses and compares resource policies of REST APIs, and adds a statement that denies unencrypted
//! HTTP.

use serde_json::{Value, json};

use crate::catalog::shared::policy_documents::{check_transport_denial, denies_insecure_transport};
use crate::remediator::PlanRefusal;

/// The maximum length of a resource policy in bytes.
///
/// Source: Amazon API Gateway Developer Guide, "Quotas".
const MAX_BYTES: usize = 8192;

/// Parses a policy that API Gateway returns: JSON text, sometimes with escaped quotes.
pub(crate) fn parse_policy(policy: &str) -> Option<Value> {
    let whole = |text: &str| serde_json::from_str::<Value>(text).ok().filter(Value::is_object);
    whole(policy).or_else(|| whole(&policy.replace("\\\"", "\"").replace("\\/", "/")))
}

/// Returns the policy with a statement that denies unencrypted HTTP, or `None` if the policy
/// already denies unencrypted HTTP.
///
/// An API without a policy allows anyone; an API with a policy allows only the principals of the
/// policy. A new policy therefore also contains a statement that allows anyone.
pub(crate) fn add_transport_denial(policy: Option<&Value>) -> Result<Option<Value>, PlanRefusal> {
    let mut merged = match policy {
        None => json!({
            "Version": "2012-10-17",
            "Statement": [build_statement("Allow")],
        }),
        Some(policy) => {
            // The form with short resources names this API, whatever its ID is.
            if denies_insecure_transport(&normalize_policy(policy), &["execute-api:/*"])? {
                return Ok(None);
            }
            policy.clone()
        }
    };
    let mut deny = build_statement("Deny");
    if let Some(deny) = deny.as_object_mut() {
        deny.insert("Condition".to_owned(), json!({"Bool": {"aws:SecureTransport": "false"}}));
    }
    match merged.get_mut("Statement") {
        Some(Value::Array(statements)) => statements.push(deny),
        Some(one @ Value::Object(_)) => *one = json!([one.take(), deny]),
        _ => {
            let why = "the resource policy has no readable `Statement`; correct the policy by hand";
            return Err(PlanRefusal::NeedsPerson(why.to_owned()));
        }
    }
    let anyone = json!({"Version": "2012-10-17", "Statement": [build_statement("Allow")]});
    let before = policy.unwrap_or(&anyone);
    check_transport_denial(&normalize_policy(before), &normalize_policy(&merged))?;
    if merged.to_string().len() > MAX_BYTES {
        let why = format!(
            "with one more statement, the resource policy would exceed {MAX_BYTES} bytes; shorten \
             the policy by hand"
        );
        return Err(PlanRefusal::NeedsPerson(why));
    }
    Ok(Some(merged))
}

/// Returns a statement for all principals and all methods.
fn build_statement(effect: &str) -> Value {
    json!({
        "Effect": effect,
        "Principal": "*",
        "Action": "execute-api:Invoke",
        "Resource": "execute-api:/*",
    })
}

/// Returns whether two policies are equal. API Gateway replaces short resources
/// (`execute-api:/...`) with full ARNs, so the function treats both forms as equal.
pub(crate) fn is_same_policy(one: Option<&Value>, other: Option<&Value>) -> bool {
    match (one, other) {
        (None, None) => true,
        (Some(one), Some(other)) => normalize_policy(one) == normalize_policy(other),
        _ => false,
    }
}

/// Returns a policy with short resources and without lists of one element.
fn normalize_policy(policy: &Value) -> Value {
    match policy {
        // `arn:aws:execute-api:REGION:ACCOUNT:API/STAGE/...` is `execute-api:/STAGE/...`.
        Value::String(text) if text.starts_with("arn:") && text.contains(":execute-api:") => {
            let path = text.split_once('/').map_or("", |(_, path)| path);
            Value::String(format!("execute-api:/{path}"))
        }
        // A list with one element is equal to the element.
        Value::Array(list) => match list.as_slice() {
            [one] => normalize_policy(one),
            list => Value::Array(list.iter().map(normalize_policy).collect()),
        },
        Value::Object(map) => {
            map.iter().map(|(name, value)| (name.clone(), normalize_policy(value))).collect()
        }
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escaped_and_unescaped_policies_are_parsed() {
        let policy = json!({"Version": "2012-10-17", "Statement": []});
        let text = policy.to_string();
        assert_eq!(parse_policy(&text), Some(policy.clone()));
        assert_eq!(parse_policy(&text.replace('"', "\\\"")), Some(policy));
        assert_eq!(parse_policy("no"), None);
        assert_eq!(parse_policy("[]"), None);
    }

    #[test]
    fn the_denial_blocks_no_caller_and_changes_no_other_statement() {
        let alone = add_transport_denial(None).unwrap().unwrap();
        assert_eq!(alone.pointer("/Statement/0/Effect"), Some(&json!("Allow")));
        let allow = json!({"Sid": "a", "Effect": "Allow", "Principal": {"AWS": "111122223333"},
            "Action": "execute-api:Invoke", "Resource": ["execute-api:/live/GET/*"]});
        for written in [json!([allow]), allow.clone()] {
            let before = json!({"Version": "2012-10-17", "Id": "x", "Statement": written});
            let after = add_transport_denial(Some(&before)).unwrap().unwrap();
            assert_eq!(after.pointer("/Statement/0"), Some(&allow));
            assert_eq!(after.pointer("/Statement/1/Effect"), Some(&json!("Deny")));
            assert_eq!(after.pointer("/Id"), Some(&json!("x")));
            assert_eq!(add_transport_denial(Some(&after)), Ok(None), "one denial is sufficient");
        }
    }

    #[test]
    fn a_denial_for_some_principals_is_not_sufficient() {
        let mut policy = add_transport_denial(None).unwrap().unwrap();
        policy["Statement"][1]["Principal"] = json!({"AWS": "111122223333"});
        assert!(add_transport_denial(Some(&policy)).unwrap().is_some());
        assert!(add_transport_denial(Some(&json!({"Statement": "no"}))).is_err());
        let too_long = json!({"Statement": [{"Sid": "x".repeat(MAX_BYTES)}]});
        assert!(add_transport_denial(Some(&too_long)).is_err());
    }

    #[test]
    fn full_and_short_resources_are_equal() {
        let short = add_transport_denial(None).unwrap().unwrap();
        let full = "arn:aws:execute-api:eu-central-1:111122223333:abc/*";
        let long = short.to_string().replace("execute-api:/*", full);
        let long = serde_json::from_str(&long).unwrap();
        assert!(is_same_policy(Some(&short), Some(&long)));
        assert!(!is_same_policy(Some(&short), None));
    }
}

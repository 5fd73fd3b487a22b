//! What a statement of a function's policy lets whom do, and how it is added.

use serde::Serialize;
use serde_json::Value;

/// Keys that say whose, or from where, a call is.
const CALLER_KEYS: &[&str] = &["aws:principalorgid", "aws:sourceaccount", "aws:sourcearn"];

/// Operators that hold for the values given only.
const POSITIVE_OPERATORS: &[&str] =
    &["arnequals", "arnlike", "stringequals", "stringequalsignorecase", "stringlike"];

/// Whether everyone may call: no condition says who, or from where. That a caller is known to AWS, as with the
/// authorization `AWS_IAM`, leaves everyone with an account.
pub(super) fn is_public(statement: &Value) -> bool {
    let everyone = match statement.get("Principal") {
        Some(Value::Object(of)) => {
            of.get("AWS").is_some_and(|aws| list_values(aws).any(|one| one == "*"))
        }
        Some(of) => of == "*",
        None => false,
    };
    let pinned = list_conditions(statement).any(|(operator, key, values)| {
        CALLER_KEYS.contains(&key.as_str()) && is_restricting(&operator, values)
    });
    is_allow_statement(statement) && everyone && !pinned
}

/// Whether buckets of any account may call: a bucket's ARN does not name its account, and who deletes a bucket
/// leaves its name to others.
pub(super) fn allows_any_bucket(statement: &Value) -> bool {
    let service = statement.pointer("/Principal/Service");
    let pinned = list_conditions(statement).any(|(operator, key, values)| {
        key == "aws:sourceaccount" && is_restricting(&operator, values)
    });
    is_allow_statement(statement)
        && service.is_some_and(|service| list_values(service).any(|one| one == "s3.amazonaws.com"))
        && !pinned
}

fn is_allow_statement(statement: &Value) -> bool {
    statement.get("Effect").and_then(Value::as_str) == Some("Allow")
}

/// A statement's conditions: operator and key in lower case, and the values.
fn list_conditions(statement: &Value) -> impl Iterator<Item = (String, String, &Value)> {
    let operators = statement.get("Condition").and_then(Value::as_object).into_iter().flatten();
    operators.flat_map(|(operator, keys)| {
        let operator = operator.to_ascii_lowercase();
        let keys = keys.as_object().into_iter().flatten();
        keys.map(move |(key, values)| (operator.clone(), key.to_ascii_lowercase(), values))
    })
}

/// Whether a condition holds for some callers only: the values are alternatives, and each must be fixed.
fn is_restricting(operator: &str, values: &Value) -> bool {
    let mut values = list_values(values).peekable();
    POSITIVE_OPERATORS.contains(&operator)
        && values.peek().is_some()
        && values.all(|value| value.as_str().is_some_and(is_restricting_value))
}

fn is_restricting_value(value: &str) -> bool {
    let wild = |text: &str| text.is_empty() || text.contains(['*', '?', '$']);
    // An ARN that leaves open what may at least say whose it is.
    !wild(value) || value.split(':').nth(4).is_some_and(|account| !wild(account))
}

fn list_values(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice).iter()
}

/// A permission for everyone, as it is added.
///
/// Source: AWS Lambda API Reference, `AddPermission`.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct AddPermissionRequest<'a> {
    pub(super) statement_id: &'a str,
    action: &'a str,
    principal: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    source_arn: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source_account: Option<&'a str>,
    #[serde(rename = "PrincipalOrgID", skip_serializing_if = "Option::is_none")]
    organization: Option<&'a str>,
    #[serde(rename = "FunctionUrlAuthType", skip_serializing_if = "Option::is_none")]
    url_authorization: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    event_source_token: Option<&'a str>,
    #[serde(rename = "InvokedViaFunctionUrl", skip_serializing_if = "Option::is_none")]
    by_url: Option<bool>,
}

/// The permission for everyone by which a statement would be made just as it is, if there is one.
///
/// Source: AWS Lambda API Reference, `AddPermission`; Developer Guide, "Viewing resource-based IAM policies".
pub(super) fn build_permission<'a>(
    function: &str,
    of: &str,
    statement: &'a Value,
) -> Option<AddPermissionRequest<'a>> {
    const FIELDS: &[&str] = &["Sid", "Effect", "Principal", "Action", "Resource", "Condition"];
    let fields = statement.as_object()?;
    let resource = fields.get("Resource")?.as_str()?;
    let qualified = if of.is_empty() { "" } else { ":" };
    let is_made = fields.keys().all(|field| FIELDS.contains(&field.as_str()))
        && is_allow_statement(statement)
        && fields.get("Principal")? == "*"
        && resource.ends_with(&format!(":function:{function}{qualified}{of}"));
    if !is_made {
        return None;
    }
    let action = fields.get("Action")?.as_str()?;
    let mut permission =
        AddPermissionRequest { action, principal: "*", ..AddPermissionRequest::default() };
    let Some(conditions) = fields.get("Condition") else { return Some(permission) };
    for (operator, keys) in conditions.as_object()? {
        for (key, value) in keys.as_object()? {
            permission.set_condition(operator, key, value.as_str()?)?;
        }
    }
    Some(permission)
}

impl<'a> AddPermissionRequest<'a> {
    fn set_condition(&mut self, operator: &str, key: &str, value: &'a str) -> Option<()> {
        let field = match (operator, key) {
            ("ArnLike", "AWS:SourceArn") => &mut self.source_arn,
            ("StringEquals", "AWS:SourceAccount") => &mut self.source_account,
            ("StringEquals", "aws:PrincipalOrgID") => &mut self.organization,
            ("StringEquals", "lambda:FunctionUrlAuthType") => &mut self.url_authorization,
            ("StringEquals", "lambda:EventSourceToken") => &mut self.event_source_token,
            ("Bool", "lambda:InvokedViaFunctionUrl") => {
                self.by_url = Some(value == "true").filter(|by_url| *by_url);
                return self.by_url.map(drop);
            }
            _ => return None,
        };
        *field = Some(value);
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn statement(change: &Value) -> Value {
        let mut statement = json!({
            "Sid": "a", "Effect": "Allow", "Principal": "*", "Action": "lambda:InvokeFunction",
            "Resource": "arn:aws:lambda:eu-central-1:111122223333:function:f",
        });
        for (field, value) in change.as_object().unwrap() {
            statement[field] = value.clone();
        }
        statement
    }

    fn condition(operator: &str, key: &str, value: impl Into<Value>) -> Value {
        json!({"Condition": {operator: {key: value.into()}}})
    }

    #[test]
    fn only_whom_a_condition_names_is_not_everyone() {
        for (change, public) in [
            (json!({}), true),
            (json!({"Principal": {"AWS": ["*"]}}), true),
            (json!({"Principal": {"Service": "*"}}), false),
            (json!({"Principal": {"AWS": "arn:aws:iam::111122223333:root"}}), false),
            (json!({"Effect": "Deny"}), false),
            (condition("StringEquals", "lambda:FunctionUrlAuthType", "AWS_IAM"), true),
            (condition("StringEquals", "aws:PrincipalOrgID", "o-a1b2c3d4e5"), false),
            (condition("StringEquals", "AWS:SourceAccount", "111122223333"), false),
            (condition("StringEqualsIfExists", "AWS:SourceAccount", "111122223333"), true),
            (condition("StringNotEquals", "AWS:SourceAccount", "111122223333"), true),
            (condition("ArnLike", "AWS:SourceArn", "arn:aws:s3:::b"), false),
            (condition("ArnLike", "AWS:SourceArn", "arn:aws:sns:*:111122223333:*"), false),
            (condition("ArnLike", "AWS:SourceArn", "arn:aws:sns:*:*:topic"), true),
            (condition("ArnLike", "AWS:SourceArn", json!(["arn:aws:s3:::b", "*"])), true),
            (condition("ArnLike", "AWS:SourceArn", json!([])), true),
        ] {
            assert_eq!(is_public(&statement(&change)), public, "{change}");
        }
    }

    #[test]
    fn what_could_not_be_added_again_is_known() {
        for (change, known) in [
            (json!({}), true),
            (condition("StringEquals", "lambda:FunctionUrlAuthType", "NONE"), true),
            (condition("Bool", "lambda:InvokedViaFunctionUrl", "true"), true),
            (condition("Bool", "lambda:InvokedViaFunctionUrl", "false"), false),
            (condition("StringEquals", "lambda:FunctionUrlAuthType", json!(["NONE"])), false),
            (condition("StringLike", "aws:UserAgent", "a"), false),
            (json!({"Principal": {"AWS": "*"}}), false),
            (json!({"Action": ["lambda:InvokeFunction"]}), false),
            (json!({"Resource": "*"}), false),
            (json!({"NotAction": "x"}), false),
        ] {
            assert_eq!(build_permission("f", "", &statement(&change)).is_some(), known, "{change}");
        }
        assert!(build_permission("f", "live", &statement(&json!({}))).is_none());
    }
}

//! Finds public statements of a Lambda function policy, and builds the requests that add
//! statements.

use serde::Serialize;
use serde_json::Value;

/// Returns whether a statement allows S3 buckets of any account. The ARN of a bucket contains no
/// account, and another account can create a bucket with the name of a deleted one.
pub(super) fn allows_any_bucket(statement: &Value) -> bool {
    let service = statement.pointer("/Principal/Service");
    let restricted = list_conditions(statement).any(|(operator, key, values)| {
        key == "aws:sourceaccount" && is_restricting(&operator, values)
    });
    is_allow_statement(statement)
        && service.is_some_and(|service| list_values(service).any(|one| one == "s3.amazonaws.com"))
        && !restricted
}

fn is_allow_statement(statement: &Value) -> bool {
    statement.get("Effect").and_then(Value::as_str) == Some("Allow")
}

/// Returns the conditions of a statement: the operator and the key in lower case, and the values.
fn list_conditions(statement: &Value) -> impl Iterator<Item = (String, String, &Value)> {
    let operators = statement.get("Condition").and_then(Value::as_object).into_iter().flatten();
    operators.flat_map(|(operator, keys)| {
        let operator = operator.to_ascii_lowercase();
        let keys = keys.as_object().into_iter().flatten();
        keys.map(move |(key, values)| (operator.clone(), key.to_ascii_lowercase(), values))
    })
}

/// The condition operators that match the listed values only.
const POSITIVE_OPERATORS: &[&str] = &["stringequals", "stringequalsignorecase", "stringlike"];

/// Returns whether a condition restricts the callers. The values are alternatives, so each value
/// must restrict the callers.
fn is_restricting(operator: &str, values: &Value) -> bool {
    let mut values = list_values(values).peekable();
    POSITIVE_OPERATORS.contains(&operator)
        && values.peek().is_some()
        && values.all(|value| value.as_str().is_some_and(is_restricting_value))
}

/// Returns whether a value restricts the callers: it contains no wildcard and no variable, or it is
/// an ARN with a fixed account.
fn is_restricting_value(value: &str) -> bool {
    let wild = |text: &str| text.is_empty() || text.contains(['*', '?', '$']);
    // The fifth part of an ARN is the account.
    !wild(value) || value.split(':').nth(4).is_some_and(|account| !wild(account))
}

/// Returns the elements of a list, or a single value as one element.
fn list_values(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice).iter()
}

/// The request that adds a permission for all principals.
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

/// Returns the request that creates exactly this statement for all principals, or `None` if no
/// request can create it.
///
/// Source: AWS Lambda API Reference, `AddPermission`; Developer Guide, "Viewing resource-based IAM
/// policies".
pub(super) fn build_permission<'a>(
    function: &str,
    of: &str,
    statement: &'a Value,
) -> Option<AddPermissionRequest<'a>> {
    const FIELDS: &[&str] = &["Sid", "Effect", "Principal", "Action", "Resource", "Condition"];
    let fields = statement.as_object()?;
    let resource = fields.get("Resource")?.as_str()?;
    let qualified = if of.is_empty() { "" } else { ":" };
    let is_reproducible = fields.keys().all(|field| FIELDS.contains(&field.as_str()))
        && is_allow_statement(statement)
        && fields.get("Principal")? == "*"
        && resource.ends_with(&format!(":function:{function}{qualified}{of}"));
    if !is_reproducible {
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
    /// Sets the parameter for a condition. Returns `None` if there is no parameter for it.
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
    fn statements_that_cannot_be_restored_are_detected() {
        for (change, restorable) in [
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
            let changed = statement(&change);
            let permission = build_permission("f", "", &changed);
            assert_eq!(permission.is_some(), restorable, "{change}");
        }
        assert!(build_permission("f", "live", &statement(&json!({}))).is_none());
    }
}

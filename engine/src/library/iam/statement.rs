//! A statement of a policy document in a uniform format, which does not depend on how AWS recorded
//! it.

use cel::ExecutionError;
use cel::common::types::{CelMapKey, CelString};
use cel::common::value::Val;
use serde_json::{Map, Value as Json};

use super::super::function::{function_error, text_excerpt};
use super::super::{json_conversion, values};

/// A statement of a policy document.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct PolicyStatement {
    /// The statement ID; empty if the statement has none.
    pub(super) sid: String,
    /// `true` for an Allow statement, `false` for a Deny statement.
    pub(super) allows: bool,
    /// The principals to which the statement applies: `*`, ARNs, account IDs, and others with a
    /// prefix such as `service:`.
    pub(super) principals: Vec<String>,
    /// The principals to which the statement does not apply, if it applies to all others.
    pub(super) not_principals: Vec<String>,
    /// The actions to which the statement applies.
    pub(super) actions: Vec<String>,
    /// The actions to which the statement does not apply, if it applies to all others.
    pub(super) not_actions: Vec<String>,
    /// The resources to which the statement applies.
    pub(super) resources: Vec<String>,
    /// The resources to which the statement does not apply, if it applies to all others.
    pub(super) not_resources: Vec<String>,
    /// The conditions. The statement applies if all of them are true.
    pub(super) conditions: Vec<PolicyCondition>,
}

/// A test of one condition key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PolicyCondition {
    /// The operator as written, such as `ForAnyValue:StringLike`.
    pub(super) operator: String,
    /// The condition key, in lower case.
    pub(super) key: String,
    /// The values. One matching value is sufficient.
    pub(super) values: Vec<String>,
}

impl PolicyStatement {
    /// Parses a statement. The names of its fields are not case-sensitive.
    pub(super) fn from_json(function: &str, json: &Json) -> Result<Self, ExecutionError> {
        let Json::Object(fields) = json else {
            return Err(function_error(function, "a statement is not an object"));
        };
        let mut statement = Self::default();
        let mut effect = None;
        for (name, value) in fields {
            let list = || read_strings(function, value);
            match name.to_ascii_lowercase().as_str() {
                "sid" => statement.sid = list()?.concat(),
                "effect" => effect = Some(list()?.concat()),
                "principal" => statement.principals = read_principals(function, value)?,
                "notprincipal" => statement.not_principals = read_principals(function, value)?,
                "action" => statement.actions = list()?,
                "notaction" => statement.not_actions = list()?,
                "resource" => statement.resources = list()?,
                "notresource" => statement.not_resources = list()?,
                "condition" => statement.conditions = read_conditions(function, value)?,
                _ => {}
            }
        }
        statement.allows = parse_effect(function, effect.as_deref().unwrap_or_default())?;
        Ok(statement)
    }

    /// Returns whether the statement applies to everyone, or to everyone except some principals.
    pub(super) fn is_for_everyone(&self) -> bool {
        self.principals.iter().any(|principal| principal == "*") || !self.not_principals.is_empty()
    }

    /// Converts the statement to the value that policies read.
    pub(super) fn into_value<'v>(self) -> Box<dyn Val + 'v> {
        let conditions = self.conditions.into_iter().map(|condition| {
            serde_json::json!({
                "operator": condition.operator,
                "key": condition.key,
                "values": condition.values,
            })
        });
        let conditions = json_conversion::from_json(Json::Array(conditions.collect()));
        let text = |text: String| Box::new(CelString::from(text)) as Box<dyn Val + 'v>;
        let list = |list: Vec<String>| Box::new(values::string_list(list)) as Box<dyn Val + 'v>;
        let effect = if self.allows { "Allow" } else { "Deny" };
        let fields = [
            ("sid", text(self.sid)),
            ("effect", text(effect.to_owned())),
            ("principals", list(self.principals)),
            ("notPrincipals", list(self.not_principals)),
            ("actions", list(self.actions)),
            ("notActions", list(self.not_actions)),
            ("resources", list(self.resources)),
            ("notResources", list(self.not_resources)),
            ("conditions", conditions),
        ];
        Box::new(values::build_map(fields.map(|(name, value)| (CelMapKey::from(name), value))))
    }
}

fn parse_effect(function: &str, effect: &str) -> Result<bool, ExecutionError> {
    match effect.to_ascii_lowercase().as_str() {
        "allow" => Ok(true),
        "deny" => Ok(false),
        _ => Err(function_error(function, format!("`{}` is not an effect", text_excerpt(effect)))),
    }
}

/// Reads a string or a list of strings. Booleans and numbers become strings.
fn read_strings(function: &str, json: &Json) -> Result<Vec<String>, ExecutionError> {
    match json {
        Json::String(string) => Ok(vec![string.clone()]),
        Json::Bool(flag) => Ok(vec![flag.to_string()]),
        Json::Number(number) => Ok(vec![number.to_string()]),
        Json::Array(items) => {
            let mut all = Vec::new();
            for item in items {
                all.extend(read_strings(function, item)?);
            }
            Ok(all)
        }
        Json::Null => Ok(vec![]),
        Json::Object(fields) if fields.is_empty() => Ok(vec![]),
        Json::Object(_) => Err(function_error(function, "an object where strings are expected")),
    }
}

fn read_principals(function: &str, json: &Json) -> Result<Vec<String>, ExecutionError> {
    let Json::Object(kinds) = json else { return read_strings(function, json) };
    let mut all = Vec::new();
    for (kind, names) in kinds {
        let prefix = match kind.to_ascii_lowercase().as_str() {
            "aws" => String::new(),
            "canonicaluser" => "canonical:".to_owned(),
            kind => format!("{kind}:"),
        };
        all.extend(
            read_strings(function, names)?.into_iter().map(|name| format!("{prefix}{name}")),
        );
    }
    Ok(all)
}

fn read_conditions(function: &str, json: &Json) -> Result<Vec<PolicyCondition>, ExecutionError> {
    let mut all = Vec::new();
    for (operator, keys) in condition_object(function, json)?.into_iter().flatten() {
        for (key, values) in condition_object(function, keys)?.into_iter().flatten() {
            all.push(PolicyCondition {
                operator: operator.clone(),
                key: key.to_ascii_lowercase(),
                values: read_strings(function, values)?,
            });
        }
    }
    Ok(all)
}

fn condition_object<'j>(
    function: &str,
    json: &'j Json,
) -> Result<Option<&'j Map<String, Json>>, ExecutionError> {
    match json {
        Json::Object(fields) => Ok(Some(fields)),
        Json::Null => Ok(None),
        _ => Err(function_error(function, "a condition is not an object")),
    }
}

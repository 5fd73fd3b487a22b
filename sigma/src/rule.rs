//! A Sigma rule: its metadata, and its detection as one condition.

use crate::condition_parser::{self, join_parts};
use crate::field_error::FieldError;
use crate::import_error::ImportError;
use crate::modifiers::parse_field_test;
use crate::rule_condition::RuleCondition;
use serde_json::{Map, Value};

/// The maximum depth of nested lists and maps in a selection.
const MAX_DEPTH: usize = 8;

/// A Sigma rule.
#[derive(Debug)]
pub(crate) struct SigmaRule {
    /// The title: a short description of what the rule finds.
    pub(crate) title: String,
    /// The id of the rule, a UUID.
    pub(crate) id: Option<String>,
    /// A longer description of the rule.
    pub(crate) description: Option<String>,
    /// The author.
    pub(crate) author: Option<String>,
    /// The license.
    pub(crate) license: Option<String>,
    /// The severity, such as `high`.
    pub(crate) level: Option<String>,
    /// The maturity of the rule, such as `stable`.
    pub(crate) status: Option<String>,
    /// The URLs of web pages about the topic.
    pub(crate) references: Vec<String>,
    /// The tags, such as `attack.t1098`.
    pub(crate) tags: Vec<String>,
    /// Known false positives.
    pub(crate) false_positives: Vec<String>,
    /// The selections and the condition.
    pub(crate) condition: RuleCondition,
}

/// The type of a document.
#[derive(Debug)]
pub(crate) enum SigmaDocument {
    /// A rule about CloudTrail.
    Rule(Box<SigmaRule>),
    /// A document that is not a rule about CloudTrail. The text contains the reason.
    Other(String),
}

/// Parses a document.
pub(crate) fn parse_document(document: &Value) -> Result<SigmaDocument, ImportError> {
    let Some(map) = document.as_object() else {
        return Ok(SigmaDocument::Other("not a Sigma rule: the document is not a map".to_owned()));
    };
    let refuse = |why: &str| Err(ImportError::Rule(why.to_owned()));
    if map.contains_key("correlation") {
        return refuse("a correlation rule needs several events, but a policy evaluates one event");
    }
    if map.contains_key("action") {
        return refuse("`action` exists only in Sigma 1; write a separate document for each rule");
    }
    if map.contains_key("filter") && map.contains_key("logsource") {
        return refuse("a Sigma filter changes other rules; add its condition to these rules");
    }
    let (Some(source), Some(detection)) = (map.get("logsource"), map.get("detection")) else {
        return Ok(SigmaDocument::Other(
            "not a Sigma rule: it has no `logsource` or no `detection`".to_owned(),
        ));
    };
    let of = |name: &str| source.get(name).and_then(Value::as_str).unwrap_or("");
    if (of("product"), of("service")) != ("aws", "cloudtrail") {
        let parts = [of("product"), of("service"), of("category")];
        let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        let why = format!("its log source is not aws/cloudtrail but {}", parts.join("/"));
        return Ok(SigmaDocument::Other(why));
    }
    let Some(detection) = detection.as_object() else { return refuse("`detection` is not a map") };
    let text = |name: &str| map.get(name).and_then(as_text);
    let Some(title) = text("title") else { return refuse("the rule has no `title`") };
    Ok(SigmaDocument::Rule(Box::new(SigmaRule {
        title,
        id: text("id"),
        description: text("description"),
        author: text("author"),
        license: text("license"),
        level: text("level"),
        status: text("status"),
        references: as_texts(map.get("references")),
        tags: as_texts(map.get("tags")),
        false_positives: as_texts(map.get("falsepositives")),
        condition: parse_conditions(detection)?,
    })))
}

fn as_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// Returns one string, or the strings of a list.
fn as_texts(value: Option<&Value>) -> Vec<String> {
    match value {
        Some(Value::Array(values)) => values.iter().filter_map(as_text).collect(),
        Some(one) => as_text(one).into_iter().collect(),
        None => Vec::new(),
    }
}

fn parse_conditions(detection: &Map<String, Value>) -> Result<RuleCondition, ImportError> {
    if detection.contains_key("timeframe") {
        let why = "`timeframe` needs several events, but a policy evaluates one event";
        return Err(ImportError::Rule(why.to_owned()));
    }
    let written = match detection.get("condition") {
        None => return Err(ImportError::Rule("the detection has no `condition`".to_owned())),
        Some(Value::String(one)) => vec![one.as_str()],
        Some(Value::Array(many)) => many.iter().filter_map(Value::as_str).collect(),
        Some(_) => vec![],
    };
    if written.is_empty() {
        return Err(ImportError::Condition("the value is not a string".to_owned()));
    }
    let names: Vec<String> =
        detection.keys().filter(|name| *name != "condition").cloned().collect();
    let find = |name: &str| {
        let value = detection.get(name).unwrap_or(&Value::Null);
        parse_selection(value, MAX_DEPTH).map_err(|refusal| match refusal {
            ImportError::Rule(why) => ImportError::Selection { name: name.to_owned(), why },
            other => other,
        })
    };
    let read = |text: &&str| condition_parser::parse_condition(text, &names, &find);
    let conditions =
        written.iter().map(read).collect::<Result<Vec<RuleCondition>, ImportError>>()?;
    Ok(join_parts(conditions, RuleCondition::Any))
}

fn parse_selection(value: &Value, depth: usize) -> Result<RuleCondition, ImportError> {
    let refuse = |why: &str| Err(ImportError::Rule(why.to_owned()));
    let Some(depth) = depth.checked_sub(1) else {
        return refuse(&format!("the lists and maps are nested deeper than {MAX_DEPTH} levels"));
    };
    match value {
        Value::Object(fields) if fields.is_empty() => refuse("a map is empty; add a field"),
        Value::Array(items) if items.is_empty() => refuse("a list is empty; add a value"),
        Value::Object(fields) => {
            let tests = fields
                .iter()
                .map(|(key, value)| parse_field_test(key, value).map(RuleCondition::Test));
            Ok(join_parts(tests.collect::<Result<_, _>>()?, RuleCondition::All))
        }
        Value::Array(items) => {
            let parts = items.iter().map(|item| parse_selection(item, depth));
            Ok(join_parts(parts.collect::<Result<_, _>>()?, RuleCondition::Any))
        }
        Value::String(_) | Value::Number(_) => refuse(&FieldError::Keywords.to_string()),
        Value::Null | Value::Bool(_) => refuse("the value is neither a map nor a list"),
    }
}

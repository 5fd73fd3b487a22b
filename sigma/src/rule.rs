//! A Sigma rule: what it says of itself, and its detection as one condition.

use crate::condition_parser::{self, join_parts};
use crate::field_error::FieldError;
use crate::import_error::ImportError;
use crate::modifiers::parse_field_test;
use crate::rule_condition::RuleCondition;
use serde_json::{Map, Value};

/// How deep lists and maps of a selection may stand.
const MAX_DEPTH: usize = 8;

/// A rule.
#[derive(Debug)]
pub(crate) struct SigmaRule {
    /// What it finds.
    pub(crate) title: String,
    /// Its own id, a UUID.
    pub(crate) id: Option<String>,
    /// Why that matters.
    pub(crate) description: Option<String>,
    /// Who wrote it.
    pub(crate) author: Option<String>,
    /// Under which license.
    pub(crate) license: Option<String>,
    /// How much it matters.
    pub(crate) level: Option<String>,
    /// How far it is tried.
    pub(crate) status: Option<String>,
    /// Pages to read.
    pub(crate) references: Vec<String>,
    /// What it is about, such as `attack.t1098`.
    pub(crate) tags: Vec<String>,
    /// What it finds wrongly.
    pub(crate) false_positives: Vec<String>,
    /// The selections and the condition.
    pub(crate) condition: RuleCondition,
}

/// What a document is.
#[derive(Debug)]
pub(crate) enum SigmaDocument {
    /// A rule about CloudTrail.
    Rule(Box<SigmaRule>),
    /// Something else, and what.
    Other(String),
}

/// Reads a document.
pub(crate) fn parse_document(document: &Value) -> Result<SigmaDocument, ImportError> {
    let Some(map) = document.as_object() else {
        return Ok(SigmaDocument::Other("no Sigma rule: it is no map".to_owned()));
    };
    let refuse = |why: &str| Err(ImportError::Rule(why.to_owned()));
    if map.contains_key("correlation") {
        return refuse("a correlation rule is about several events, and a policy sees one");
    }
    if map.contains_key("action") {
        return refuse("`action` is of Sigma 1 and no more: write each rule out");
    }
    if map.contains_key("filter") && map.contains_key("logsource") {
        return refuse("a Sigma filter changes other rules: write its condition into them");
    }
    let (Some(source), Some(detection)) = (map.get("logsource"), map.get("detection")) else {
        return Ok(SigmaDocument::Other(
            "no Sigma rule: it has no logsource or no detection".to_owned(),
        ));
    };
    let of = |name: &str| source.get(name).and_then(Value::as_str).unwrap_or("");
    if (of("product"), of("service")) != ("aws", "cloudtrail") {
        let parts = [of("product"), of("service"), of("category")];
        let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        let why = format!("its log source is not aws/cloudtrail but {}", parts.join("/"));
        return Ok(SigmaDocument::Other(why));
    }
    let Some(detection) = detection.as_object() else { return refuse("`detection` is no map") };
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

/// One text, or a list of them.
fn as_texts(value: Option<&Value>) -> Vec<String> {
    match value {
        Some(Value::Array(values)) => values.iter().filter_map(as_text).collect(),
        Some(one) => as_text(one).into_iter().collect(),
        None => Vec::new(),
    }
}

fn parse_conditions(detection: &Map<String, Value>) -> Result<RuleCondition, ImportError> {
    if detection.contains_key("timeframe") {
        let why = "`timeframe` is about several events, and a policy sees one";
        return Err(ImportError::Rule(why.to_owned()));
    }
    let written = match detection.get("condition") {
        None => return Err(ImportError::Rule("the detection has no `condition`".to_owned())),
        Some(Value::String(one)) => vec![one.as_str()],
        Some(Value::Array(many)) => many.iter().filter_map(Value::as_str).collect(),
        Some(_) => vec![],
    };
    if written.is_empty() {
        return Err(ImportError::Condition("it is no text".to_owned()));
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
    let Some(depth) = depth.checked_sub(1) else { return refuse("it nests too deep") };
    match value {
        Value::Object(fields) if fields.is_empty() => refuse("it is empty"),
        Value::Array(items) if items.is_empty() => refuse("it is empty"),
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
        Value::Null | Value::Bool(_) => refuse("it is neither a map nor a list"),
    }
}

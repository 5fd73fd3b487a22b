//! A Sigma rule: what it says of itself, and its detection as one condition.

use crate::condition::{self, one_or};
use crate::expr::Expr;
use crate::field_error::FieldError;
use crate::modifiers::test;
use crate::refusal::Refusal;
use serde_json::{Map, Value};

/// How deep lists and maps of a selection may stand.
const MAX_DEPTH: usize = 8;

/// A rule.
#[derive(Debug)]
pub(crate) struct Rule {
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
    pub(crate) condition: Expr,
}

/// What a document is.
#[derive(Debug)]
pub(crate) enum Document {
    /// A rule about CloudTrail.
    Rule(Box<Rule>),
    /// Something else, and what.
    Other(String),
}

/// Reads a document.
pub(crate) fn read(document: &Value) -> Result<Document, Refusal> {
    let Some(map) = document.as_object() else {
        return Ok(Document::Other("no Sigma rule: it is no map".to_owned()));
    };
    let refuse = |why: &str| Err(Refusal::Rule(why.to_owned()));
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
        return Ok(Document::Other(
            "no Sigma rule: it has no logsource or no detection".to_owned(),
        ));
    };
    let of = |name: &str| source.get(name).and_then(Value::as_str).unwrap_or("");
    if (of("product"), of("service")) != ("aws", "cloudtrail") {
        let parts = [of("product"), of("service"), of("category")];
        let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        let why = format!("its log source is not aws/cloudtrail but {}", parts.join("/"));
        return Ok(Document::Other(why));
    }
    let Some(detection) = detection.as_object() else { return refuse("`detection` is no map") };
    let text = |name: &str| map.get(name).and_then(as_text);
    let Some(title) = text("title") else { return refuse("the rule has no `title`") };
    Ok(Document::Rule(Box::new(Rule {
        title,
        id: text("id"),
        description: text("description"),
        author: text("author"),
        license: text("license"),
        level: text("level"),
        status: text("status"),
        references: texts(map.get("references")),
        tags: texts(map.get("tags")),
        false_positives: texts(map.get("falsepositives")),
        condition: conditions(detection)?,
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
fn texts(value: Option<&Value>) -> Vec<String> {
    match value {
        Some(Value::Array(values)) => values.iter().filter_map(as_text).collect(),
        Some(one) => as_text(one).into_iter().collect(),
        None => Vec::new(),
    }
}

fn conditions(detection: &Map<String, Value>) -> Result<Expr, Refusal> {
    if detection.contains_key("timeframe") {
        let why = "`timeframe` is about several events, and a policy sees one";
        return Err(Refusal::Rule(why.to_owned()));
    }
    let written = match detection.get("condition") {
        None => return Err(Refusal::Rule("the detection has no `condition`".to_owned())),
        Some(Value::String(one)) => vec![one.as_str()],
        Some(Value::Array(many)) => many.iter().filter_map(Value::as_str).collect(),
        Some(_) => vec![],
    };
    if written.is_empty() {
        return Err(Refusal::Condition("it is no text".to_owned()));
    }
    let names: Vec<String> =
        detection.keys().filter(|name| *name != "condition").cloned().collect();
    let find = |name: &str| {
        let value = detection.get(name).unwrap_or(&Value::Null);
        selection(value, MAX_DEPTH).map_err(|refusal| match refusal {
            Refusal::Rule(why) => Refusal::Selection { name: name.to_owned(), why },
            other => other,
        })
    };
    let read = |text: &&str| condition::read(text, &names, &find);
    let conditions = written.iter().map(read).collect::<Result<Vec<Expr>, Refusal>>()?;
    Ok(one_or(conditions, Expr::Any))
}

fn selection(value: &Value, depth: usize) -> Result<Expr, Refusal> {
    let refuse = |why: &str| Err(Refusal::Rule(why.to_owned()));
    let Some(depth) = depth.checked_sub(1) else { return refuse("it nests too deep") };
    match value {
        Value::Object(fields) if fields.is_empty() => refuse("it is empty"),
        Value::Array(items) if items.is_empty() => refuse("it is empty"),
        Value::Object(fields) => {
            let tests = fields.iter().map(|(key, value)| test(key, value).map(Expr::Test));
            Ok(one_or(tests.collect::<Result<_, _>>()?, Expr::All))
        }
        Value::Array(items) => {
            let parts = items.iter().map(|item| selection(item, depth));
            Ok(one_or(parts.collect::<Result<_, _>>()?, Expr::Any))
        }
        Value::String(_) | Value::Number(_) => refuse(&FieldError::Keywords.to_string()),
        Value::Null | Value::Bool(_) => refuse("it is neither a map nor a list"),
    }
}

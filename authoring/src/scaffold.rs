//! A policy and its cases to begin with: they compile, and the cases pass.

use crate::services::models::{Form, Member, Model, Shape, Side, lower_first, models};
use evenkeel_rules::event::without_version;
use serde_json::{Map, Value, json};

/// What a new policy is about.
#[derive(Clone, Debug, PartialEq)]
pub struct Subject {
    source: String,
    name: String,
    /// What its cases' event has.
    record: Value,
    /// The parameter that names the resource.
    key: Option<String>,
    decides: Decides,
}

/// What decides: where it is, and a value that is wrong and one that is right.
#[derive(Clone, Debug, PartialEq)]
struct Decides {
    /// A parameter of the request; without one, the caller's `userAgent`.
    parameter: Option<String>,
    wrong: Value,
    right: Value,
}

impl Decides {
    fn parameter(name: &str, wrong: impl Into<Value>, right: impl Into<Value>) -> Self {
        Decides { parameter: Some(name.to_owned()), wrong: wrong.into(), right: right.into() }
    }

    /// What decides where no parameter does that a model knows: which resource it is, or who calls.
    fn otherwise(key: Option<&str>, value: Option<&Value>) -> Self {
        match key.zip(value) {
            Some((key, value)) => Self::parameter(key, value.clone(), "another"),
            None => Decides { parameter: None, wrong: "wrong".into(), right: "right".into() },
        }
    }

    fn path(&self) -> String {
        self.parameter.as_ref().map_or_else(|| "event.?userAgent".to_owned(), |name| path(name))
    }

    /// The part of a record that has this value.
    fn part(&self, value: &Value) -> Value {
        match &self.parameter {
            Some(name) => json!({"requestParameters": {name: value}}),
            None => json!({"userAgent": value}),
        }
    }
}

impl Subject {
    /// An event of this source and name, with the parameters that AWS's models say it must have.
    pub fn named(source: &str, name: &str) -> Subject {
        let model = models(source).find(|model| model.has(name));
        let members = model.map(|model| model.members(name, Side::Request)).unwrap_or_default();
        let mut request = Map::new();
        if let Some(model) = model {
            for member in members.iter().filter(|member| member.required) {
                request.insert(lower_first(member.name), sample(model, member.shape, 0));
            }
        }
        let key = key(&request);
        let decides = match model {
            Some(model) => deciding(model, members, key.as_deref()),
            None => Some(Decides::parameter("enabled", false, true)),
        };
        let named = key.as_ref().and_then(|key| request.get(key));
        let decides = decides.unwrap_or_else(|| Decides::otherwise(key.as_deref(), named));
        if let Some(parameter) = &decides.parameter {
            request.insert(parameter.clone(), decides.wrong.clone());
        }
        let mut record =
            json!({"eventSource": source, "eventName": name, "requestParameters": request});
        if let (None, Some(record)) = (&decides.parameter, record.as_object_mut()) {
            record.insert("userAgent".to_owned(), decides.wrong.clone());
        }
        Subject { source: source.to_owned(), name: name.to_owned(), record, key, decides }
    }

    /// A recorded event, without who did it: that is filled in for every case. None where it is no record.
    pub fn recorded(record: &Value) -> Option<Subject> {
        let text = |name: &str| record.get(name).and_then(Value::as_str);
        let (source, name) = (text("eventSource")?, without_version(text("eventName")?));
        if !source.ends_with(".amazonaws.com") {
            return None;
        }
        let mut kept = Map::new();
        for field in [
            "eventSource",
            "eventName",
            "requestParameters",
            "responseElements",
            "additionalEventData",
        ] {
            if let Some(value) = record.get(field).filter(|value| !value.is_null()) {
                kept.insert(field.to_owned(), nameless(value));
            }
        }
        kept.insert("eventName".to_owned(), name.into());
        let empty = Map::new();
        let request = kept.get("requestParameters").and_then(Value::as_object).unwrap_or(&empty);
        let key = key(request);
        let is_plain = |value: &Value| !value.is_object() && !value.is_array() && !value.is_null();
        let mut others =
            request.iter().filter(|(name, value)| Some(*name) != key.as_ref() && is_plain(value));
        let decides = others
            .next()
            .map(|(name, value)| Decides::parameter(name, value.clone(), other(value)));
        let named = key.as_ref().and_then(|key| request.get(key));
        let decides = decides.unwrap_or_else(|| Decides::otherwise(key.as_deref(), named));
        if decides.parameter.is_none() {
            kept.insert("userAgent".to_owned(), decides.wrong.clone());
        }
        Some(Subject {
            source: source.to_owned(),
            name: name.to_owned(),
            record: Value::Object(kept),
            key,
            decides,
        })
    }

    /// The policy, about a resource of this CloudFormation type.
    pub fn policy(&self, kind: Option<&str>) -> String {
        let Subject { source, name, key, decides, .. } = self;
        let kind = kind.map_or_else(|| self.kind(), str::to_owned);
        let id = key.as_ref().map(|key| scalar(&format!("{}.orValue('')", path(key)).into()));
        let id = id.unwrap_or_else(|| "resource.account".to_owned());
        format!(
            "// METADATA
// title: TODO what is wrong, in a line
// description: >-
//   TODO why that matters.
// severity: MEDIUM
// match:
//   eventSource: {}
//   eventName: {}
// resource:
//   type: {kind}
//   id: {id}
// message: \"TODO {{{{resource.id}}}} is not as it should be\"
// references: []

// TODO true where it is wrong. `evenkeel schema {source}:{name}` prints what there is to look at.
{}.orValue({}) == {}
",
            scalar(&source.as_str().into()),
            scalar(&name.as_str().into()),
            decides.path(),
            literal(&decides.right),
            literal(&decides.wrong),
        )
    }

    /// Its cases: what is wrong, and two that are near it and right.
    pub fn cases(&self) -> String {
        let part = |value: &Value| yaml(&self.decides.part(value), 3);
        format!(
            "base:
  event:{}
cases:
  - name: TODO what is wrong
    expect: NON_COMPLIANT
  - name: TODO what is right
    merge:{}
    expect: COMPLIANT
  - name: TODO what is not said
    merge:{}
    expect: COMPLIANT
",
            yaml(&self.record, 2),
            part(&self.decides.right),
            part(&Value::Null),
        )
    }

    /// A type to begin with.
    fn kind(&self) -> String {
        let service = self.source.split('.').next().unwrap_or_default();
        let mut letters = service.chars();
        let first = letters.next().map(|first| first.to_ascii_uppercase());
        let service: String =
            first.into_iter().chain(letters).filter(char::is_ascii_alphanumeric).collect();
        format!("AWS::{service}::Resource")
    }
}

/// How many structures within structures a sample goes into: models may go round in circles.
const DEEP: usize = 3;

/// A value of a type, as CloudTrail would write it.
fn sample(model: &Model, shape: Shape, depth: usize) -> Value {
    match model.form(shape) {
        Form::Text => "example".into(),
        Form::Int | Form::Double => 1.into(),
        Form::Bool => true.into(),
        Form::Time => "2026-03-11T12:00:00Z".into(),
        Form::Enum(values) => values.first().copied().unwrap_or_default().into(),
        Form::List(element) if depth < DEEP => {
            json!([sample(model, element, depth.saturating_add(1))])
        }
        Form::Structure(members) if depth < DEEP => {
            let required = members.iter().filter(|member| member.required);
            let one = |member: &Member| {
                (lower_first(member.name), sample(model, member.shape, depth.saturating_add(1)))
            };
            Value::Object(required.map(one).collect())
        }
        Form::List(_) => json!([]),
        Form::Map(_) | Form::Structure(_) | Form::Any => json!({}),
    }
}

/// A parameter that has few values, which is what policies are often about; else one that may be left out.
fn deciding(model: &Model, members: &[Member], key: Option<&str>) -> Option<Decides> {
    let name = |member: &Member| lower_first(member.name);
    // A dry run changes nothing.
    let others = || {
        members
            .iter()
            .filter(|member| Some(name(member).as_str()) != key && name(member) != "dryRun")
    };
    let free = || others().filter(|member| !member.required);
    if let Some(member) = free().find(|member| model.form(member.shape) == Form::Bool) {
        return Some(Decides::parameter(&name(member), false, true));
    }
    let choice = others().find_map(|member| match model.form(member.shape) {
        Form::Enum([right, .., wrong]) => Some(Decides::parameter(&name(member), *wrong, *right)),
        _ => None,
    });
    let plain = || {
        free().find_map(|member| match model.form(member.shape) {
            Form::Text => Some(Decides::parameter(&name(member), "wrong", "right")),
            Form::Int => Some(Decides::parameter(&name(member), 1, 2)),
            _ => None,
        })
    };
    choice.or_else(plain)
}

/// Another value of the same type.
fn other(value: &Value) -> Value {
    match value {
        Value::Bool(truth) => (!truth).into(),
        Value::Number(number) => number.as_i64().map_or(0, |number| number.wrapping_add(1)).into(),
        _ => "something else".into(),
    }
}

/// The first parameter of a request that is a text, which names something more often than not.
fn key(request: &Map<String, Value>) -> Option<String> {
    request.iter().find(|(_, value)| value.is_string()).map(|(name, _)| name.clone())
}

/// A field of the request, which may be absent, as CEL reads it.
fn path(name: &str) -> String {
    let mut letters = name.chars();
    let is_name = letters.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && letters.all(|c| c.is_ascii_alphanumeric() || c == '_');
    if is_name { format!("request.?{name}") } else { format!("request[?{}]", json!(name)) }
}

/// A value as YAML, behind its key.
fn yaml(value: &Value, depth: usize) -> String {
    let indent = "  ".repeat(depth);
    match value {
        Value::Object(members) if !members.is_empty() => {
            let line = |(name, value): (&String, &Value)| {
                format!(
                    "\n{indent}{}:{}",
                    scalar(&name.as_str().into()),
                    yaml(value, depth.saturating_add(1))
                )
            };
            members.iter().map(line).collect()
        }
        // What is in lists is short more often than not.
        other => format!(" {}", scalar(other)),
    }
}

/// A scalar, or anything in one line, as YAML writes it: without quotes where nobody could take it for something else.
fn scalar(value: &Value) -> String {
    let Value::String(text) = value else { return value.to_string() };
    let reserved = ["", "~", "null", "true", "false", "yes", "no", "on", "off", "y", "n"];
    let starts_plainly = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let is_plain = starts_plainly
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "._-/()?'| ".contains(c))
        && !text.ends_with(' ')
        && !reserved.contains(&text.to_lowercase().as_str());
    if is_plain { text.clone() } else { value.to_string() }
}

/// A scalar as CEL writes it.
fn literal(value: &Value) -> String {
    match value {
        Value::String(text) if !text.contains(['\'', '\\', '\n', '\r']) => format!("'{text}'"),
        other => other.to_string(),
    }
}

/// A value with the numbers of accounts replaced by one that is nobody's.
fn nameless(value: &Value) -> Value {
    match value {
        Value::String(text) => Value::String(accountless(text)),
        Value::Array(values) => values.iter().map(nameless).collect(),
        Value::Object(members) => Value::Object(
            members.iter().map(|(name, value)| (name.clone(), nameless(value))).collect(),
        ),
        other => other.clone(),
    }
}

fn accountless(text: &str) -> String {
    let (mut out, mut digits) = (String::new(), String::new());
    for c in text.chars().map(Some).chain([None]) {
        match c {
            Some(c) if c.is_ascii_digit() => digits.push(c),
            other => {
                out.push_str(if digits.len() == 12 { "111122223333" } else { &digits });
                digits.clear();
                out.extend(other);
            }
        }
    }
    out
}

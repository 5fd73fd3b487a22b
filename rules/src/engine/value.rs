//! An event's values as the CEL engine sees them, and what comes back from it.

use super::tree::Tree;
use crate::event::Part;
use crate::json::Kind as Json;
use cel::common::types::{
    self, CelBool, CelBytes, CelDouble, CelDuration, CelInt, CelList, CelMap, CelMapKey, CelNull,
    CelOptional, CelString, CelTimestamp, CelType, CelUInt,
};
use cel::common::value::Val;
use serde_json::Value;

/// A value of the engine.
pub(super) type Boxed<'a> = Box<dyn Val + 'a>;

/// What an expression evaluated to.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// A boolean.
    Bool(bool),
    /// A list.
    List(Vec<Value>),
    /// A string.
    Text(String),
    /// A value of another type, with that type's name.
    Other(Value, String),
}

impl Answer {
    pub(super) fn of(value: &dyn Val) -> Answer {
        match to_json(value) {
            Value::Bool(truth) => Answer::Bool(truth),
            Value::Array(list) => Answer::List(list),
            Value::String(text) if *value.get_type() == types::STRING_TYPE => Answer::Text(text),
            other => Answer::Other(other, value.get_type().name().to_owned()),
        }
    }
}

/// One value of an event: scalars are made at once, lists and objects stay where they are.
pub(super) fn part(part: Part<'_>) -> Boxed<'_> {
    let node = match part {
        Part::Raw(node) | Part::State(node) | Part::Smooth(node) => node,
        Part::Bool(truth) => return Box::new(CelBool::from(truth)),
        Part::View(_) => return Box::new(Tree::new(part, false)),
    };
    match node.kind() {
        Json::Null => Box::new(CelNull),
        Json::True => Box::new(CelBool::from(true)),
        Json::False => Box::new(CelBool::from(false)),
        Json::Number => number(node.raw()),
        Json::Text => Box::new(CelString::from(node.raw())),
        Json::EscapedText => {
            Box::new(CelString::from(node.as_str().unwrap_or_default().into_owned()))
        }
        Json::List => Box::new(Tree::new(part, true)),
        Json::Object => Box::new(Tree::new(part, false)),
    }
}

/// JSON's integers are CEL's `int`; what does not fit 64 bits is the nearest `double`.
fn number(raw: &str) -> Boxed<'static> {
    match raw.parse::<i64>() {
        Ok(int) => Box::new(CelInt::from(int)),
        Err(_) => Box::new(CelDouble::from(raw.parse().unwrap_or(f64::NAN))),
    }
}

/// An owned JSON value, such as a parameter's default.
pub(super) fn owned(value: &Value) -> Boxed<'static> {
    match value {
        Value::Null => Box::new(CelNull),
        Value::Bool(truth) => Box::new(CelBool::from(*truth)),
        Value::Number(number) => match number.as_i64() {
            Some(int) => Box::new(CelInt::from(int)),
            None => Box::new(CelDouble::from(number.as_f64().unwrap_or(f64::NAN))),
        },
        Value::String(text) => Box::new(CelString::from(text.clone())),
        Value::Array(list) => Box::new(CelList::from(list.iter().map(owned).collect::<Vec<_>>())),
        Value::Object(map) => {
            let entries = map.iter().map(|(k, v)| (CelMapKey::from(k.clone()), owned(v)));
            #[expect(clippy::disallowed_types, reason = "the engine's own map; `@walk` orders it")]
            let map = entries.collect::<std::collections::HashMap<_, _>>();
            Box::new(CelMap::from(map))
        }
    }
}

/// A value as JSON, its maps in the order of their keys or of the event.
pub(super) fn to_json(value: &dyn Val) -> Value {
    if let Some(text) = value.downcast_ref::<CelString<'_>>() {
        return text.inner().into();
    }
    if let Some(truth) = value.downcast_ref::<CelBool>() {
        return (*truth.inner()).into();
    }
    if let Some(int) = value.downcast_ref::<CelInt>() {
        return (*int.inner()).into();
    }
    if let Some(map) = value.downcast_ref::<CelMap<'_>>() {
        let mut keys: Vec<_> = map.inner().iter().collect();
        keys.sort_by(|a, b| a.0.cmp(b.0));
        let entry =
            |(k, v): (&CelMapKey<'_>, &Boxed<'_>)| (plain(&to_json(k.inner())), to_json(&**v));
        return Value::Object(keys.into_iter().map(entry).collect());
    }
    if let Some(inner) = value.downcast_ref::<CelOptional<'_>>() {
        return inner.option().map_or(Value::Null, to_json);
    }
    collection_to_json(value).unwrap_or_else(|| scalar_to_json(value))
}

fn collection_to_json(value: &dyn Val) -> Option<Value> {
    let mut parts = value.as_iterable()?.iter();
    if *value.get_type() == types::MAP_TYPE {
        let (fields, mut map) = (value.as_indexer()?, serde_json::Map::new());
        while let Some(key) = parts.next() {
            let field = fields.get(key).map_or(Value::Null, |field| to_json(&*field));
            map.insert(plain(&to_json(key)), field);
        }
        return Some(Value::Object(map));
    }
    let mut list = Vec::new();
    while let Some(element) = parts.next() {
        list.push(to_json(element));
    }
    Some(Value::Array(list))
}

fn scalar_to_json(value: &dyn Val) -> Value {
    if let Some(double) = value.downcast_ref::<CelDouble>() {
        let double = *double.inner();
        return serde_json::Number::from_f64(double)
            .map_or_else(|| double.to_string().into(), Value::Number);
    }
    if let Some(int) = value.downcast_ref::<CelUInt>() {
        return (*int.inner()).into();
    }
    if let Some(time) = value.downcast_ref::<CelTimestamp>() {
        return time.inner().to_rfc3339().into();
    }
    if let Some(duration) = value.downcast_ref::<CelDuration>() {
        return format!("{}s", duration.inner().as_seconds_f64()).into();
    }
    if let Some(bytes) = value.downcast_ref::<CelBytes<'_>>() {
        return String::from_utf8_lossy(bytes.inner()).into();
    }
    if let Some(named) = value.downcast_ref::<CelType>() {
        return named.name().into();
    }
    if value.downcast_ref::<CelNull>().is_some() {
        return Value::Null;
    }
    format!("<{}>", value.get_type().name()).into()
}

/// A value as a person would write it in a sentence: strings without quotes.
pub(super) fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

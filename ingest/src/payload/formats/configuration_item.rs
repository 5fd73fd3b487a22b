//! AWS Config: a configuration item, in any of its three dialects.
//!
//! They differ in names (`ARN` or `arn`, `configurationStateId` or `configurationStateID`), in types (a
//! state's id is a number or a string, a time is text or seconds since 1970) and, in what the API returns,
//! in that JSON is written as a string. Here all become one.

use chrono::{DateTime, SecondsFormat};
use evenkeel_rules::ConfigurationItem;
use serde_json::value::RawValue;

use crate::payload::error::Fault;
use crate::payload::format::{MemberTest, NO_DELIVERY, Part, PayloadFormat};
use crate::payload::json_object::{JsonObject, list, string};
use crate::payload::model::{Content, ItemChange, Outer};

/// So often may JSON be written as a string in JSON: the API does it twice.
const STRINGS: usize = 3;

pub(super) const FORMAT: PayloadFormat = PayloadFormat {
    name: "AWS Config configuration item",
    invoker: Outer::Document,
    shapes: &[
        &[MemberTest::Present("resourceType"), MemberTest::Present("configurationItemCaptureTime")],
        &[MemberTest::Present("resourceType"), MemberTest::Present("configurationItemStatus")],
        &[MemberTest::Present("resourceType"), MemberTest::Present("configuration")],
    ],
    parse: |object| {
        let change = Box::new(change(object)?);
        Ok(vec![Part::Content(Content::Item { change, envelope: None })])
    },
    delivery: NO_DELIVERY,
};

/// An item with its text.
pub(super) fn change(object: &JsonObject<'_>) -> Result<ItemChange, Fault> {
    Ok(ItemChange { item: read(object)?, change_type: None, text: object.text.to_owned() })
}

/// Reads an item, whatever its dialect.
pub(crate) fn read(object: &JsonObject<'_>) -> Result<ConfigurationItem, Fault> {
    let either = |one: &str, other: &str| {
        Some(object.scalar(one))
            .filter(|text| !text.is_empty())
            .unwrap_or_else(|| object.scalar(other))
    };
    let needed = |name: &'static str| {
        object.string(name).filter(|text| !text.is_empty()).ok_or(Fault::Member(name))
    };
    // Only the API writes every value as a string, `false` among them.
    let api = object.raw("configuration").is_some_and(|text| text.starts_with('"'))
        || (object.has("version") && !object.has("configurationItemVersion"));
    Ok(ConfigurationItem {
        kind: needed("resourceType")?,
        id: needed("resourceId")?,
        name: object.scalar("resourceName"),
        arn: either("ARN", "arn"),
        account: either("awsAccountId", "accountId"),
        region: object.scalar("awsRegion"),
        state_id: either("configurationStateId", "configurationStateID"),
        time: time(object.scalar("configurationItemCaptureTime")),
        status: object.scalar("configurationItemStatus"),
        configuration: configuration(object.raw("configuration"))?,
        supplementary: supplementary(object, api)?,
        tags: tags(object)?,
    })
}

/// The API gives seconds since 1970, with a fraction and maybe an exponent.
fn time(text: String) -> String {
    let Ok(seconds) = text.parse::<f64>() else { return text };
    let milliseconds = format!("{seconds:.3}").replace('.', "").parse().ok();
    let time = milliseconds.and_then(DateTime::from_timestamp_millis);
    time.map_or(text, |time| time.to_rfc3339_opts(SecondsFormat::Millis, true))
}

/// `configuration` as the JSON text of what it is; empty where there is none, as of a resource that is gone.
fn configuration(raw: Option<&str>) -> Result<String, Fault> {
    let Some(raw) = raw else { return Ok(String::new()) };
    let mut text = raw.to_owned();
    for _ in 0..STRINGS {
        if !text.starts_with('"') {
            break;
        }
        let inner = string(&text).ok_or(Fault::Member("configuration"))?;
        if matches!(inner.trim_ascii(), "" | "null") {
            return Ok(String::new());
        }
        json(&inner).ok_or(Fault::Member("configuration"))?.clone_into(&mut text);
    }
    Ok(compact(&text))
}

/// `supplementaryConfiguration` with all its values unpacked; empty where there is none.
fn supplementary(object: &JsonObject<'_>, api: bool) -> Result<String, Fault> {
    const NAME: &str = "supplementaryConfiguration";
    let Some(raw) = object.raw(NAME) else { return Ok(String::new()) };
    let unpacked = configuration(Some(raw)).map_err(|_| Fault::Member(NAME))?;
    if unpacked.is_empty() {
        return Ok(unpacked);
    }
    let values = JsonObject::parse(&unpacked).map_err(|_| Fault::Member(NAME))?;
    Ok(joined(values.members().map(|(name, value)| (name, unpack(value, api)))))
}

/// A value that is written as a string, as what it is. Native items do that to some objects only.
fn unpack(value: &str, api: bool) -> String {
    let mut text = value.to_owned();
    for _ in 0..STRINGS {
        let Some(inner) = string(&text) else { break };
        let Some(inner) = json(&inner) else { break };
        if !api && !inner.starts_with(['{', '[']) {
            break;
        }
        inner.clone_into(&mut text);
    }
    compact(&text)
}

/// Tags as an object of texts; the list of keys and values that a query returns becomes one.
fn tags(object: &JsonObject<'_>) -> Result<String, Fault> {
    let Some(raw) = object.raw("tags") else { return Ok(String::new()) };
    let text = |raw: &str| string(raw).map_or_else(|| "\"\"".to_owned(), |text| quoted(&text));
    if let Some(elements) = list(raw) {
        let pairs = elements.into_iter().filter_map(|element| {
            let pair = JsonObject::parse(element).ok()?;
            Some((pair.string("key")?, text(pair.raw("value").unwrap_or_default())))
        });
        let pairs: Vec<_> = pairs.collect();
        return Ok(joined(pairs.iter().map(|(key, value)| (key.as_str(), value.clone()))));
    }
    let tags = JsonObject::parse(raw).map_err(|_| Fault::Member("tags"))?;
    Ok(joined(tags.members().map(|(key, value)| (key, text(value)))))
}

/// The text of an object with these members.
fn joined<'a>(members: impl Iterator<Item = (&'a str, String)>) -> String {
    let members: Vec<_> =
        members.map(|(name, value)| format!("{}:{value}", quoted(name))).collect();
    format!("{{{}}}", members.join(","))
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// A text, without the space around it, if it is JSON.
fn json(text: &str) -> Option<&str> {
    serde_json::from_str::<&RawValue>(text).ok().map(RawValue::get)
}

/// JSON without the space between its parts; numbers and strings stay as they are written.
fn compact(json: &str) -> String {
    let (mut quoted, mut escaped) = (false, false);
    json.chars()
        .filter(|next| {
            let keep = quoted || !next.is_ascii_whitespace();
            match next {
                _ if escaped => escaped = false,
                '\\' => escaped = quoted,
                '"' => quoted = !quoted,
                _ => {}
            }
            keep
        })
        .collect()
}

#[cfg(test)]
mod tests;

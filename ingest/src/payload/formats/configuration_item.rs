//! Defines the format of a configuration item of AWS Config, in its three variants.
//!
//! The variants differ in the names of members (`ARN` or `arn`, `configurationStateId` or
//! `configurationStateID`) and in their types: a state id is a number or a string, and a time is
//! text or seconds since 1970. The API also returns JSON values as strings. This module converts
//! all variants to one form.

use chrono::{DateTime, SecondsFormat};
use evenkeel_rules::ConfigurationItem;
use serde_json::value::RawValue;

use crate::payload::error::PayloadErrorKind;
use crate::payload::format::{MemberTest, NO_DELIVERY, PayloadFormat, PayloadPart};
use crate::payload::json_object::{JsonObject, parse_list, parse_string};
use crate::payload::model::{ItemChange, PayloadContent, PayloadInvoker};

/// The maximum number of nested JSON strings in an item. The API uses two levels.
const MAX_STRING_LAYERS: usize = 3;

pub(super) const FORMAT: PayloadFormat = PayloadFormat {
    name: "AWS Config configuration item",
    invoker: PayloadInvoker::Document,
    member_tests: &[
        &[MemberTest::Present("resourceType"), MemberTest::Present("configurationItemCaptureTime")],
        &[MemberTest::Present("resourceType"), MemberTest::Present("configurationItemStatus")],
        &[MemberTest::Present("resourceType"), MemberTest::Present("configuration")],
    ],
    parse: |object| {
        let change = Box::new(read_item_change(object)?);
        Ok(vec![PayloadPart::Content(PayloadContent::Item { change, envelope: None })])
    },
    delivery: NO_DELIVERY,
};

/// Reads an item and its text.
pub(super) fn read_item_change(object: &JsonObject<'_>) -> Result<ItemChange, PayloadErrorKind> {
    Ok(ItemChange {
        item: read_configuration_item(object)?,
        change_type: None,
        text: object.text.to_owned(),
    })
}

/// Reads an item of any variant.
pub(crate) fn read_configuration_item(
    object: &JsonObject<'_>,
) -> Result<ConfigurationItem, PayloadErrorKind> {
    let either = |first: &str, second: &str| {
        Some(object.scalar_text(first))
            .filter(|text| !text.is_empty())
            .unwrap_or_else(|| object.scalar_text(second))
    };
    let needed = |name: &'static str| {
        object
            .string_member(name)
            .filter(|text| !text.is_empty())
            .ok_or(PayloadErrorKind::Member(name))
    };
    // Only the API writes every value as a string, including `false`. Therefore, only the strings
    // of the API are all unwrapped.
    let api = object.raw_member("configuration").is_some_and(|text| text.starts_with('"'))
        || (object.has_member("version") && !object.has_member("configurationItemVersion"));
    Ok(ConfigurationItem {
        kind: needed("resourceType")?,
        id: needed("resourceId")?,
        name: object.scalar_text("resourceName"),
        arn: either("ARN", "arn"),
        account: either("awsAccountId", "accountId"),
        region: object.scalar_text("awsRegion"),
        state_id: either("configurationStateId", "configurationStateID"),
        time: normalize_time(object.scalar_text("configurationItemCaptureTime")),
        status: object.scalar_text("configurationItemStatus"),
        configuration: normalize_configuration(object.raw_member("configuration"))?,
        supplementary: normalize_supplementary(object, api)?,
        tags: normalize_tags(object)?,
    })
}

/// Converts a number of seconds since 1970 to ISO 8601, and returns any other text unchanged. The
/// API writes a time as a number with a fraction, and sometimes with an exponent.
fn normalize_time(text: String) -> String {
    let Ok(seconds) = text.parse::<f64>() else { return text };
    let milliseconds = format!("{seconds:.3}").replace('.', "").parse().ok();
    let time = milliseconds.and_then(DateTime::from_timestamp_millis);
    time.map_or(text, |time| time.to_rfc3339_opts(SecondsFormat::Millis, true))
}

/// Returns `configuration` as JSON text, or an empty text if there is none, such as for a deleted
/// resource.
fn normalize_configuration(raw: Option<&str>) -> Result<String, PayloadErrorKind> {
    let Some(raw) = raw else { return Ok(String::new()) };
    let mut text = raw.to_owned();
    for _ in 0..MAX_STRING_LAYERS {
        if !text.starts_with('"') {
            break;
        }
        let inner = parse_string(&text).ok_or(PayloadErrorKind::Member("configuration"))?;
        if matches!(inner.trim_ascii(), "" | "null") {
            return Ok(String::new());
        }
        as_json_text(&inner)
            .ok_or(PayloadErrorKind::Member("configuration"))?
            .clone_into(&mut text);
    }
    Ok(compact_json(&text))
}

/// Returns `supplementaryConfiguration` with all its values unwrapped, or an empty text if there is
/// none.
fn normalize_supplementary(object: &JsonObject<'_>, api: bool) -> Result<String, PayloadErrorKind> {
    const NAME: &str = "supplementaryConfiguration";
    let Some(raw) = object.raw_member(NAME) else { return Ok(String::new()) };
    let unpacked =
        normalize_configuration(Some(raw)).map_err(|_| PayloadErrorKind::Member(NAME))?;
    if unpacked.is_empty() {
        return Ok(unpacked);
    }
    let values = JsonObject::from_text(&unpacked).map_err(|_| PayloadErrorKind::Member(NAME))?;
    Ok(join_members(
        values.member_texts().map(|(name, value)| (name, unpack_json_string(value, api))),
    ))
}

/// Unwraps a value that is written as a JSON string. The API (`api`) writes every value as a JSON
/// string. The other variants do this only for some objects and lists, so that the function does
/// not unwrap other strings of these variants.
fn unpack_json_string(value: &str, api: bool) -> String {
    let mut text = value.to_owned();
    for _ in 0..MAX_STRING_LAYERS {
        let Some(inner) = parse_string(&text) else { break };
        let Some(inner) = as_json_text(&inner) else { break };
        if !api && !inner.starts_with(['{', '[']) {
            break;
        }
        inner.clone_into(&mut text);
    }
    compact_json(&text)
}

/// Returns the tags as an object of strings. The results of queries contain a list of keys and
/// values instead, which the function converts to an object.
fn normalize_tags(object: &JsonObject<'_>) -> Result<String, PayloadErrorKind> {
    let Some(raw) = object.raw_member("tags") else { return Ok(String::new()) };
    let text =
        |raw: &str| parse_string(raw).map_or_else(|| "\"\"".to_owned(), |text| quote_json(&text));
    if let Some(elements) = parse_list(raw) {
        let pairs = elements.into_iter().filter_map(|element| {
            let pair = JsonObject::from_text(element).ok()?;
            Some((pair.string_member("key")?, text(pair.raw_member("value").unwrap_or_default())))
        });
        let pairs: Vec<_> = pairs.collect();
        return Ok(join_members(pairs.iter().map(|(key, value)| (key.as_str(), value.clone()))));
    }
    let tags = JsonObject::from_text(raw).map_err(|_| PayloadErrorKind::Member("tags"))?;
    Ok(join_members(tags.member_texts().map(|(key, value)| (key, text(value)))))
}

/// Returns the text of an object with these members.
fn join_members<'a>(members: impl Iterator<Item = (&'a str, String)>) -> String {
    let members: Vec<_> =
        members.map(|(name, value)| format!("{}:{value}", quote_json(name))).collect();
    format!("{{{}}}", members.join(","))
}

fn quote_json(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Returns the text without surrounding white space if it is JSON.
fn as_json_text(text: &str) -> Option<&str> {
    serde_json::from_str::<&RawValue>(text).ok().map(RawValue::get)
}

/// Removes the white space between the parts of a JSON text. Numbers and strings keep their
/// original text.
fn compact_json(json: &str) -> String {
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

//! The parser for a field with its modifiers and values: `userIdentity.arn|contains|all: [...]`.

use crate::field_error::FieldError;
use crate::import_error::ImportError;
use crate::pattern::SigmaPattern;
use crate::regexes;
use crate::rule_condition::{FieldTest, NumberOperator, TextComparison, ValueMatcher};
use crate::value_encoding::{ByteOrder, base64_offsets, to_base64, to_utf16};
use serde_json::Value;

/// A value after the modifiers applied so far.
enum ModifiedValue {
    /// The value as it is in the rule.
    Raw(Value),
    /// A pattern.
    Text(SigmaPattern),
    /// A text in UTF-16. A Base64 modifier converts the bytes to text again.
    Bytes(Vec<u8>),
    /// A regular expression and its flags.
    Regex(String, String),
    /// A comparison with the value of another field.
    Field(TextComparison, String),
    /// A complete matcher, which no modifier changes.
    Done(ValueMatcher),
}

/// Parses the test of a field from `key: values`.
///
/// # Errors
/// [`ImportError::Field`] if a modifier or a value is not valid, or if a policy cannot express it.
pub(crate) fn parse_field_test(key: &str, value: &Value) -> Result<FieldTest, ImportError> {
    read_field_test(key, value).map_err(|why| ImportError::Field { field: key.to_owned(), why })
}

fn read_field_test(key: &str, value: &Value) -> Result<FieldTest, FieldError> {
    let mut parts = key.split('|');
    let field = parts.next().unwrap_or_default().trim().to_owned();
    let modifiers: Vec<&str> = parts.map(str::trim).collect();
    if field.is_empty() {
        return Err(FieldError::Keywords);
    }
    let values = match value {
        Value::Array(values) if values.is_empty() => return Err(FieldError::NoValues),
        Value::Array(values) => values.as_slice(),
        one => std::slice::from_ref(one),
    };
    let cased = modifiers.contains(&"cased");
    let alternatives = |value: &Value| {
        let mut steps = vec![ModifiedValue::Raw(value.clone())];
        for modifier in &modifiers {
            let mut next = Vec::new();
            for step in steps {
                next.append(&mut apply_modifier(modifier, step)?);
            }
            steps = next;
        }
        steps
            .into_iter()
            .map(|step| finish_matcher(step, cased))
            .collect::<Result<Vec<_>, FieldError>>()
    };
    let groups = values.iter().map(alternatives).collect::<Result<Vec<_>, FieldError>>()?;
    let each = modifiers.contains(&"all");
    let groups = if each { groups } else { vec![groups.into_iter().flatten().collect()] };
    if groups.iter().any(Vec::is_empty) {
        return Err(FieldError::ShortBase64);
    }
    Ok(FieldTest { field, groups, negated: modifiers.contains(&"neq") })
}

/// Applies one modifier to a value.
fn apply_modifier(modifier: &str, step: ModifiedValue) -> Result<Vec<ModifiedValue>, FieldError> {
    let one = |step: Result<ModifiedValue, FieldError>| step.map(|step| vec![step]);
    match modifier {
        // These modifiers apply to the whole field, so `read_field_test` applies them.
        "all" | "neq" | "cased" => Ok(vec![step]),
        "contains" => one(widen_pattern(modifier, step, TextComparison::Contains)),
        "startswith" => one(widen_pattern(modifier, step, TextComparison::StartsWith)),
        "endswith" => one(widen_pattern(modifier, step, TextComparison::EndsWith)),
        "re" => {
            one(unmodified_text(modifier, step)
                .map(|text| ModifiedValue::Regex(text, String::new())))
        }
        "i" | "ignorecase" => one(add_regex_flag(modifier, step, 'i')),
        "m" | "multiline" => one(add_regex_flag(modifier, step, 'm')),
        "s" | "dotall" => one(add_regex_flag(modifier, step, 's')),
        "cidr" => one(unmodified_text(modifier, step).and_then(|text| parse_cidr_range(&text))),
        "exists" => one(parse_exists(&step)),
        "fieldref" => one(unmodified_text(modifier, step)
            .map(|text| ModifiedValue::Field(TextComparison::Equal, text))),
        "base64" => Ok(vec![ModifiedValue::Text(SigmaPattern::from_literal(&to_base64(
            &to_bytes(modifier, step)?,
        )))]),
        "base64offset" => {
            let texts = base64_offsets(&to_bytes(modifier, step)?);
            Ok(texts
                .iter()
                .map(|text| ModifiedValue::Text(SigmaPattern::from_literal(text)))
                .collect())
        }
        "wide" | "utf16le" => one(encode_step(modifier, step, ByteOrder::Little)),
        "utf16be" => one(encode_step(modifier, step, ByteOrder::Big)),
        "utf16" => one(encode_step(modifier, step, ByteOrder::Marked)),
        "windash" => {
            one(to_pattern(modifier, step).map(|text| ModifiedValue::Text(text.with_any_dash())))
        }
        "lt" => one(parse_comparison(modifier, &step, NumberOperator::Less)),
        "lte" => one(parse_comparison(modifier, &step, NumberOperator::AtMost)),
        "gt" => one(parse_comparison(modifier, &step, NumberOperator::Greater)),
        "gte" => one(parse_comparison(modifier, &step, NumberOperator::AtLeast)),
        "minute" | "hour" | "day" | "month" | "year" => one(parse_time_part(modifier, &step)),
        "expand" => Err(FieldError::Unsupported {
            modifier: "expand",
            why: "a policy has no values for the placeholders; write the values in the rule",
        }),
        "week" => Err(FieldError::Unsupported {
            modifier: "week",
            why: "a policy cannot test the week of a time",
        }),
        unknown => Err(FieldError::UnknownModifier(unknown.to_owned())),
    }
}

/// Converts a value to a matcher, after all modifiers.
fn finish_matcher(step: ModifiedValue, cased: bool) -> Result<ValueMatcher, FieldError> {
    let text = |pattern: SigmaPattern, kept: Option<Value>| {
        ValueMatcher::Text(SigmaPattern { cased, ..pattern }, kept)
    };
    Ok(match step {
        ModifiedValue::Raw(Value::Null) => ValueMatcher::Null,
        ModifiedValue::Raw(Value::String(written)) => {
            text(SigmaPattern::parse_pattern(&written), None)
        }
        ModifiedValue::Raw(value) => {
            text(SigmaPattern::from_literal(&scalar_text(&value)?), Some(value))
        }
        ModifiedValue::Text(pattern) => text(pattern, None),
        ModifiedValue::Regex(..) if cased => return Err(FieldError::CasedRegex),
        ModifiedValue::Regex(pattern, flags) => {
            let whole = if flags.is_empty() { pattern } else { format!("(?{flags}){pattern}") };
            let compiled = regexes::compile_compatible(&whole)?;
            ValueMatcher::Regex(whole, Box::new(compiled))
        }
        ModifiedValue::Field(likeness, field) => ValueMatcher::Field(likeness, field, cased),
        ModifiedValue::Bytes(_) => return Err(FieldError::BareUtf16),
        ModifiedValue::Done(matcher) => matcher,
    })
}

fn regex_matcher(source: String) -> Result<ValueMatcher, FieldError> {
    let compiled = regexes::compile_regex(&source)?;
    Ok(ValueMatcher::Regex(source, Box::new(compiled)))
}

/// Returns a scalar value as text.
fn scalar_text(value: &Value) -> Result<String, FieldError> {
    match value {
        Value::Bool(truth) => Ok(truth.to_string()),
        Value::Number(number) => Ok(match (number.as_i64(), number.as_f64()) {
            (None, Some(double)) => double.to_string(),
            _ => number.to_string(),
        }),
        Value::String(text) => Ok(text.clone()),
        Value::Null => Err(FieldError::ModifiedNull),
        Value::Array(_) | Value::Object(_) => Err(FieldError::NoScalar),
    }
}

/// Returns the string of the rule. Fails if the value is not a string, or if an earlier modifier
/// has changed it.
fn unmodified_text(modifier: &str, step: ModifiedValue) -> Result<String, FieldError> {
    match step {
        ModifiedValue::Raw(Value::String(text)) => Ok(text),
        _ => {
            Err(FieldError::misused_modifier(modifier, "needs a string, before any other modifier"))
        }
    }
}

fn to_pattern(modifier: &str, step: ModifiedValue) -> Result<SigmaPattern, FieldError> {
    match step {
        ModifiedValue::Text(pattern) => Ok(pattern),
        ModifiedValue::Raw(Value::String(text)) => Ok(SigmaPattern::parse_pattern(&text)),
        ModifiedValue::Raw(value) => {
            scalar_text(&value).map(|text| SigmaPattern::from_literal(&text))
        }
        _ => Err(FieldError::misused_modifier(modifier, "needs a string")),
    }
}

fn widen_pattern(
    modifier: &str,
    step: ModifiedValue,
    likeness: TextComparison,
) -> Result<ModifiedValue, FieldError> {
    match (step, likeness) {
        (ModifiedValue::Field(TextComparison::Equal, field), _) => {
            Ok(ModifiedValue::Field(likeness, field))
        }
        // `contains` changes nothing, because a regular expression without anchors already matches
        // anywhere in a text.
        (ModifiedValue::Regex(pattern, flags), TextComparison::Contains) => {
            Ok(ModifiedValue::Regex(pattern, flags))
        }
        (step, _) => {
            let (before, behind) =
                (likeness != TextComparison::StartsWith, likeness != TextComparison::EndsWith);
            Ok(ModifiedValue::Text(to_pattern(modifier, step)?.with_wildcards(before, behind)))
        }
    }
}

fn add_regex_flag(
    modifier: &str,
    step: ModifiedValue,
    flag: char,
) -> Result<ModifiedValue, FieldError> {
    let ModifiedValue::Regex(pattern, mut flags) = step else {
        return Err(FieldError::misused_modifier(modifier, "is only valid after `re`"));
    };
    if !flags.contains(flag) {
        flags.push(flag);
    }
    Ok(ModifiedValue::Regex(pattern, flags))
}

fn parse_cidr_range(text: &str) -> Result<ModifiedValue, FieldError> {
    let wrong = || FieldError::NoRange(text.to_owned());
    let (address, length) = text.split_once('/').ok_or_else(wrong)?;
    let address: std::net::IpAddr = address.parse().map_err(|_| wrong())?;
    let length: u8 = length.parse().map_err(|_| wrong())?;
    let most = if address.is_ipv4() { 32 } else { 128 };
    let range = format!("{address}/{length}");
    if length <= most { Ok(ModifiedValue::Done(ValueMatcher::Cidr(range))) } else { Err(wrong()) }
}

fn parse_exists(step: &ModifiedValue) -> Result<ModifiedValue, FieldError> {
    match step {
        ModifiedValue::Raw(Value::Bool(wanted)) => {
            Ok(ModifiedValue::Done(ValueMatcher::Exists(*wanted)))
        }
        _ => Err(FieldError::misused_modifier("exists", "needs `true` or `false`")),
    }
}

fn to_bytes(modifier: &str, step: ModifiedValue) -> Result<Vec<u8>, FieldError> {
    if let ModifiedValue::Bytes(bytes) = step {
        return Ok(bytes);
    }
    let literal = to_pattern(modifier, step)?.literal_text();
    literal
        .map(String::into_bytes)
        .ok_or_else(|| FieldError::misused_modifier(modifier, "does not allow wildcards"))
}

fn encode_step(
    modifier: &str,
    step: ModifiedValue,
    order: ByteOrder,
) -> Result<ModifiedValue, FieldError> {
    let literal = to_pattern(modifier, step)?.literal_text();
    let text = literal
        .ok_or_else(|| FieldError::misused_modifier(modifier, "does not allow wildcards"))?;
    Ok(ModifiedValue::Bytes(to_utf16(&text, order)))
}

fn parse_number(modifier: &str, step: &ModifiedValue) -> Result<f64, FieldError> {
    let number = match step {
        ModifiedValue::Raw(Value::Number(number)) => number.as_f64(),
        ModifiedValue::Raw(Value::String(text)) => text.parse().ok(),
        _ => None,
    };
    let number = number.filter(|number| number.is_finite());
    number.ok_or_else(|| FieldError::misused_modifier(modifier, "needs a number"))
}

fn parse_comparison(
    modifier: &str,
    step: &ModifiedValue,
    operator: NumberOperator,
) -> Result<ModifiedValue, FieldError> {
    parse_number(modifier, step)
        .map(|number| ModifiedValue::Done(ValueMatcher::Compare(operator, number)))
}

/// Converts a test of a part of a time, such as the hour, to a regular expression. This is possible
/// because each part has a fixed position in the times of CloudTrail.
fn parse_time_part(modifier: &str, step: &ModifiedValue) -> Result<ModifiedValue, FieldError> {
    let number = parse_number(modifier, step)?;
    let (before, behind, width) = match modifier {
        "year" => ("^", "-", 4),
        "month" => ("^[0-9]{4}-", "-", 2),
        "day" => ("^[0-9]{4}-[0-9]{2}-", "T", 2),
        "hour" => ("^[0-9]{4}-[0-9]{2}-[0-9]{2}T", ":", 2),
        _ => ("^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:", ":", 2),
    };
    if number.fract() != 0.0 || !(0.0..10_000.0).contains(&number) {
        return Err(FieldError::misused_modifier(modifier, "needs a whole number"));
    }
    regex_matcher(format!("{before}{number:0width$}{behind}")).map(ModifiedValue::Done)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn unsupported_modifiers_and_values_are_refused() {
        for (key, value, why) in [
            ("a|expand", json!("%x%"), "`expand`"),
            ("a|nearly", json!("x"), "`nearly`"),
            ("a|week", json!(3), "`week`"),
            ("a|re", json!("x(?=y)"), "look-around"),
            ("a|re|startswith", json!("x"), "`startswith`"),
            ("a|i", json!("x"), "`i` is only valid after `re`"),
            ("a|contains|re", json!("x"), "`re`"),
            ("a|re|cased", json!("x"), "`cased`"),
            ("a|cidr", json!("10.0.0.0"), "10.0.0.0"),
            ("a|cidr", json!("10.0.0.0/33"), "10.0.0.0/33"),
            ("a|exists", json!("maybe"), "`exists`"),
            ("a|lt", json!("x"), "`lt`"),
            ("a|wide", json!("x"), "UTF-16"),
            ("a|base64", json!("x*"), "wildcards"),
            ("a|contains|base64", json!("x"), "wildcards"),
            ("a|contains", json!(null), "null"),
            ("a", json!({"b": 1}), "a value must be"),
            ("a", json!([]), "values is empty"),
            ("a", json!([["b"]]), "a value must be"),
            ("|all", json!(["b"]), "keywords"),
        ] {
            let refusal = parse_field_test(key, &value).unwrap_err().to_string();
            assert!(refusal.contains(why) && refusal.contains(key), "{key}: {refusal}");
        }
    }
}

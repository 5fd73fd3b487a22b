//! A field with its modifiers and values: `userIdentity.arn|contains|all: [...]`.

use crate::encode::{Order, base64, base64_offsets, utf16};
use crate::expr::{Likeness, Matcher, Operator, Test};
use crate::field_error::FieldError;
use crate::pattern::Pattern;
use crate::refusal::Refusal;
use crate::regexes;
use serde_json::Value;

/// A value on its way through the modifiers.
enum Step {
    /// As the rule has it.
    Raw(Value),
    /// A pattern.
    Text(Pattern),
    /// A text in another encoding, which Base64 makes text again.
    Bytes(Vec<u8>),
    /// A regular expression and its flags.
    Regex(String, String),
    /// Another field's value.
    Field(Likeness, String),
    /// Something that no modifier changes.
    Done(Matcher),
}

/// What is said of a field by `key: values`.
pub(crate) fn test(key: &str, value: &Value) -> Result<Test, Refusal> {
    read(key, value).map_err(|why| Refusal::Field { field: key.to_owned(), why })
}

fn read(key: &str, value: &Value) -> Result<Test, FieldError> {
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
        let mut steps = vec![Step::Raw(value.clone())];
        for modifier in &modifiers {
            let mut next = Vec::new();
            for step in steps {
                next.append(&mut apply(modifier, step)?);
            }
            steps = next;
        }
        steps.into_iter().map(|step| finish(step, cased)).collect::<Result<Vec<_>, FieldError>>()
    };
    let groups = values.iter().map(alternatives).collect::<Result<Vec<_>, FieldError>>()?;
    let each = modifiers.contains(&"all");
    let groups = if each { groups } else { vec![groups.into_iter().flatten().collect()] };
    if groups.iter().any(Vec::is_empty) {
        return Err(FieldError::ShortBase64);
    }
    Ok(Test { field, groups, negated: modifiers.contains(&"neq") })
}

/// A value after one more modifier.
fn apply(modifier: &str, step: Step) -> Result<Vec<Step>, FieldError> {
    let one = |step: Result<Step, FieldError>| step.map(|step| vec![step]);
    match modifier {
        // These are about the whole field.
        "all" | "neq" | "cased" => Ok(vec![step]),
        "contains" => one(widen(modifier, step, Likeness::Contains)),
        "startswith" => one(widen(modifier, step, Likeness::Starts)),
        "endswith" => one(widen(modifier, step, Likeness::Ends)),
        "re" => one(plain(modifier, step).map(|text| Step::Regex(text, String::new()))),
        "i" | "ignorecase" => one(flag(modifier, step, 'i')),
        "m" | "multiline" => one(flag(modifier, step, 'm')),
        "s" | "dotall" => one(flag(modifier, step, 's')),
        "cidr" => one(plain(modifier, step).and_then(|text| range(&text))),
        "exists" => one(exists(&step)),
        "fieldref" => one(plain(modifier, step).map(|text| Step::Field(Likeness::Equal, text))),
        "base64" => Ok(vec![Step::Text(Pattern::plain(&base64(&bytes(modifier, step)?)))]),
        "base64offset" => {
            let texts = base64_offsets(&bytes(modifier, step)?);
            Ok(texts.iter().map(|text| Step::Text(Pattern::plain(text))).collect())
        }
        "wide" | "utf16le" => one(encoded(modifier, step, Order::Little)),
        "utf16be" => one(encoded(modifier, step, Order::Big)),
        "utf16" => one(encoded(modifier, step, Order::Marked)),
        "windash" => one(pattern(modifier, step).map(|text| Step::Text(text.any_dash()))),
        "lt" => one(compare(modifier, &step, Operator::Less)),
        "lte" => one(compare(modifier, &step, Operator::AtMost)),
        "gt" => one(compare(modifier, &step, Operator::Greater)),
        "gte" => one(compare(modifier, &step, Operator::AtLeast)),
        "minute" | "hour" | "day" | "month" | "year" => one(time(modifier, &step)),
        "expand" => Err(FieldError::Unsupported {
            modifier: "expand",
            why: "what its placeholders stand for is not known here",
        }),
        "week" => {
            Err(FieldError::Unsupported { modifier: "week", why: "a policy does not count weeks" })
        }
        unknown => Err(FieldError::UnknownModifier(unknown.to_owned())),
    }
}

/// What a value without (other) modifiers says.
fn finish(step: Step, cased: bool) -> Result<Matcher, FieldError> {
    let text =
        |pattern: Pattern, kept: Option<Value>| Matcher::Text(Pattern { cased, ..pattern }, kept);
    Ok(match step {
        Step::Raw(Value::Null) => Matcher::Null,
        Step::Raw(Value::String(written)) => text(Pattern::read(&written), None),
        Step::Raw(value) => text(Pattern::plain(&scalar(&value)?), Some(value)),
        Step::Text(pattern) => text(pattern, None),
        Step::Regex(..) if cased => return Err(FieldError::CasedRegex),
        Step::Regex(pattern, flags) => {
            let whole = if flags.is_empty() { pattern } else { format!("(?{flags}){pattern}") };
            let compiled = regexes::check(&whole)?;
            Matcher::Regex(whole, Box::new(compiled))
        }
        Step::Field(likeness, field) => Matcher::Field(likeness, field, cased),
        Step::Bytes(_) => return Err(FieldError::BareUtf16),
        Step::Done(matcher) => matcher,
    })
}

fn regex(source: String) -> Result<Matcher, FieldError> {
    let compiled = regexes::compile(&source)?;
    Ok(Matcher::Regex(source, Box::new(compiled)))
}

/// A number or a boolean as text.
fn scalar(value: &Value) -> Result<String, FieldError> {
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

/// A text on which no modifier has worked yet.
fn plain(modifier: &str, step: Step) -> Result<String, FieldError> {
    match step {
        Step::Raw(Value::String(text)) => Ok(text),
        _ => Err(FieldError::misused(modifier, "wants a text, before any other modifier")),
    }
}

fn pattern(modifier: &str, step: Step) -> Result<Pattern, FieldError> {
    match step {
        Step::Text(pattern) => Ok(pattern),
        Step::Raw(Value::String(text)) => Ok(Pattern::read(&text)),
        Step::Raw(value) => scalar(&value).map(|text| Pattern::plain(&text)),
        _ => Err(FieldError::misused(modifier, "wants a text")),
    }
}

fn widen(modifier: &str, step: Step, likeness: Likeness) -> Result<Step, FieldError> {
    match (step, likeness) {
        (Step::Field(Likeness::Equal, field), _) => Ok(Step::Field(likeness, field)),
        // An expression is found anywhere, unless it says where.
        (Step::Regex(pattern, flags), Likeness::Contains) => Ok(Step::Regex(pattern, flags)),
        (step, _) => {
            let (before, behind) = (likeness != Likeness::Starts, likeness != Likeness::Ends);
            Ok(Step::Text(pattern(modifier, step)?.open(before, behind)))
        }
    }
}

fn flag(modifier: &str, step: Step, flag: char) -> Result<Step, FieldError> {
    let Step::Regex(pattern, mut flags) = step else {
        return Err(FieldError::misused(modifier, "stands behind `re`"));
    };
    if !flags.contains(flag) {
        flags.push(flag);
    }
    Ok(Step::Regex(pattern, flags))
}

fn range(text: &str) -> Result<Step, FieldError> {
    let wrong = || FieldError::NoRange(text.to_owned());
    let (address, length) = text.split_once('/').ok_or_else(wrong)?;
    let address: std::net::IpAddr = address.parse().map_err(|_| wrong())?;
    let length: u8 = length.parse().map_err(|_| wrong())?;
    let most = if address.is_ipv4() { 32 } else { 128 };
    let range = format!("{address}/{length}");
    if length <= most { Ok(Step::Done(Matcher::Cidr(range))) } else { Err(wrong()) }
}

fn exists(step: &Step) -> Result<Step, FieldError> {
    match step {
        Step::Raw(Value::Bool(wanted)) => Ok(Step::Done(Matcher::Exists(*wanted))),
        _ => Err(FieldError::misused("exists", "wants true or false")),
    }
}

fn bytes(modifier: &str, step: Step) -> Result<Vec<u8>, FieldError> {
    if let Step::Bytes(bytes) = step {
        return Ok(bytes);
    }
    let literal = pattern(modifier, step)?.literal();
    literal
        .map(String::into_bytes)
        .ok_or_else(|| FieldError::misused(modifier, "takes no wildcards"))
}

fn encoded(modifier: &str, step: Step, order: Order) -> Result<Step, FieldError> {
    let literal = pattern(modifier, step)?.literal();
    let text = literal.ok_or_else(|| FieldError::misused(modifier, "takes no wildcards"))?;
    Ok(Step::Bytes(utf16(&text, order)))
}

fn number(modifier: &str, step: &Step) -> Result<f64, FieldError> {
    let number = match step {
        Step::Raw(Value::Number(number)) => number.as_f64(),
        Step::Raw(Value::String(text)) => text.parse().ok(),
        _ => None,
    };
    let number = number.filter(|number| number.is_finite());
    number.ok_or_else(|| FieldError::misused(modifier, "wants a number"))
}

fn compare(modifier: &str, step: &Step, operator: Operator) -> Result<Step, FieldError> {
    number(modifier, step).map(|number| Step::Done(Matcher::Compare(operator, number)))
}

/// A part of a time, which stands in CloudTrail's times at a fixed place.
fn time(modifier: &str, step: &Step) -> Result<Step, FieldError> {
    let number = number(modifier, step)?;
    let (before, behind, width) = match modifier {
        "year" => ("^", "-", 4),
        "month" => ("^[0-9]{4}-", "-", 2),
        "day" => ("^[0-9]{4}-[0-9]{2}-", "T", 2),
        "hour" => ("^[0-9]{4}-[0-9]{2}-[0-9]{2}T", ":", 2),
        _ => ("^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:", ":", 2),
    };
    if number.fract() != 0.0 || !(0.0..10_000.0).contains(&number) {
        return Err(FieldError::misused(modifier, "wants a whole number"));
    }
    regex(format!("{before}{number:0width$}{behind}")).map(Step::Done)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_cannot_be_said_is_refused_by_name() {
        for (key, value, why) in [
            ("a|expand", json!("%x%"), "`expand`"),
            ("a|nearly", json!("x"), "`nearly`"),
            ("a|week", json!(3), "`week`"),
            ("a|re", json!("x(?=y)"), "look-around"),
            ("a|re|startswith", json!("x"), "`startswith`"),
            ("a|i", json!("x"), "`i` stands behind `re`"),
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
            ("a", json!({"b": 1}), "a value is"),
            ("a", json!([]), "no values"),
            ("a", json!([["b"]]), "a value is"),
            ("|all", json!(["b"]), "keywords"),
        ] {
            let refusal = test(key, &value).unwrap_err().to_string();
            assert!(refusal.contains(why) && refusal.contains(key), "{key}: {refusal}");
        }
    }
}

//! Builds the events of the test cases of a policy, field by field.

use crate::regexes;
use crate::rule_condition::{NumberOperator, TextComparison, ValueMatcher};
use serde_json::{Map, Value, json};

/// A text that no rule is expected to search for. It is the value of a field that must not match.
pub(crate) const OTHER_TEXT: &str = "something-else";

/// A constraint on a field.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FieldConstraint<'e> {
    /// The path of the field.
    pub(crate) field: &'e str,
    /// The test of the value.
    pub(crate) matcher: &'e ValueMatcher,
    /// `true` if the test must be true, `false` if it must be false.
    pub(crate) holds: bool,
}

/// The method that combines several constraints on one field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FillMode {
    /// One text that joins the texts of all constraints, so that the text satisfies all of them.
    Joined,
    /// A value that satisfies the first constraint.
    First,
    /// A list with one value for each constraint.
    List,
    /// A value that satisfies the first constraint. A test that must be false gets another value
    /// instead of a missing field.
    Other,
}

/// The fields of an event that AWS records as objects.
const OBJECT_FIELDS: &[&str] = &[
    "additionalEventData",
    "requestParameters",
    "responseElements",
    "serviceEventDetails",
    "tlsDetails",
    "userIdentity",
];

/// Sets the value at a path of an event. If AWS records the field as an object, a text becomes the
/// object that it describes, such as `"group":"all"`, and any other value becomes a field of an
/// object.
pub(crate) fn set_event_field(event: &mut Value, path: &str, value: Value) {
    let is_plain = value.is_null() || value.is_object() || !OBJECT_FIELDS.contains(&path);
    if is_plain {
        return set_field(event, path, value);
    }
    let object = value.as_str().and_then(|text| {
        let read = serde_json::from_str::<Value>(&format!("{{{text}}}")).ok()?;
        Some(read).filter(|read| read.as_object().is_some_and(|fields| !fields.is_empty()))
    });
    match (object, event.get(path)) {
        (Some(object), None | Some(Value::Null)) => set_field(event, path, object),
        _ => set_field(event, &format!("{path}.value"), value),
    }
}

/// Sets the value at a path. A scalar value on the path moves into the field `value` of a new
/// object. If the path leads to an object, the value goes into its field `value`; null replaces the
/// object.
fn set_field(event: &mut Value, path: &str, value: Value) {
    let (key, rest) = path.split_once('.').map_or((path, None), |(key, rest)| (key, Some(rest)));
    if let Value::Array(items) = event {
        if items.is_empty() {
            items.push(json!({}));
        }
        if let Some(first) = items.first_mut() {
            set_field(first, path, value);
        }
        return;
    }
    if !event.is_object() {
        let before = std::mem::take(event);
        *event = json!({});
        if !before.is_null() {
            set_field(event, "value", before);
        }
    }
    let Some(fields) = event.as_object_mut() else { return };
    match rest {
        Some(rest) => {
            // CloudTrail records some lists in a field `items`.
            let empty = if key == "items" { json!([]) } else { json!({}) };
            set_field(fields.entry(key).or_insert(empty), rest, value);
        }
        None => match fields.get_mut(key) {
            Some(there @ Value::Object(_)) if !value.is_null() => set_field(there, "value", value),
            _ => drop(fields.insert(key.to_owned(), value)),
        },
    }
}

/// Returns the first value at a path.
pub(crate) fn get_field<'v>(event: &'v Value, path: &str) -> Option<&'v Value> {
    let event = event.as_array().map_or(Some(event), |items| items.first())?;
    match path.split_once('.') {
        Some((key, rest)) => get_field(event.get(key)?, rest),
        None => event.get(path),
    }
}

/// Sets the fields of the event that have constraints.
pub(crate) fn fill_event(event: &mut Value, wants: &[FieldConstraint<'_>], mode: FillMode) {
    let mut done: Vec<&str> = Vec::new();
    for want in wants {
        if done.contains(&want.field) || matches!(want.field, "eventSource" | "eventName") {
            continue;
        }
        done.push(want.field);
        let of_field: Vec<&FieldConstraint<'_>> =
            wants.iter().filter(|other| other.field == want.field).collect();
        if let Some(value) = combine_values(event, &of_field, mode) {
            set_event_field(event, want.field, value);
        }
        for want in of_field.iter().filter(|want| want.holds) {
            if let ValueMatcher::Field(_, other, _) = want.matcher {
                let same = get_field(event, want.field).cloned().unwrap_or(json!("same"));
                set_event_field(event, other, same);
            }
        }
    }
}

/// Returns a value that satisfies the constraints on a field, or `None` if the field can stay
/// unchanged.
fn combine_values(event: &Value, wants: &[&FieldConstraint<'_>], mode: FillMode) -> Option<Value> {
    let mut wanted: Vec<&ValueMatcher> =
        wants.iter().filter(|want| want.holds).map(|want| want.matcher).collect();
    if wanted.is_empty() {
        let exists = |want: &&FieldConstraint<'_>| {
            matches!(want.matcher, ValueMatcher::Exists(false) | ValueMatcher::Null)
        };
        let gone = |want: &&FieldConstraint<'_>| matches!(want.matcher, ValueMatcher::Exists(true));
        let any = |is: &dyn Fn(&&FieldConstraint<'_>) -> bool| wants.iter().any(is);
        return match mode {
            _ if any(&exists) => Some(json!(OTHER_TEXT)),
            _ if any(&gone) => Some(Value::Null),
            FillMode::Other => Some(json!(OTHER_TEXT)),
            FillMode::List => Some(Value::Null),
            FillMode::Joined | FillMode::First => None,
        };
    }
    wanted.sort_by_key(|matcher| join_rank(matcher));
    let samples: Vec<Value> = wanted.iter().map(|matcher| sample_value(event, matcher)).collect();
    let texts: Option<Vec<&str>> = samples.iter().map(Value::as_str).collect();
    match (mode, samples.as_slice(), texts) {
        (FillMode::List, [_, _, ..], _) => Some(Value::Array(samples)),
        (FillMode::Joined, [_, _, ..], Some(texts)) => Some(Value::from(texts.concat())),
        _ => samples.into_iter().next(),
    }
}

/// Returns the rank by which the parts of a joined text are ordered: 0 for the beginning, 1 for the
/// middle, 2 for the end.
fn join_rank(matcher: &ValueMatcher) -> u8 {
    use crate::pattern::PatternUnit;
    let ValueMatcher::Text(pattern, _) = matcher else { return 1 };
    match (pattern.units.first(), pattern.units.last()) {
        (Some(PatternUnit::AnyText), Some(PatternUnit::AnyText)) => 1,
        (Some(PatternUnit::AnyText), _) => 2,
        _ => 0,
    }
}

/// Returns a value for which a matcher is true.
pub(crate) fn sample_value(event: &Value, matcher: &ValueMatcher) -> Value {
    match matcher {
        ValueMatcher::Text(_, Some(kept)) => kept.clone(),
        ValueMatcher::Text(pattern, None) => Value::from(pattern.sample_text()),
        ValueMatcher::Regex(source, _) => {
            Value::from(regexes::sample_match(source).unwrap_or_default())
        }
        ValueMatcher::Cidr(range) => Value::from(range.split('/').next().unwrap_or_default()),
        ValueMatcher::Exists(true) => json!("present"),
        ValueMatcher::Exists(false) | ValueMatcher::Null => Value::Null,
        ValueMatcher::Compare(operator, number) => number_value(match operator {
            NumberOperator::Less => number - 1.0,
            NumberOperator::AtMost | NumberOperator::AtLeast => *number,
            NumberOperator::Greater => number + 1.0,
        }),
        ValueMatcher::Field(
            TextComparison::Equal
            | TextComparison::Contains
            | TextComparison::StartsWith
            | TextComparison::EndsWith,
            other,
            _,
        ) => get_field(event, other)
            .filter(|value| value.is_string())
            .cloned()
            .unwrap_or(json!("same")),
    }
}

#[expect(clippy::cast_possible_truncation, reason = "only whole numbers of this size are cast")]
fn number_value(number: f64) -> Value {
    if number.fract() == 0.0 && number.abs() < 1e15 { json!(number as i64) } else { json!(number) }
}

/// Returns values for which a matcher is probably false. The caller tries them in this order.
pub(crate) fn differing_values(matcher: &ValueMatcher) -> Vec<Value> {
    match matcher {
        ValueMatcher::Exists(false) | ValueMatcher::Null => vec![json!(OTHER_TEXT)],
        ValueMatcher::Exists(true) => vec![Value::Null],
        ValueMatcher::Compare(operator, number) => vec![
            number_value(match operator {
                NumberOperator::Less | NumberOperator::AtMost => number + 1.0,
                NumberOperator::Greater | NumberOperator::AtLeast => number - 1.0,
            }),
            Value::Null,
        ],
        ValueMatcher::Text(_, Some(Value::Bool(truth))) => vec![json!(!truth), Value::Null],
        ValueMatcher::Cidr(_) => vec![json!("203.0.113.77"), json!("198.51.100.7"), Value::Null],
        _ => vec![json!(OTHER_TEXT), Value::Null],
    }
}

/// Returns the merge patch that converts one event into another. A merge patch cannot set a field
/// to null, so that the patch treats such a field as missing.
pub(crate) fn merge_patch(from: &Value, to: &Value) -> Value {
    let (Value::Object(from), Value::Object(to)) = (from, to) else { return to.clone() };
    let mut out = Map::new();
    for (name, value) in to {
        match from.get(name) {
            Some(before) if before == value => {}
            Some(before) => drop(out.insert(name.clone(), merge_patch(before, value))),
            None => {
                if let Some(value) = without_nulls(value) {
                    out.insert(name.clone(), value);
                }
            }
        }
    }
    for name in from.keys().filter(|name| !to.contains_key(*name)) {
        out.insert(name.clone(), Value::Null);
    }
    Value::Object(out)
}

/// Returns a value without the fields that are null, or `None` if nothing else is left.
fn without_nulls(value: &Value) -> Option<Value> {
    match value {
        Value::Null => None,
        Value::Object(fields) if !fields.is_empty() => {
            let known =
                |(name, value): (&String, &Value)| Some((name.clone(), without_nulls(value)?));
            let rest: Map<String, Value> = fields.iter().filter_map(known).collect();
            (!rest.is_empty()).then_some(Value::Object(rest))
        }
        other => Some(other.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_set_at_their_paths_and_scalars_are_kept() {
        let mut event = json!({});
        for (path, value) in [
            ("a.b", json!(1)),
            ("a.c", json!("x")),
            ("a", json!("y")),
            ("l.items.d.e", json!(2)),
            ("l.items.d.f", json!(3)),
            ("s", json!("t")),
            ("s.u", json!(4)),
        ] {
            set_field(&mut event, path, value);
        }
        let expected = json!({
            "a": {"b": 1, "c": "x", "value": "y"},
            "l": {"items": [{"d": {"e": 2, "f": 3}}]},
            "s": {"value": "t", "u": 4}
        });
        assert_eq!(event, expected);
        assert_eq!(get_field(&event, "l.items.d.f"), Some(&json!(3)));
    }

    #[test]
    fn a_field_that_aws_records_as_an_object_never_becomes_a_text() {
        for (text, parameters) in [
            ("\"group\":\"all\"", json!({"group": "all"})),
            ("\"s3:GetObject\"", json!({"value": "\"s3:GetObject\""})),
            ("x", json!({"value": "x"})),
            ("", json!({"value": ""})),
        ] {
            let mut event = json!({});
            set_event_field(&mut event, "requestParameters", json!(text));
            assert_eq!(event, json!({ "requestParameters": parameters }), "{text}");
        }
    }

    #[test]
    fn a_patch_contains_only_the_differences() {
        let (from, to) = (json!({"a": {"b": 1, "c": 2}, "d": 3}), json!({"a": {"b": 1}, "e": [4]}));
        assert_eq!(merge_patch(&from, &to), json!({"a": {"c": null}, "e": [4], "d": null}));
        let nulls = json!({"a": {"b": null, "c": 2}, "d": 3, "e": {"f": null}, "g": null});
        assert_eq!(merge_patch(&from, &nulls), json!({"a": {"b": null}}));
    }
}

//! An event that is made up, field by field, for a policy's cases.

use crate::expr::{Likeness, Matcher, Operator};
use crate::regexes;
use serde_json::{Map, Value, json};

/// A text that no rule looks for.
pub(crate) const UNLIKE: &str = "something-else";

/// What is wanted of a field.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Want<'e> {
    /// The field's path.
    pub(crate) field: &'e str,
    /// What is said of it.
    pub(crate) matcher: &'e Matcher,
    /// Whether that holds.
    pub(crate) holds: bool,
}

/// How several wants of one field are brought together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// One text that begins, goes on and ends as wanted.
    Joined,
    /// What the first wants.
    First,
    /// A list with what each wants.
    List,
    /// As the first, and what must not hold is made to differ by another value, not by absence.
    Other,
}

/// Puts a value at a path, or takes away what is there.
pub(crate) fn set(event: &mut Value, path: &str, value: Value) {
    let (key, rest) = path.split_once('.').map_or((path, None), |(key, rest)| (key, Some(rest)));
    if let Value::Array(items) = event {
        if items.is_empty() {
            items.push(json!({}));
        }
        if let Some(first) = items.first_mut() {
            set(first, path, value);
        }
        return;
    }
    if !event.is_object() {
        let before = std::mem::take(event);
        *event = json!({});
        if !before.is_null() {
            set(event, "value", before);
        }
    }
    let Some(fields) = event.as_object_mut() else { return };
    match rest {
        Some(rest) => {
            // CloudTrail puts lists below `items`.
            let empty = if key == "items" { json!([]) } else { json!({}) };
            set(fields.entry(key).or_insert(empty), rest, value);
        }
        None => match fields.get_mut(key) {
            Some(there @ Value::Object(_)) if !value.is_null() => set(there, "value", value),
            _ => drop(fields.insert(key.to_owned(), value)),
        },
    }
}

/// The first value at a path.
pub(crate) fn get<'v>(event: &'v Value, path: &str) -> Option<&'v Value> {
    let event = event.as_array().map_or(Some(event), |items| items.first())?;
    match path.split_once('.') {
        Some((key, rest)) => get(event.get(key)?, rest),
        None => event.get(path),
    }
}

/// Fills in the fields that are wanted.
pub(crate) fn fill(event: &mut Value, wants: &[Want<'_>], mode: Mode) {
    let mut done: Vec<&str> = Vec::new();
    for want in wants {
        if done.contains(&want.field) || matches!(want.field, "eventSource" | "eventName") {
            continue;
        }
        done.push(want.field);
        let of_field: Vec<&Want<'_>> =
            wants.iter().filter(|other| other.field == want.field).collect();
        if let Some(value) = value(event, &of_field, mode) {
            set(event, want.field, value);
        }
        for want in of_field.iter().filter(|want| want.holds) {
            if let Matcher::Field(_, other, _) = want.matcher {
                let same = get(event, want.field).cloned().unwrap_or(json!("same"));
                set(event, other, same);
            }
        }
    }
}

/// A value for a field; none where it may stay as it is.
fn value(event: &Value, wants: &[&Want<'_>], mode: Mode) -> Option<Value> {
    let mut wanted: Vec<&Matcher> =
        wants.iter().filter(|want| want.holds).map(|want| want.matcher).collect();
    if wanted.is_empty() {
        let exists =
            |want: &&Want<'_>| matches!(want.matcher, Matcher::Exists(false) | Matcher::Null);
        let gone = |want: &&Want<'_>| matches!(want.matcher, Matcher::Exists(true));
        let any = |is: &dyn Fn(&&Want<'_>) -> bool| wants.iter().any(is);
        return match mode {
            _ if any(&exists) => Some(json!(UNLIKE)),
            _ if any(&gone) => Some(Value::Null),
            Mode::Other => Some(json!(UNLIKE)),
            Mode::List => Some(Value::Null),
            Mode::Joined | Mode::First => None,
        };
    }
    wanted.sort_by_key(|matcher| place(matcher));
    let witnesses: Vec<Value> = wanted.iter().map(|matcher| witness(event, matcher)).collect();
    let texts: Option<Vec<&str>> = witnesses.iter().map(Value::as_str).collect();
    match (mode, witnesses.as_slice(), texts) {
        (Mode::List, [_, _, ..], _) => Some(Value::Array(witnesses)),
        (Mode::Joined, [_, _, ..], Some(texts)) => Some(Value::from(texts.concat())),
        _ => witnesses.into_iter().next(),
    }
}

/// Where in a joined text a matcher's part belongs.
fn place(matcher: &Matcher) -> u8 {
    use crate::pattern::Unit;
    let Matcher::Text(pattern, _) = matcher else { return 1 };
    match (pattern.units.first(), pattern.units.last()) {
        (Some(Unit::Any), Some(Unit::Any)) => 1,
        (Some(Unit::Any), _) => 2,
        _ => 0,
    }
}

/// A value of which a matcher holds.
pub(crate) fn witness(event: &Value, matcher: &Matcher) -> Value {
    match matcher {
        Matcher::Text(_, Some(kept)) => kept.clone(),
        Matcher::Text(pattern, None) => Value::from(pattern.witness()),
        Matcher::Regex(source, _) => Value::from(regexes::witness(source).unwrap_or_default()),
        Matcher::Cidr(range) => Value::from(range.split('/').next().unwrap_or_default()),
        Matcher::Exists(true) => json!("present"),
        Matcher::Exists(false) | Matcher::Null => Value::Null,
        Matcher::Compare(operator, number) => number_value(match operator {
            Operator::Less => number - 1.0,
            Operator::AtMost | Operator::AtLeast => *number,
            Operator::Greater => number + 1.0,
        }),
        Matcher::Field(
            Likeness::Equal | Likeness::Contains | Likeness::Starts | Likeness::Ends,
            other,
            _,
        ) => get(event, other).filter(|value| value.is_string()).cloned().unwrap_or(json!("same")),
    }
}

#[expect(clippy::cast_possible_truncation, reason = "only whole numbers of this size are cast")]
fn number_value(number: f64) -> Value {
    if number.fract() == 0.0 && number.abs() < 1e15 { json!(number as i64) } else { json!(number) }
}

/// Values of which a matcher does not hold, the likeliest first.
pub(crate) fn unlike(matcher: &Matcher) -> Vec<Value> {
    match matcher {
        Matcher::Exists(false) | Matcher::Null => vec![json!(UNLIKE)],
        Matcher::Exists(true) => vec![Value::Null],
        Matcher::Compare(operator, number) => vec![
            number_value(match operator {
                Operator::Less | Operator::AtMost => number + 1.0,
                Operator::Greater | Operator::AtLeast => number - 1.0,
            }),
            Value::Null,
        ],
        Matcher::Text(_, Some(Value::Bool(truth))) => vec![json!(!truth), Value::Null],
        Matcher::Cidr(_) => vec![json!("203.0.113.77"), json!("198.51.100.7"), Value::Null],
        _ => vec![json!(UNLIKE), Value::Null],
    }
}

/// The merge patch that makes one event of another.
pub(crate) fn patch(from: &Value, to: &Value) -> Value {
    let (Value::Object(from), Value::Object(to)) = (from, to) else { return to.clone() };
    let mut out = Map::new();
    for (name, value) in to {
        match from.get(name) {
            Some(before) if before == value => {}
            Some(before) => drop(out.insert(name.clone(), patch(before, value))),
            None => drop(out.insert(name.clone(), value.clone())),
        }
    }
    for name in from.keys().filter(|name| !to.contains_key(*name)) {
        out.insert(name.clone(), Value::Null);
    }
    Value::Object(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_put_where_its_path_says_and_nothing_is_lost() {
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
            set(&mut event, path, value);
        }
        let expected = json!({
            "a": {"b": 1, "c": "x", "value": "y"},
            "l": {"items": [{"d": {"e": 2, "f": 3}}]},
            "s": {"value": "t", "u": 4}
        });
        assert_eq!(event, expected);
        assert_eq!(get(&event, "l.items.d.f"), Some(&json!(3)));
    }

    #[test]
    fn a_patch_has_only_what_differs() {
        let (from, to) = (json!({"a": {"b": 1, "c": 2}, "d": 3}), json!({"a": {"b": 1}, "e": [4]}));
        assert_eq!(patch(&from, &to), json!({"a": {"c": null}, "e": [4], "d": null}));
    }
}

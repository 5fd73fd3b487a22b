//! JSON in strings, and the shapes that `CloudTrail` gives to lists.

use cel::common::types::{CelList, CelString, DYN_TYPE, STRING_TYPE};
use cel::common::value::{CowVal, Val};
use cel::{DeclarationError, Env, ExecutionError};
use serde_json::Value as Json;

use super::function::{Doc, excerpt, fail};
use super::{convert, values};
use crate::run::budget;

/// Every function here.
pub(super) const DOCS: &[Doc] = &[
    ("parse_json(s)", "the value that the JSON text `s` stands for"),
    (
        "as_list(x)",
        "`x` as a list: nothing, null and `{}` are empty, `{items: list}` is that list, \
                  one value is a list of one",
    ),
    ("strings_in(x)", "every string value anywhere in `x`, in order, without the keys of maps"),
    ("percent_decode(s)", "`s` with each `%41` as the byte it stands for"),
];

/// Four times the largest event that `CloudTrail` delivers.
const MAX_JSON: usize = 1 << 20;

/// The bytes of JSON that cost one unit to read.
const BYTES_PER_UNIT: usize = 64;

/// Declares the functions.
pub(super) fn add(env: &mut Env) -> Result<(), DeclarationError> {
    env.add_overload("parse_json", "parse_json(string)", vec![STRING_TYPE], parse_json)?;
    env.add_overload("as_list", "as_list(dyn)", vec![DYN_TYPE], as_list)?;
    env.add_overload("strings_in", "strings_in(dyn)", vec![DYN_TYPE], strings_in)?;
    cel::add_overload!(
        env,
        fn percent_decode: (CelString<'_>) -> Result<CelString<'_>>,
        name = "percent_decode"
    )
}

/// JSON from text; of a repeated key the last value counts.
pub(super) fn parse(function: &str, text: &str) -> Result<Json, ExecutionError> {
    if text.len() > MAX_JSON {
        return Err(fail(function, "the text is too long"));
    }
    budget::charge(text.len().saturating_div(BYTES_PER_UNIT))?;
    serde_json::from_str(text).map_err(|error| fail(function, excerpt(&error.to_string())))
}

fn parse_json<'b, 'v>(args: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    const NAME: &str = "parse_json";
    let arg = values::one(NAME, args)?;
    let text = values::text(&*arg).ok_or_else(|| fail(NAME, "wants a string"))?;
    Ok(CowVal::Owned(convert::from_json(parse(NAME, text)?)))
}

/// A plain list whatever the value is, so that it also compares to one.
fn as_list<'b, 'v>(args: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    let arg = values::one("as_list", args)?;
    if arg.downcast_ref::<CelList<'_>>().is_some() {
        return Ok(arg);
    }
    let Some(value) = values::present(&*arg) else { return Ok(list(&[])) };
    if let Some(items) = values::elements(value) {
        return Ok(list(&items));
    }
    match values::keys(value).as_deref() {
        Some([]) => Ok(list(&[])),
        Some([key]) if values::text(*key) == Some("items") => {
            let items = values::get(value, *key)?;
            Ok(values::elements(&*items).map_or_else(|| list(&[value]), |items| list(&items)))
        }
        _ => Ok(list(&[value])),
    }
}

fn list<'b, 'v>(items: &[&(dyn Val + 'v)]) -> CowVal<'b, 'v> {
    let items = items.iter().map(|item| item.clone_as_boxed());
    CowVal::owned(CelList::from(items.collect::<Vec<_>>()))
}

fn strings_in<'b, 'v>(args: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    const NAME: &str = "strings_in";
    let value = values::one(NAME, args)?;
    let mut strings = Vec::new();
    values::each_string(NAME, &*value, &mut |string| strings.push(string.to_owned()))?;
    Ok(CowVal::owned(values::strings(strings)))
}

fn percent_decode(s: &CelString<'_>) -> Result<CelString<'static>, ExecutionError> {
    decode("percent_decode", s).map(CelString::from)
}

/// `text` with each percent-encoded byte decoded; a `%` before anything else stands for itself.
pub(super) fn decode(function: &str, text: &str) -> Result<String, ExecutionError> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [byte, after @ ..] = rest {
        let (decoded, left) = encoded(rest).unwrap_or((*byte, after));
        bytes.push(decoded);
        rest = left;
    }
    String::from_utf8(bytes).map_err(|_| fail(function, "the decoded text is not utf-8"))
}

/// The byte that a percent sign and two digits stand for, and what follows.
fn encoded(text: &[u8]) -> Option<(u8, &[u8])> {
    match text {
        [b'%', high, low, rest @ ..] => Some(((hex(*high)? << 4) | hex(*low)?, rest)),
        _ => None,
    }
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16)?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::super::testing::{eval_with, fails, holds};
    use cel::Value;

    #[test]
    fn numbers_keep_their_kind() {
        holds(&[
            "type(parse_json('1')) == int && type(parse_json('1.0')) == double",
            "parse_json('18446744073709551615') == 18446744073709551615.0",
            "type(parse_json('18446744073709551615')) == double",
            "parse_json('{\"a\": [1, {\"b\": null}]}').a[1].b == null",
            "parse_json('{\"a\": 1, \"a\": 2}') == {'a': 2}",
            "parse_json('\"x\"') == 'x'",
        ]);
        fails("EOF while parsing", &["parse_json('{')", "parse_json('')"]);
    }

    #[test]
    fn input_is_bounded() {
        let deep = "[".repeat(100_000);
        let long = format!("\"{}\"", "a".repeat(2_000_000));
        for text in [deep.as_str(), long.as_str()] {
            let error = eval_with("parse_json(s)", &[("s", text)]).unwrap_err();
            assert!(error.len() < 200, "{error}");
        }
    }

    #[test]
    fn every_shape_of_a_list() {
        holds(&[
            "as_list({'a': 1}.?b) == [] && as_list(optional.of([1])) == [1]",
            "as_list(null) == [] && as_list({}) == [] && as_list([]) == []",
            "as_list({'items': [1]}) == [1]",
            "as_list({'items': 1}) == [{'items': 1}]",
            "as_list({'items': [1], 'quantity': 1}) == [{'items': [1], 'quantity': 1}]",
            "as_list('a') == ['a'] && as_list('') == [''] && as_list({'a': 1}) == [{'a': 1}]",
            "as_list([{}]) == [{}]",
        ]);
    }

    #[test]
    fn strings_come_depth_first() {
        holds(&[
            "strings_in({'b': ['x', {'c': 'y'}], 'a': 'z', 'n': 1}) == ['z', 'x', 'y']",
            "strings_in('{\"a\": \"b\"}') == ['{\"a\": \"b\"}']",
            "strings_in(null) == [] && strings_in({}.?a) == [] && strings_in(1) == []",
        ]);
    }

    #[test]
    fn percents_are_decoded_once() {
        holds(&[
            "percent_decode('%7B%22a%22%3A1%7D') == '{\"a\":1}'",
            "percent_decode('%2541') == '%41'",
            "percent_decode('100%') == '100%' && percent_decode('%zz+') == '%zz+'",
            "percent_decode('%C3%A9') == 'é'",
        ]);
        fails("not utf-8", &["percent_decode('%ff')"]);
        assert_eq!(eval_with("percent_decode(s)", &[("s", "")]), Ok(Value::from("")));
    }
}

//! CEL functions for JSON in strings, and for the forms in which `CloudTrail` records lists.

use cel::common::types::{CelList, CelString, DYN_TYPE, STRING_TYPE};
use cel::common::value::{CowVal, Val};
use cel::{DeclarationError, Env, ExecutionError};
use serde_json::Value as Json;

use super::function::{FunctionDoc, function_error, text_excerpt};
use super::{json_conversion, values};
use crate::run::budget;

/// The documentation of the functions in this file.
pub(super) const DOCS: &[FunctionDoc] = &[
    ("parse_json(s)", "the value of the JSON text `s`"),
    (
        "as_list(x)",
        "`x` as a list: a missing value, null and `{}` become an empty list, `{items: list}` \
         becomes `list`, any other single value becomes a list with this value",
    ),
    ("strings_in(x)", "every string value in `x` at any depth, in order, without the keys of maps"),
    ("percent_decode(s)", "`s` with each percent-encoded byte, such as `%41`, decoded"),
];

/// The maximum length of a JSON text, in bytes. It is four times the size of the largest event that
/// `CloudTrail` delivers (256 KB).
const MAX_JSON: usize = 1 << 20;

/// The number of bytes of JSON that cost one unit of the budget to read.
const BYTES_PER_UNIT: usize = 64;

/// Declares the functions of this file in the environment.
pub(super) fn declare_json_functions(env: &mut Env) -> Result<(), DeclarationError> {
    env.add_overload("parse_json", "parse_json(string)", vec![STRING_TYPE], parse_json)?;
    env.add_overload("as_list", "as_list(dyn)", vec![DYN_TYPE], as_list)?;
    env.add_overload("strings_in", "strings_in(dyn)", vec![DYN_TYPE], strings_in)?;
    cel::add_overload!(
        env,
        fn percent_decode: (CelString<'_>) -> Result<CelString<'_>>,
        name = "percent_decode"
    )
}

/// Parses JSON. If a key is repeated, its last value counts.
pub(super) fn parse_json_text(function: &str, text: &str) -> Result<Json, ExecutionError> {
    if text.len() > MAX_JSON {
        let message = format!("the text is longer than {MAX_JSON} bytes");
        return Err(function_error(function, message));
    }
    budget::charge_cost(text.len().saturating_div(BYTES_PER_UNIT))?;
    serde_json::from_str(text)
        .map_err(|error| function_error(function, text_excerpt(&error.to_string())))
}

fn parse_json<'b, 'v>(args: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    const NAME: &str = "parse_json";
    let arg = values::single_argument(NAME, args)?;
    let text = values::as_text(&*arg).ok_or_else(|| function_error(NAME, "needs a string"))?;
    Ok(CowVal::Owned(json_conversion::from_json(parse_json_text(NAME, text)?)))
}

/// Implements `as_list`. The result is always a list of the crate `cel`, because a list literal in
/// an expression compares only with such a list.
fn as_list<'b, 'v>(args: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    let arg = values::single_argument("as_list", args)?;
    if arg.downcast_ref::<CelList<'_>>().is_some() {
        return Ok(arg);
    }
    let Some(value) = values::present_value(&*arg) else { return Ok(list_value(&[])) };
    if let Some(items) = values::list_elements(value) {
        return Ok(list_value(&items));
    }
    match values::map_keys(value).as_deref() {
        Some([]) => Ok(list_value(&[])),
        Some([key]) if values::as_text(*key) == Some("items") => {
            let items = values::get_value(value, *key)?;
            Ok(values::list_elements(&*items)
                .map_or_else(|| list_value(&[value]), |items| list_value(&items)))
        }
        _ => Ok(list_value(&[value])),
    }
}

fn list_value<'b, 'v>(items: &[&(dyn Val + 'v)]) -> CowVal<'b, 'v> {
    let items = items.iter().map(|item| item.clone_as_boxed());
    CowVal::owned(CelList::from(items.collect::<Vec<_>>()))
}

fn strings_in<'b, 'v>(args: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    const NAME: &str = "strings_in";
    let value = values::single_argument(NAME, args)?;
    let mut strings = Vec::new();
    values::visit_strings(NAME, &*value, &mut |string| strings.push(string.to_owned()))?;
    Ok(CowVal::owned(values::string_list(strings)))
}

fn percent_decode(s: &CelString<'_>) -> Result<CelString<'static>, ExecutionError> {
    decode_percent("percent_decode", s).map(CelString::from)
}

/// Decodes each percent-encoded byte of `text`. A `%` without two hexadecimal digits after it is
/// kept.
pub(super) fn decode_percent(function: &str, text: &str) -> Result<String, ExecutionError> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [byte, after @ ..] = rest {
        let (decoded, left) = split_encoded_byte(rest).unwrap_or((*byte, after));
        bytes.push(decoded);
        rest = left;
    }
    String::from_utf8(bytes).map_err(|_| function_error(function, "the decoded text is not utf-8"))
}

/// Returns the byte that `%` and two hexadecimal digits encode, and the rest of the text.
fn split_encoded_byte(text: &[u8]) -> Option<(u8, &[u8])> {
    match text {
        [b'%', high, low, rest @ ..] => Some(((hex_digit(*high)? << 4) | hex_digit(*low)?, rest)),
        _ => None,
    }
}

fn hex_digit(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16)?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::super::testing::{assert_fails, assert_holds, evaluate_with_texts};
    use cel::Value;

    #[test]
    fn numbers_keep_their_kind() {
        assert_holds(&[
            "type(parse_json('1')) == int && type(parse_json('1.0')) == double",
            "parse_json('18446744073709551615') == 18446744073709551615.0",
            "type(parse_json('18446744073709551615')) == double",
            "parse_json('{\"a\": [1, {\"b\": null}]}').a[1].b == null",
            "parse_json('{\"a\": 1, \"a\": 2}') == {'a': 2}",
            "parse_json('\"x\"') == 'x'",
        ]);
        assert_fails("EOF while parsing", &["parse_json('{')", "parse_json('')"]);
    }

    #[test]
    fn input_is_bounded() {
        let deep = "[".repeat(100_000);
        let long = format!("\"{}\"", "a".repeat(2_000_000));
        for text in [deep.as_str(), long.as_str()] {
            let error = evaluate_with_texts("parse_json(s)", &[("s", text)]).unwrap_err();
            assert!(error.len() < 200, "{error}");
        }
    }

    #[test]
    fn as_list_accepts_every_form_of_a_list() {
        assert_holds(&[
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
    fn strings_are_returned_depth_first() {
        assert_holds(&[
            "strings_in({'b': ['x', {'c': 'y'}], 'a': 'z', 'n': 1}) == ['z', 'x', 'y']",
            "strings_in('{\"a\": \"b\"}') == ['{\"a\": \"b\"}']",
            "strings_in(null) == [] && strings_in({}.?a) == [] && strings_in(1) == []",
        ]);
    }

    #[test]
    fn percents_are_decoded_once() {
        assert_holds(&[
            "percent_decode('%7B%22a%22%3A1%7D') == '{\"a\":1}'",
            "percent_decode('%2541') == '%41'",
            "percent_decode('100%') == '100%' && percent_decode('%zz+') == '%zz+'",
            "percent_decode('%C3%A9') == 'é'",
        ]);
        assert_fails("not utf-8", &["percent_decode('%ff')"]);
        assert_eq!(evaluate_with_texts("percent_decode(s)", &[("s", "")]), Ok(Value::from("")));
    }
}

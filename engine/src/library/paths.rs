//! CEL functions that return the values at a path, including the elements of lists on the path. A
//! missing part of the path is not an error.

use cel::common::types::{CelBool, CelDouble, CelInt, CelList, CelString, DYN_TYPE, STRING_TYPE};
use cel::common::value::{CowVal, Val};
use cel::{DeclarationError, Env, ExecutionError};

use super::function::{FunctionDoc, function_error};
use super::{json_conversion, values};

/// The documentation of the functions in this file.
pub(super) const DOCS: &[FunctionDoc] = &[
    (
        "values_at(x, path)",
        "every value at a path such as `a.b.c`; a list on the path or at its end is replaced by \
         its elements, an empty list at its end is kept, a missing part returns nothing",
    ),
    (
        "texts_at(x, path)",
        "the values at a path as strings, without nulls: numbers and booleans as written, objects \
         as JSON",
    ),
    ("numbers_at(x, path)", "the numbers at a path as `double`, including numbers in strings"),
];

/// The maximum depth of a path, in levels. It is twice the maximum depth of an event, because an
/// expression can build lists and maps around a value of the event.
const MAX_PATH_DEPTH: usize = 2 * values::MAX_DEPTH;

/// Declares the functions of this file in the environment.
pub(super) fn declare_path_functions(env: &mut Env) -> Result<(), DeclarationError> {
    let takes = || vec![DYN_TYPE, STRING_TYPE];
    env.add_overload("values_at", "values_at(dyn, string)", takes(), values_at)?;
    env.add_overload("texts_at", "texts_at(dyn, string)", takes(), texts_at)?;
    env.add_overload("numbers_at", "numbers_at(dyn, string)", takes(), numbers_at)
}

fn values_at<'b, 'v>(args: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    let mut found: Vec<Box<dyn Val + 'v>> = Vec::new();
    let (root, path) = values::two_arguments("values_at", args)?;
    visit_path("values_at", &*root, &*path, &mut |value| found.push(value.clone_as_boxed()))?;
    Ok(CowVal::owned(CelList::from(found)))
}

fn texts_at<'b, 'v>(args: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    let (root, path) = values::two_arguments("texts_at", args)?;
    let mut texts = Vec::new();
    visit_path("texts_at", &*root, &*path, &mut |value| texts.extend(value_to_text(value)))?;
    Ok(CowVal::owned(values::string_list(texts)))
}

fn numbers_at<'b, 'v>(args: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    let (root, path) = values::two_arguments("numbers_at", args)?;
    let mut numbers: Vec<Box<dyn Val + 'v>> = Vec::new();
    visit_path("numbers_at", &*root, &*path, &mut |value| {
        if value.downcast_ref::<CelBool>().is_none()
            && let Some(number) = value_to_text(value).as_deref().and_then(parse_number)
        {
            numbers.push(Box::new(CelDouble::from(number)));
        }
    })?;
    Ok(CowVal::owned(CelList::from(numbers)))
}

/// Parses a number in the notation of JSON.
fn parse_number(text: &str) -> Option<f64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let written = digits.starts_with(|c: char| c.is_ascii_digit())
        && digits.chars().all(|c| c.is_ascii_digit() || "+-.eE".contains(c));
    text.parse().ok().filter(|_| written)
}

/// Returns a value as a string, or `None` for a value such as null or an empty list.
fn value_to_text(value: &dyn Val) -> Option<String> {
    if let Some(text) = values::as_text(value) {
        return Some(text.to_owned());
    }
    if let Some(truth) = value.downcast_ref::<CelBool>() {
        return Some(truth.inner().to_string());
    }
    if let Some(int) = value.downcast_ref::<CelInt>() {
        return Some(int.inner().to_string());
    }
    if let Some(double) = value.downcast_ref::<CelDouble>() {
        return Some(double.inner().to_string());
    }
    values::map_keys(value)?;
    json_conversion::to_json("texts_at", value).ok().map(|json| json.to_string())
}

/// Calls `visit` with each value at the path.
fn visit_path<'v>(
    function: &str,
    root: &(dyn Val + 'v),
    path: &(dyn Val + '_),
    visit: &mut dyn FnMut(&(dyn Val + 'v)),
) -> Result<(), ExecutionError> {
    let path = values::as_text(path)
        .ok_or_else(|| function_error(function, "needs a value and a path"))?;
    walk_path(function, root, Some(path), visit, MAX_PATH_DEPTH)
}

/// Calls `visit` with each value at the rest of the path. A key may contain dots, so the function
/// tries every way to split the path.
fn walk_path<'v>(
    function: &str,
    value: &(dyn Val + 'v),
    path: Option<&str>,
    visit: &mut dyn FnMut(&(dyn Val + 'v)),
    depth: usize,
) -> Result<(), ExecutionError> {
    let Some(depth) = depth.checked_sub(1) else {
        let message = format!("the value nests deeper than {MAX_PATH_DEPTH} levels");
        return Err(function_error(function, message));
    };
    if let Some(items) = values::list_elements(value).filter(|items| !items.is_empty()) {
        return items.iter().try_for_each(|item| walk_path(function, *item, path, visit, depth));
    }
    let Some(path) = path else {
        visit(value);
        return Ok(());
    };
    let value = values::present_value(value).filter(|value| values::map_keys(*value).is_some());
    let Some(value) = value else { return Ok(()) };
    let dots = path.match_indices('.').map(|(at, _)| at).chain([path.len()]);
    for at in dots {
        let (key, rest) = path.split_at_checked(at).unwrap_or((path, ""));
        if let Ok(member) = values::get_value(value, &CelString::from(key.to_owned())) {
            walk_path(function, &*member, rest.strip_prefix('.'), visit, depth)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::testing::{assert_fails, assert_holds};

    #[test]
    fn lists_give_their_elements_and_missing_parts_give_nothing() {
        assert_holds(&[
            "values_at({'a': {'b': 1}}, 'a.b') == [1] && values_at({'a': 1}, 'a.b') == []",
            "values_at({'a': [{'b': [1, 2]}, 'x', {'b': 3}, null]}, 'a.b') == [1, 2, 3]",
            "values_at({'a': []}, 'a') == [[]] && values_at({'a': []}, 'a.b') == []",
            "values_at({'a': null}, 'a') == [null] && values_at(null, 'a') == []",
            "values_at({'a.b': 1, 'a': {'b': 2}}, 'a.b') == [2, 1]",
            "values_at({'a': {'b.c': 1}}, 'a.b.c') == [1] && values_at('a', 'a') == []",
            "values_at({'': 1}, '') == [1] && values_at({'a': 1}, '') == []",
        ]);
        assert_fails("no matching overload", &["values_at({}, 1)"]);
    }

    #[test]
    fn values_are_converted_to_strings_and_numbers() {
        assert_holds(&[
            "texts_at({'a': ['x', 1, 1.5, 2.0, true, null, {'b': [1]}, []]}, 'a') \
             == ['x', '1', '1.5', '2', 'true', '{\"b\":[1]}']",
            "numbers_at({'a': [1, 2.5, '3', '-4e1', 'x', '', 'inf', '+1', true, null]}, 'a') \
             == [1.0, 2.5, 3.0, -40.0]",
        ]);
    }
}

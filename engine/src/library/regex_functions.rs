//! CEL functions that extract and replace parts of strings with regular expressions.

use std::rc::Rc;

use cel::common::types::{CelInt, CelList, CelOptional, CelString};
use cel::{DeclarationError, Env, ExecutionError};
use regex::Captures;

use super::function::{FunctionDoc, function_error};
use super::regex_cache::{CompiledPattern, cached_pattern};
use super::values;
use crate::run::budget;

/// The documentation of the functions in this file.
pub(super) const DOCS: &[FunctionDoc] = &[
    (
        "regex.extract(s, pattern)",
        "the first match, or the group of the pattern if it has one, as an optional",
    ),
    (
        "regex.extractAll(s, pattern)",
        "a list of all matches, or of the group of the pattern if it has one",
    ),
    (
        r"regex.replace(s, pattern, replacement)",
        r"`s` with all matches replaced; \1 to \9 insert a group, \0 inserts the match",
    ),
    (
        "regex.replace(s, pattern, replacement, count)",
        "`s` with the first `count` matches replaced; a negative `count` replaces all matches",
    ),
];

/// The maximum number of matches that one call returns.
const MAX_MATCHES: usize = 100_000;

/// The maximum length of the result of a replacement, in bytes.
const MAX_OUTPUT: usize = 1 << 20;

/// Declares the functions of this file in the environment.
pub(super) fn declare_regex_functions(env: &mut Env) -> Result<(), DeclarationError> {
    cel::add_overload!(
        env,
        fn extract_first: (CelString<'_>, CelString<'_>) -> Result<CelOptional<'_>>,
        name = "regex.extract"
    )?;
    cel::add_overload!(
        env,
        fn extract_all: (CelString<'_>, CelString<'_>) -> Result<CelList<'_>>,
        name = "regex.extractAll"
    )?;
    cel::add_overload!(
        env,
        fn replace_all: (CelString<'_>, CelString<'_>, CelString<'_>) -> Result<CelString<'_>>,
        name = "regex.replace"
    )?;
    cel::add_overload!(
        env,
        fn replace_some:
            (CelString<'_>, CelString<'_>, CelString<'_>, CelInt) -> Result<CelString<'_>>,
        name = "regex.replace"
    )
}

fn extract_first(
    s: &CelString<'_>,
    pattern: &CelString<'_>,
) -> Result<CelOptional<'static>, ExecutionError> {
    let (regex, group) = with_group("regex.extract", pattern)?;
    let found = regex.regex_for_text(s)?.captures(s).and_then(|found| {
        let text = found.get(group)?.as_str().to_owned();
        Some(CelOptional::of(Box::new(CelString::from(text))))
    });
    Ok(found.unwrap_or_else(CelOptional::none))
}

fn extract_all(
    s: &CelString<'_>,
    pattern: &CelString<'_>,
) -> Result<CelList<'static>, ExecutionError> {
    let (regex, group) = with_group("regex.extractAll", pattern)?;
    let mut texts = Vec::new();
    for found in regex.regex_for_text(s)?.captures_iter(s) {
        // The charge for the text does not include the fixed cost of each search for a match.
        budget::record_cost(1);
        if texts.len() > MAX_MATCHES {
            return Err(function_error("regex.extractAll", "there are too many matches"));
        }
        texts.extend(found.get(group).map(|found| found.as_str().to_owned()));
    }
    Ok(values::string_list(texts))
}

/// Returns the pattern, and the number of the group to extract: 1 if the pattern has a group, or 0
/// for the whole match.
fn with_group(
    function: &str,
    pattern: &str,
) -> Result<(Rc<CompiledPattern>, usize), ExecutionError> {
    let regex = cached_pattern(function, pattern)?;
    match regex.group_count().saturating_sub(1) {
        group @ (0 | 1) => Ok((regex, group)),
        _ => Err(function_error(function, "the pattern has more than one group")),
    }
}

fn replace_all(
    s: &CelString<'_>,
    pattern: &CelString<'_>,
    replacement: &CelString<'_>,
) -> Result<CelString<'static>, ExecutionError> {
    replace_some(s, pattern, replacement, &CelInt::from(-1))
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "declared functions take references")]
fn replace_some(
    s: &CelString<'_>,
    pattern: &CelString<'_>,
    replacement: &CelString<'_>,
    count: &CelInt,
) -> Result<CelString<'static>, ExecutionError> {
    const NAME: &str = "regex.replace";
    let regex = cached_pattern(NAME, pattern)?;
    let parts = parse_replacement(replacement, regex.group_count())?;
    let limit = usize::try_from(*count.inner()).unwrap_or(usize::MAX);
    let mut output = String::new();
    let mut end = 0;
    for found in regex.regex_for_text(s)?.captures_iter(s).take(limit) {
        let Some(whole) = found.get(0) else { continue };
        output.push_str(s.get(end..whole.start()).unwrap_or_default());
        for part in &parts {
            part.write_part(&found, &mut output);
        }
        end = whole.end();
        if output.len() > MAX_OUTPUT {
            let message = format!("the result is longer than {MAX_OUTPUT} bytes");
            return Err(function_error(NAME, message));
        }
    }
    output.push_str(s.get(end..).unwrap_or_default());
    Ok(CelString::from(output))
}

/// A part of a replacement.
enum ReplacementPart {
    Char(char),
    Group(usize),
}

impl ReplacementPart {
    fn write_part(&self, found: &Captures<'_>, output: &mut String) {
        match self {
            Self::Char(char) => output.push(*char),
            Self::Group(group) => {
                output.push_str(found.get(*group).map_or("", |group| group.as_str()));
            }
        }
    }
}

fn parse_replacement(
    replacement: &str,
    groups: usize,
) -> Result<Vec<ReplacementPart>, ExecutionError> {
    let mut chars = replacement.chars();
    let mut parts = Vec::new();
    while let Some(char) = chars.next() {
        parts.push(match char {
            '\\' => parse_escape(chars.next(), groups)?,
            char => ReplacementPart::Char(char),
        });
    }
    Ok(parts)
}

fn parse_escape(char: Option<char>, groups: usize) -> Result<ReplacementPart, ExecutionError> {
    if char == Some('\\') {
        return Ok(ReplacementPart::Char('\\'));
    }
    let digit = char.and_then(|char| char.to_digit(10)).and_then(|digit| digit.try_into().ok());
    match digit {
        Some(group) if group < groups => Ok(ReplacementPart::Group(group)),
        Some(_) => Err(function_error(
            "regex.replace",
            "the replacement names a group that the pattern does not have",
        )),
        None => {
            Err(function_error("regex.replace", "a backslash must precede a digit or a backslash"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{assert_fails, assert_holds};

    #[test]
    fn groups_are_extracted() {
        assert_holds(&[
            "regex.extract('arn:aws:iam::123:role/a', r':(\\d+):') == optional.of('123')",
            "regex.extract('abc', 'x') == optional.none()",
            "regex.extract('ab', 'a(x)?') == optional.none()",
            "regex.extractAll('id:1, id:2', r'id:(\\d)') == ['1', '2']",
            "regex.extractAll('a1b2', '[a-z]') == ['a', 'b']",
        ]);
        assert_fails("more than one group", &["regex.extract('ab', '(a)(b)')"]);
    }

    #[test]
    fn groups_are_replaced() {
        assert_holds(&[
            r"regex.replace('foo bar', '(\\w+) (\\w+)', r'\2 \1') == 'bar foo'",
            r"regex.replace('aaa', 'a', 'b', 2) == 'bba'",
            r"regex.replace('aaa', 'a', 'b', -1) == 'bbb'",
            r"regex.replace('aaa', 'a', 'b', 0) == 'aaa'",
            r"regex.replace('a', 'a', r'\\') == r'\'",
            r"regex.replace('é', '', '-') == '-é-'",
        ]);
        assert_fails("does not have", &[r"regex.replace('a', 'a', r'\1')"]);
        assert_fails("backslash", &[r"regex.replace('a', 'a', r'\x')"]);
    }
}

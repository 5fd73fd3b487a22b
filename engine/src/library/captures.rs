//! Parts of strings, found and replaced by regular expressions.

use std::rc::Rc;

use cel::common::types::{CelInt, CelList, CelOptional, CelString};
use cel::{DeclarationError, Env, ExecutionError};
use regex::Captures;

use super::function::{Doc, fail};
use super::regexes::{Pattern, cached};
use super::values;
use crate::run::budget;

/// Every function here.
pub(super) const DOCS: &[Doc] = &[
    ("regex.extract(s, pattern)", "the first match, or its only group, as an optional"),
    ("regex.extractAll(s, pattern)", "a list of every match, or of its only group"),
    (
        r"regex.replace(s, pattern, replacement)",
        r"every match replaced; \1 to \9 stand for its groups, \0 for the match",
    ),
    (
        "regex.replace(s, pattern, replacement, count)",
        "the first `count` matches replaced; all when `count` is negative",
    ),
];

/// How many matches one call may list.
const MAX_MATCHES: usize = 100_000;

/// The longest text a replacement may make.
const MAX_OUTPUT: usize = 1 << 20;

/// Declares the functions.
pub(super) fn add(env: &mut Env) -> Result<(), DeclarationError> {
    cel::add_overload!(
        env,
        fn extract: (CelString<'_>, CelString<'_>) -> Result<CelOptional<'_>>,
        name = "regex.extract"
    )?;
    cel::add_overload!(
        env,
        fn extract_all: (CelString<'_>, CelString<'_>) -> Result<CelList<'_>>,
        name = "regex.extractAll"
    )?;
    cel::add_overload!(
        env,
        fn replace: (CelString<'_>, CelString<'_>, CelString<'_>) -> Result<CelString<'_>>,
        name = "regex.replace"
    )?;
    cel::add_overload!(
        env,
        fn replace_some: (CelString<'_>, CelString<'_>, CelString<'_>, CelInt) -> Result<CelString<'_>>,
        name = "regex.replace"
    )
}

fn extract(
    s: &CelString<'_>,
    pattern: &CelString<'_>,
) -> Result<CelOptional<'static>, ExecutionError> {
    let (regex, group) = with_group("regex.extract", pattern)?;
    let found = regex.on(s)?.captures(s).and_then(|found| {
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
    for found in regex.on(s)?.captures_iter(s) {
        // Each search for a next match begins anew.
        budget::note(1);
        if texts.len() > MAX_MATCHES {
            return Err(fail("regex.extractAll", "there are too many matches"));
        }
        texts.extend(found.get(group).map(|found| found.as_str().to_owned()));
    }
    Ok(values::strings(texts))
}

/// The pattern, and what to take of a match: its only group, or all of it.
fn with_group(function: &str, pattern: &str) -> Result<(Rc<Pattern>, usize), ExecutionError> {
    let regex = cached(function, pattern)?;
    match regex.groups().saturating_sub(1) {
        group @ (0 | 1) => Ok((regex, group)),
        _ => Err(fail(function, "the pattern has more than one group")),
    }
}

fn replace(
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
    let regex = cached(NAME, pattern)?;
    let parts = parts(replacement, regex.groups())?;
    let limit = usize::try_from(*count.inner()).unwrap_or(usize::MAX);
    let mut output = String::new();
    let mut end = 0;
    for found in regex.on(s)?.captures_iter(s).take(limit) {
        let Some(whole) = found.get(0) else { continue };
        output.push_str(s.get(end..whole.start()).unwrap_or_default());
        for part in &parts {
            part.write(&found, &mut output);
        }
        end = whole.end();
        if output.len() > MAX_OUTPUT {
            return Err(fail(NAME, "the result is too long"));
        }
    }
    output.push_str(s.get(end..).unwrap_or_default());
    Ok(CelString::from(output))
}

/// A piece of a replacement.
enum Part {
    Char(char),
    Group(usize),
}

impl Part {
    fn write(&self, found: &Captures<'_>, output: &mut String) {
        match self {
            Self::Char(char) => output.push(*char),
            Self::Group(group) => {
                output.push_str(found.get(*group).map_or("", |group| group.as_str()));
            }
        }
    }
}

fn parts(replacement: &str, groups: usize) -> Result<Vec<Part>, ExecutionError> {
    let mut chars = replacement.chars();
    let mut parts = Vec::new();
    while let Some(char) = chars.next() {
        parts.push(match char {
            '\\' => escape(chars.next(), groups)?,
            char => Part::Char(char),
        });
    }
    Ok(parts)
}

fn escape(char: Option<char>, groups: usize) -> Result<Part, ExecutionError> {
    if char == Some('\\') {
        return Ok(Part::Char('\\'));
    }
    let digit = char.and_then(|char| char.to_digit(10)).and_then(|digit| digit.try_into().ok());
    match digit {
        Some(group) if group < groups => Ok(Part::Group(group)),
        Some(_) => Err(fail("regex.replace", "the replacement names a group the pattern lacks")),
        None => Err(fail("regex.replace", "a backslash must precede a digit or a backslash")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{fails, holds};

    #[test]
    fn groups_are_extracted() {
        holds(&[
            "regex.extract('arn:aws:iam::123:role/a', r':(\\d+):') == optional.of('123')",
            "regex.extract('abc', 'x') == optional.none()",
            "regex.extract('ab', 'a(x)?') == optional.none()",
            "regex.extractAll('id:1, id:2', r'id:(\\d)') == ['1', '2']",
            "regex.extractAll('a1b2', '[a-z]') == ['a', 'b']",
        ]);
        fails("more than one group", &["regex.extract('ab', '(a)(b)')"]);
    }

    #[test]
    fn groups_are_replaced() {
        holds(&[
            r"regex.replace('foo bar', '(\\w+) (\\w+)', r'\2 \1') == 'bar foo'",
            r"regex.replace('aaa', 'a', 'b', 2) == 'bba'",
            r"regex.replace('aaa', 'a', 'b', -1) == 'bbb'",
            r"regex.replace('aaa', 'a', 'b', 0) == 'aaa'",
            r"regex.replace('a', 'a', r'\\') == r'\'",
            r"regex.replace('é', '', '-') == '-é-'",
        ]);
        fails("lacks", &[r"regex.replace('a', 'a', r'\1')"]);
        fails("backslash", &[r"regex.replace('a', 'a', r'\x')"]);
    }
}

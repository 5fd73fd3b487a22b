//! A cache of compiled regular expressions for each thread.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use cel::common::types::{CelBool, CelString};
use cel::{DeclarationError, Env, ExecutionError};
use regex::{Regex, RegexBuilder};

use super::function::{function_error, text_excerpt};
use crate::run::budget;

/// The maximum number of patterns in the cache of one thread.
const CACHE_ENTRIES: usize = 256;

/// The size limits of a compiled pattern in bytes, each with the cost factor of one byte of text.
/// In the worst case, a match examines the whole compiled pattern for each byte of the text.
const SIZES: &[(usize, usize)] =
    &[(8 << 10, 16), (32 << 10, 64), (128 << 10, 256), (512 << 10, 1024)];

/// The memory that one compiled pattern may use to speed up matches, in bytes.
const SCRATCH_LIMIT: usize = 1 << 20;

/// The number of bytes of text, multiplied by the cost factor of the pattern, that cost one unit.
const BYTES_PER_UNIT: usize = 128;

/// A compiled pattern.
#[derive(Debug)]
pub(crate) struct CompiledPattern {
    regex: Regex,
    /// The cost factor of one byte of text.
    factor: usize,
}

impl CompiledPattern {
    /// Charges a match of the pattern on `text`, and returns the compiled pattern.
    pub(super) fn regex_for_text(&self, text: &str) -> Result<&Regex, ExecutionError> {
        budget::charge_cost(text.len().saturating_mul(self.factor).saturating_div(BYTES_PER_UNIT))?;
        Ok(&self.regex)
    }

    /// Returns the number of groups of the pattern, including the whole match.
    pub(super) fn group_count(&self) -> usize {
        self.regex.captures_len()
    }
}

thread_local! {
    // The patterns are shared and not cloned, because a clone would not have the memory that speeds
    // up the next match.
    static CACHE: RefCell<BTreeMap<String, Rc<CompiledPattern>>> =
        const { RefCell::new(BTreeMap::new()) };
}

/// The reason why a text is not a valid pattern, in one line.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PatternError {
    /// The compiled pattern exceeds the size limit.
    #[error("the pattern is too large")]
    TooLarge,
    /// The pattern is not a valid regular expression.
    #[error("{0}")]
    Syntax(String),
}

/// Compiles a pattern.
pub(crate) fn compile_pattern(pattern: &str) -> Result<CompiledPattern, PatternError> {
    let mut last = Err(PatternError::TooLarge);
    for (size, factor) in SIZES {
        match build_regex(pattern, *size) {
            Err(regex::Error::CompiledTooBig(_)) => {}
            built => {
                last = built
                    .map(|regex| CompiledPattern { regex, factor: *factor })
                    .map_err(describe_error);
                break;
            }
        }
    }
    last
}

fn build_regex(pattern: &str, size: usize) -> Result<Regex, regex::Error> {
    RegexBuilder::new(pattern).size_limit(size).dfa_size_limit(SCRATCH_LIMIT).build()
}

fn describe_error(error: regex::Error) -> PatternError {
    match error {
        regex::Error::CompiledTooBig(_) => PatternError::TooLarge,
        // A message must have one line. The last line contains the reason, and the lines before it
        // show the pattern.
        other => {
            let text = other.to_string();
            let reason = text.lines().last().unwrap_or_default();
            PatternError::Syntax(reason.strip_prefix("error: ").unwrap_or(reason).to_owned())
        }
    }
}

/// Declares `@matches`, which replaces the standard `matches` in a compiled expression.
pub(super) fn declare_regex_match(env: &mut Env) -> Result<(), DeclarationError> {
    cel::add_member_overload!(
        env,
        fn matches_pattern: (CelString<'_>, CelString<'_>) -> Result<CelBool>,
        name = "@matches"
    )?;
    cel::add_overload!(
        env,
        fn matches_pattern: (CelString<'_>, CelString<'_>) -> Result<CelBool>,
        name = "@matches"
    )
}

/// Returns the compiled pattern from the cache. The function compiles the pattern first if the
/// cache does not contain it.
pub(super) fn cached_pattern(
    function: &str,
    pattern: &str,
) -> Result<Rc<CompiledPattern>, ExecutionError> {
    CACHE.with_borrow_mut(|cache| {
        if let Some(regex) = cache.get(pattern) {
            return Ok(Rc::clone(regex));
        }
        let compiled = Rc::new(compile_pattern(pattern).map_err(|reason| {
            function_error(function, format!("bad pattern `{}`: {reason}", text_excerpt(pattern)))
        })?);
        if cache.len() >= CACHE_ENTRIES {
            cache.clear();
        }
        cache.insert(pattern.to_owned(), Rc::clone(&compiled));
        Ok(compiled)
    })
}

fn matches_pattern(s: &CelString<'_>, pattern: &CelString<'_>) -> Result<CelBool, ExecutionError> {
    Ok(cached_pattern("matches", pattern)?.regex_for_text(s)?.is_match(s).into())
}

#[cfg(test)]
mod tests {
    use super::super::testing::assert_fails;
    use super::*;

    #[test]
    fn a_match_is_found_anywhere_unless_anchored() {
        budget::reset_budget(1);
        let matches = |s: &'static str, p: &'static str| {
            *matches_pattern(&CelString::from(s), &CelString::from(p)).unwrap().inner()
        };
        assert!(matches("arn:aws:iam::1:root", "iam"));
        assert!(!matches("arn:aws:iam::1:root", "^iam$"));
    }

    #[test]
    fn a_bad_pattern_is_explained_in_one_line() {
        assert_eq!(compile_pattern("a(b").unwrap_err().to_string(), "unclosed group");
        assert_eq!(
            compile_pattern(r"\w{9999}").unwrap_err().to_string(),
            "the pattern is too large"
        );
        assert!(!compile_pattern("(?=a)").unwrap_err().to_string().contains('\n'));
        assert_fails("bad pattern `[`: unclosed character class", &["regex.extract('a', '[')"]);
    }

    #[test]
    fn the_cache_stays_small() {
        for n in 0..CACHE_ENTRIES * 3 {
            cached_pattern("matches", &format!("a{n}")).unwrap();
        }
        assert!(CACHE.with_borrow(BTreeMap::len) <= CACHE_ENTRIES);
    }
}

//! Regular expressions, each compiled once a thread.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use cel::common::types::{CelBool, CelString};
use cel::{DeclarationError, Env, ExecutionError};
use regex::{Regex, RegexBuilder};

use super::{excerpt, fail};

const CACHE_ENTRIES: usize = 256;
const SIZE_LIMIT: usize = 1 << 20;

thread_local! {
    // Shared, not cloned: a clone would lose the scratch space that makes the next match fast.
    static CACHE: RefCell<BTreeMap<String, Rc<Regex>>> = const { RefCell::new(BTreeMap::new()) };
}

/// Compiles a pattern, or says in one line what is wrong with it.
pub(in crate::engine) fn compile(pattern: &str) -> Result<Regex, String> {
    RegexBuilder::new(pattern).size_limit(SIZE_LIMIT).build().map_err(|error| match error {
        regex::Error::CompiledTooBig(_) => "the pattern is too large".to_owned(),
        // The last line is the reason; those before it show the pattern.
        other => {
            let text = other.to_string();
            let reason = text.lines().last().unwrap_or_default();
            reason.strip_prefix("error: ").unwrap_or(reason).to_owned()
        }
    })
}

/// Declares `@matches`, which the engine puts in the place of the standard `matches`.
pub(super) fn add(env: &mut Env) -> Result<(), DeclarationError> {
    cel::add_member_overload!(
        env,
        fn matches: (CelString<'_>, CelString<'_>) -> Result<CelBool>,
        name = "@matches"
    )?;
    cel::add_overload!(
        env,
        fn matches: (CelString<'_>, CelString<'_>) -> Result<CelBool>,
        name = "@matches"
    )
}

/// The compiled pattern.
pub(super) fn cached(function: &str, pattern: &str) -> Result<Rc<Regex>, ExecutionError> {
    CACHE.with_borrow_mut(|cache| {
        if let Some(regex) = cache.get(pattern) {
            return Ok(Rc::clone(regex));
        }
        let regex = Rc::new(compile(pattern).map_err(|reason| {
            fail(function, format!("bad pattern `{}`: {reason}", excerpt(pattern)))
        })?);
        if cache.len() >= CACHE_ENTRIES {
            cache.clear();
        }
        cache.insert(pattern.to_owned(), Rc::clone(&regex));
        Ok(regex)
    })
}

fn matches(s: &CelString<'_>, pattern: &CelString<'_>) -> Result<CelBool, ExecutionError> {
    Ok(cached("matches", pattern)?.is_match(s).into())
}

#[cfg(test)]
mod tests {
    use super::super::testing::fails;
    use super::*;

    #[test]
    fn a_match_is_found_anywhere_unless_anchored() {
        let matches = |s: &'static str, p: &'static str| {
            *matches(&CelString::from(s), &CelString::from(p)).unwrap().inner()
        };
        assert!(matches("arn:aws:iam::1:root", "iam"));
        assert!(!matches("arn:aws:iam::1:root", "^iam$"));
    }

    #[test]
    fn a_bad_pattern_is_explained_in_one_line() {
        assert_eq!(compile("a(b").unwrap_err(), "unclosed group");
        assert_eq!(compile(r"\w{9999}").unwrap_err(), "the pattern is too large");
        assert!(!compile("(?=a)").unwrap_err().contains('\n'));
        fails("bad pattern `[`: unclosed character class", &["regex.extract('a', '[')"]);
    }

    #[test]
    fn the_cache_stays_small() {
        for n in 0..CACHE_ENTRIES * 3 {
            cached("matches", &format!("a{n}")).unwrap();
        }
        assert!(CACHE.with_borrow(BTreeMap::len) <= CACHE_ENTRIES);
    }
}

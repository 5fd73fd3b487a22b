//! Wildcards, as IAM writes them.

use cel::common::types::{CelBool, CelString, LIST_TYPE, STRING_TYPE};
use cel::common::value::CowVal;
use cel::{DeclarationError, Env, ExecutionError};

use super::function::{Doc, fail};
use super::values;
use crate::glob;
use crate::run::budget;

/// The characters looked at that cost one unit.
const STEPS_PER_UNIT: usize = 128;

/// Every function here.
pub(super) const DOCS: &[Doc] = &[
    ("s.glob(pattern)", "whether all of `s` fits: `*` is any text, `?` any one character"),
    ("s.glob(patterns)", "whether all of `s` fits one of the patterns"),
];

/// Declares the functions.
pub(super) fn add(env: &mut Env) -> Result<(), DeclarationError> {
    cel::add_member_overload!(env, fn glob: (CelString<'_>, CelString<'_>) -> Result<CelBool>)?;
    env.add_member_overload("glob", "string.glob(list)", STRING_TYPE, vec![LIST_TYPE], glob_any)
}

fn glob(s: &CelString<'_>, pattern: &CelString<'_>) -> Result<CelBool, ExecutionError> {
    fits_or_fails(pattern, s).map(CelBool::from)
}

fn glob_any<'b, 'v>(args: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    let (s, patterns) = values::two("glob", args)?;
    let wrong = || fail("glob", "wants a string, and a pattern or a list of patterns");
    let s = values::text(&*s).ok_or_else(wrong)?;
    let mut any = false;
    for pattern in values::elements(&*patterns).ok_or_else(wrong)? {
        any |= fits_or_fails(values::text(pattern).ok_or_else(wrong)?, s)?;
    }
    Ok(CowVal::owned(CelBool::from(any)))
}

fn fits_or_fails(pattern: &str, s: &str) -> Result<bool, ExecutionError> {
    let (fits, steps) = glob::fits_in(pattern, s);
    budget::charge(steps.saturating_div(STEPS_PER_UNIT))?;
    fits.ok_or_else(|| fail("glob", "the pattern takes too long on this string"))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{fails, holds};
    use crate::glob::fits;

    #[test]
    fn the_whole_string_must_fit() {
        for (pattern, s) in [
            ("*", ""),
            ("", ""),
            ("s3:Get*", "s3:GetObject"),
            ("*Object", "s3:GetObject"),
            ("s3:*Object", "s3:GetObjectObject"),
            ("a*b*c", "aXbbXc"),
            ("?", "é"),
            ("arn:*:role/?*", "arn:aws:iam::1:role/a"),
            ("**", "x"),
        ] {
            assert_eq!(fits(pattern, s), Some(true), "{pattern} {s}");
        }
        for (pattern, s) in
            [("Get", "GetObject"), ("get*", "GetObject"), ("?", ""), ("", "a"), ("a*b", "abc")]
        {
            assert_eq!(fits(pattern, s), Some(false), "{pattern} {s}");
        }
    }

    #[test]
    fn many_stars_do_not_multiply_the_work() {
        let long = "a".repeat(200_000);
        assert_eq!(fits(&format!("{}c", "a*".repeat(500)), &long), Some(false));
        assert_eq!(fits(&format!("*{}b", "a".repeat(500)), &long), None);
    }

    #[test]
    fn brackets_are_ordinary() {
        holds(&["'[a]'.glob('[a]')", "!'a'.glob('[a]')", r"'a\\*'.glob(r'a\*')"]);
    }

    #[test]
    fn a_list_is_any_of_its_patterns() {
        holds(&[
            "'TLS_1_2'.glob(['x', 'TLS_1_*'])",
            "!'TLS_1_2'.glob([])",
            "!'TLS_1_2'.glob(['TLS_1_3'])",
        ]);
        fails("list of patterns", &["'a'.glob(['a', 1])"]);
    }
}

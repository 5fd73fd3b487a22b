//! CEL functions for wildcards in the syntax of IAM.

use cel::common::types::{CelBool, CelString, LIST_TYPE, STRING_TYPE};
use cel::common::value::CowVal;
use cel::{DeclarationError, Env, ExecutionError};

use super::function::{FunctionDoc, function_error};
use super::values;
use crate::glob;
use crate::run::budget;

/// The number of examined characters that cost one unit of the budget.
const STEPS_PER_UNIT: usize = 128;

/// The documentation of the functions in this file.
pub(super) const DOCS: &[FunctionDoc] = &[
    (
        "s.glob(pattern)",
        "whether the whole string `s` matches; `*` is any text, `?` is any one character",
    ),
    ("s.glob(patterns)", "whether the whole string `s` matches one of the patterns"),
];

/// Declares the functions of this file in the environment.
pub(super) fn declare_glob_functions(env: &mut Env) -> Result<(), DeclarationError> {
    cel::add_member_overload!(env, fn glob: (CelString<'_>, CelString<'_>) -> Result<CelBool>)?;
    env.add_member_overload("glob", "string.glob(list)", STRING_TYPE, vec![LIST_TYPE], glob_any)
}

fn glob(s: &CelString<'_>, pattern: &CelString<'_>) -> Result<CelBool, ExecutionError> {
    charge_and_match(pattern, s).map(CelBool::from)
}

fn glob_any<'b, 'v>(args: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    let (s, patterns) = values::two_arguments("glob", args)?;
    let wrong = || function_error("glob", "needs a string, and a pattern or a list of patterns");
    let s = values::as_text(&*s).ok_or_else(wrong)?;
    let mut any = false;
    for pattern in values::list_elements(&*patterns).ok_or_else(wrong)? {
        any |= charge_and_match(values::as_text(pattern).ok_or_else(wrong)?, s)?;
    }
    Ok(CowVal::owned(CelBool::from(any)))
}

fn charge_and_match(pattern: &str, s: &str) -> Result<bool, ExecutionError> {
    let (is_match, steps) = glob::match_counting_steps(pattern, s);
    budget::charge_cost(steps.saturating_div(STEPS_PER_UNIT))?;
    is_match.ok_or_else(|| {
        function_error("glob", "the comparison with this pattern exceeds the step limit")
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{assert_fails, assert_holds};
    use crate::glob::match_within_limit;

    #[test]
    fn the_whole_string_must_match() {
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
            assert_eq!(match_within_limit(pattern, s), Some(true), "{pattern} {s}");
        }
        for (pattern, s) in
            [("Get", "GetObject"), ("get*", "GetObject"), ("?", ""), ("", "a"), ("a*b", "abc")]
        {
            assert_eq!(match_within_limit(pattern, s), Some(false), "{pattern} {s}");
        }
    }

    #[test]
    fn many_stars_do_not_multiply_the_work() {
        let long = "a".repeat(200_000);
        assert_eq!(match_within_limit(&format!("{}c", "a*".repeat(500)), &long), Some(false));
        assert_eq!(match_within_limit(&format!("*{}b", "a".repeat(500)), &long), None);
    }

    #[test]
    fn brackets_have_no_special_meaning() {
        assert_holds(&["'[a]'.glob('[a]')", "!'a'.glob('[a]')", r"'a\\*'.glob(r'a\*')"]);
    }

    #[test]
    fn a_list_matches_if_any_of_its_patterns_matches() {
        assert_holds(&[
            "'TLS_1_2'.glob(['x', 'TLS_1_*'])",
            "!'TLS_1_2'.glob([])",
            "!'TLS_1_2'.glob(['TLS_1_3'])",
        ]);
        assert_fails("list of patterns", &["'a'.glob(['a', 1])"]);
    }
}

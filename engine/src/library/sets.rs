//! CEL functions that compare lists as sets, without regard to the order and the repetition of
//! elements.

use cel::common::types::{CelBool, LIST_TYPE};
use cel::common::value::{CowVal, Val};
use cel::{DeclarationError, Env, ExecutionError};

use super::function::{FunctionDoc, function_error};
use super::values;

/// The documentation of the functions in this file.
pub(super) const DOCS: &[FunctionDoc] = &[
    ("sets.contains(a, b)", "whether every element of `b` is in `a`"),
    ("sets.equivalent(a, b)", "whether each list contains every element of the other"),
    ("sets.intersects(a, b)", "whether the lists have an element in common"),
];

/// The maximum number of pairs of elements that one call compares.
const MAX_PAIRS: usize = 1_000_000;

type ElementList<'b, 'v> = Vec<&'b (dyn Val + 'v)>;

/// Declares the functions of this file in the environment.
pub(super) fn declare_set_functions(env: &mut Env) -> Result<(), DeclarationError> {
    let lists = || vec![LIST_TYPE, LIST_TYPE];
    env.add_overload("sets.contains", "sets.contains(list,list)", lists(), |args| {
        compare_lists("sets.contains", args, contains_all)
    })?;
    env.add_overload("sets.equivalent", "sets.equivalent(list,list)", lists(), |args| {
        compare_lists("sets.equivalent", args, |a, b| contains_all(a, b) && contains_all(b, a))
    })?;
    env.add_overload("sets.intersects", "sets.intersects(list,list)", lists(), |args| {
        compare_lists("sets.intersects", args, |a, b| b.iter().any(|item| has_element(a, *item)))
    })
}

fn compare_lists<'b, 'v>(
    function: &str,
    args: Vec<CowVal<'b, 'v>>,
    test: fn(&ElementList<'_, '_>, &ElementList<'_, '_>) -> bool,
) -> Result<CowVal<'b, 'v>, ExecutionError> {
    let (a, b) = values::two_arguments(function, args)?;
    let (Some(a), Some(b)) = (values::list_elements(&*a), values::list_elements(&*b)) else {
        return Err(function_error(function, "needs two lists"));
    };
    if a.len().saturating_mul(b.len()) > MAX_PAIRS {
        let message = format!("the lists have more than {MAX_PAIRS} pairs of elements");
        return Err(function_error(function, message));
    }
    Ok(CowVal::owned(CelBool::from(test(&a, &b))))
}

fn contains_all(set: &ElementList<'_, '_>, items: &ElementList<'_, '_>) -> bool {
    items.iter().all(|item| has_element(set, *item))
}

fn has_element(set: &ElementList<'_, '_>, item: &dyn Val) -> bool {
    set.iter().any(|member| member.equals(item))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{assert_fails, assert_holds};

    #[test]
    fn lists_compare_as_sets() {
        assert_holds(&[
            "sets.contains([1, 2, 3], [3, 1, 1])",
            "sets.contains([], [])",
            "!sets.contains([], [1])",
            "sets.equivalent([1, 2], [2, 1, 1.0])",
            "!sets.equivalent([1], [1, 2])",
            "sets.intersects(['a', 'b'], ['b', 'c'])",
            "!sets.intersects([], ['b'])",
            "sets.contains([[1], {'a': 1}], [{'a': 1}])",
        ]);
        assert_fails(
            "more than 1000000 pairs",
            &["sets.equivalent(lists.range(2000), lists.range(2000))"],
        );
    }
}

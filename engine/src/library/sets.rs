//! Lists as sets: order and repetition do not count.

use cel::common::types::{CelBool, LIST_TYPE};
use cel::common::value::{CowVal, Val};
use cel::{DeclarationError, Env, ExecutionError};

use super::function::{Doc, fail};
use super::values;

/// Every function here.
pub(super) const DOCS: &[Doc] = &[
    ("sets.contains(a, b)", "whether every element of `b` is in `a`"),
    ("sets.equivalent(a, b)", "whether each is in the other"),
    ("sets.intersects(a, b)", "whether some element is in both"),
];

/// How many pairs of elements one call may compare.
const MAX_PAIRS: usize = 1_000_000;

type List<'b, 'v> = Vec<&'b (dyn Val + 'v)>;

/// Declares the functions.
pub(super) fn add(env: &mut Env) -> Result<(), DeclarationError> {
    let lists = || vec![LIST_TYPE, LIST_TYPE];
    env.add_overload("sets.contains", "sets.contains(list,list)", lists(), |args| {
        compare("sets.contains", args, contains)
    })?;
    env.add_overload("sets.equivalent", "sets.equivalent(list,list)", lists(), |args| {
        compare("sets.equivalent", args, |a, b| contains(a, b) && contains(b, a))
    })?;
    env.add_overload("sets.intersects", "sets.intersects(list,list)", lists(), |args| {
        compare("sets.intersects", args, |a, b| b.iter().any(|item| has(a, *item)))
    })
}

fn compare<'b, 'v>(
    function: &str,
    args: Vec<CowVal<'b, 'v>>,
    test: fn(&List<'_, '_>, &List<'_, '_>) -> bool,
) -> Result<CowVal<'b, 'v>, ExecutionError> {
    let (a, b) = values::two(function, args)?;
    let (Some(a), Some(b)) = (values::elements(&*a), values::elements(&*b)) else {
        return Err(fail(function, "wants two lists"));
    };
    if a.len().saturating_mul(b.len()) > MAX_PAIRS {
        return Err(fail(function, "the lists are too long"));
    }
    Ok(CowVal::owned(CelBool::from(test(&a, &b))))
}

fn contains(set: &List<'_, '_>, items: &List<'_, '_>) -> bool {
    items.iter().all(|item| has(set, *item))
}

fn has(set: &List<'_, '_>, item: &dyn Val) -> bool {
    set.iter().any(|member| member.equals(item))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{fails, holds};

    #[test]
    fn lists_compare_as_sets() {
        holds(&[
            "sets.contains([1, 2, 3], [3, 1, 1])",
            "sets.contains([], [])",
            "!sets.contains([], [1])",
            "sets.equivalent([1, 2], [2, 1, 1.0])",
            "!sets.equivalent([1], [1, 2])",
            "sets.intersects(['a', 'b'], ['b', 'c'])",
            "!sets.intersects([], ['b'])",
            "sets.contains([[1], {'a': 1}], [{'a': 1}])",
        ]);
        fails("too long", &["sets.equivalent(lists.range(2000), lists.range(2000))"]);
    }
}

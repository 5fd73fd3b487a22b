//! Lists the ways in which an event can make a condition true or false.

use crate::rule_condition::{FieldTest, RuleCondition};
use crate::sample_event::FieldConstraint;

/// The maximum number of ways that are listed.
pub(crate) const MAX_WAYS: usize = 64;

/// Returns the ways to make a condition true, or false if `holds` is false. A way is a list of
/// constraints that an event must satisfy.
pub(crate) fn enumerate_ways(expr: &RuleCondition, holds: bool) -> Vec<Vec<FieldConstraint<'_>>> {
    match expr {
        RuleCondition::All(parts) if holds => {
            combine_ways(&parts.iter().map(|part| enumerate_ways(part, true)).collect::<Vec<_>>())
        }
        RuleCondition::Any(parts) if !holds => {
            combine_ways(&parts.iter().map(|part| enumerate_ways(part, false)).collect::<Vec<_>>())
        }
        RuleCondition::All(parts) | RuleCondition::Any(parts) => {
            let mut all: Vec<_> =
                parts.iter().flat_map(|part| enumerate_ways(part, holds)).collect();
            all.truncate(MAX_WAYS);
            all
        }
        RuleCondition::Not(part) => enumerate_ways(part, !holds),
        RuleCondition::Named(_, part) => enumerate_ways(part, holds),
        RuleCondition::Test(test) => enumerate_test_ways(test, holds != test.negated),
    }
}

fn enumerate_test_ways(test: &FieldTest, holds: bool) -> Vec<Vec<FieldConstraint<'_>>> {
    let want = |matcher| FieldConstraint { field: &test.field, matcher, holds };
    if holds {
        let groups = test
            .groups
            .iter()
            .map(|group| group.iter().take(MAX_WAYS).map(|matcher| vec![want(matcher)]).collect());
        return combine_ways(&groups.collect::<Vec<_>>());
    }
    // A test fails if all matchers of one group are false. Each group is one way.
    test.groups.iter().map(|group| group.iter().map(want).collect()).collect()
}

/// Combines one way of each part with one way of every other part. Returns at most [`MAX_WAYS`]
/// combinations. The first ones contain each way of each part.
fn combine_ways<T: Clone>(parts: &[Vec<Vec<T>>]) -> Vec<Vec<T>> {
    let longest = parts.iter().map(Vec::len).max().unwrap_or_default();
    let mut all: Vec<Vec<T>> = Vec::new();
    for at in 0..longest.min(MAX_WAYS) {
        let chosen = parts.iter().map(|part| part.iter().cycle().nth(at));
        let way: Option<Vec<&Vec<T>>> = chosen.collect();
        all.extend(way.map(|way| way.into_iter().flatten().cloned().collect::<Vec<T>>()));
    }
    let mut products = vec![Vec::new()];
    for part in parts {
        let extend = |so_far: &Vec<T>| {
            let so_far = so_far.clone();
            part.iter().map(move |way| so_far.iter().chain(way).cloned().collect::<Vec<T>>())
        };
        products = products.iter().flat_map(extend).take(MAX_WAYS).collect();
    }
    all.extend(products);
    all.truncate(MAX_WAYS);
    all
}

#[cfg(test)]
mod tests {
    use super::combine_ways;

    #[test]
    fn each_way_of_each_part_occurs_and_products_follow() {
        let parts = vec![vec![vec!["a"], vec!["b"]], vec![vec!["x"], vec!["y"], vec!["z"]]];
        let ways = combine_ways(&parts);
        assert_eq!(ways.get(..3), Some(&[vec!["a", "x"], vec!["b", "y"], vec!["a", "z"]] as &[_]));
        assert!(ways.contains(&vec!["b", "z"]), "{ways:?}");
        assert!(combine_ways(&[vec![], vec![vec!["x"]]]).is_empty());
    }
}

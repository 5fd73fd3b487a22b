//! Removes the tests of a condition that `match` in the header of the policy already decides.

use crate::condition_parser::join_parts;
use crate::rule_condition::{FieldTest, KnownValue, RuleCondition, ValueMatcher};
use crate::watched_events::WatchedEvents;
use evenkeel_rules::event::strip_api_version;

/// The API versions that stand for every version that CloudTrail can append to an event name.
/// `match` ignores the version, but a test of a rule can depend on it.
const VERSIONS: &[&str] = &["", "20260101", "20150331v2", "20181031", "2020_05_31"];

/// The result of the removal of decided tests.
#[derive(Clone, Debug)]
pub(crate) enum FoldedCondition {
    /// The condition has this result for every event that `match` selects.
    Constant(bool),
    /// The rest of the condition.
    Undecided(RuleCondition),
}

/// Removes the tests that have the same result for every event that `watch` selects.
pub(crate) fn fold_condition(condition: &RuleCondition, watch: &WatchedEvents) -> FoldedCondition {
    use FoldedCondition::{Constant, Undecided};
    match condition {
        RuleCondition::All(parts) => fold_parts(parts, watch, true, RuleCondition::All),
        RuleCondition::Any(parts) => fold_parts(parts, watch, false, RuleCondition::Any),
        RuleCondition::Not(part) => match fold_condition(part, watch) {
            Constant(truth) => Constant(!truth),
            Undecided(rest) => Undecided(RuleCondition::Not(Box::new(rest))),
        },
        RuleCondition::Named(name, part) => match fold_condition(part, watch) {
            Undecided(rest) => Undecided(RuleCondition::Named(name.clone(), Box::new(rest))),
            constant @ Constant(_) => constant,
        },
        RuleCondition::Test(test) => match decided_truth(test, watch) {
            Some(truth) => Constant(truth),
            None => Undecided(condition.clone()),
        },
    }
}

/// Folds parts that `join` joins. A part with the result `neutral` does not change the whole.
fn fold_parts(
    parts: &[RuleCondition],
    watch: &WatchedEvents,
    neutral: bool,
    join: fn(Vec<RuleCondition>) -> RuleCondition,
) -> FoldedCondition {
    let mut rest = Vec::new();
    for part in parts {
        match fold_condition(part, watch) {
            FoldedCondition::Constant(truth) if truth == neutral => {}
            constant @ FoldedCondition::Constant(_) => return constant,
            FoldedCondition::Undecided(part) => rest.push(part),
        }
    }
    if rest.is_empty() {
        return FoldedCondition::Constant(neutral);
    }
    FoldedCondition::Undecided(join_parts(rest, join))
}

/// Returns the result of a test if the result is the same for every event that `watch` selects.
fn decided_truth(test: &FieldTest, watch: &WatchedEvents) -> Option<bool> {
    let values = match test.field.as_str() {
        "eventSource" if !watch.has_any_source() => watch.sources.clone(),
        "eventName" if !watch.has_any_name() => possible_names(test, watch),
        "userIdentity.type" => watch.identity_types.clone(),
        _ => return None,
    };
    let condition = RuleCondition::Test(test.clone());
    let truth = |value: &String| condition.partial_truth(&|_| KnownValue::Text(value));
    let mut truths = values.iter().map(truth);
    let first = truths.next()??;
    truths.all(|truth| truth == Some(first)).then_some(first)
}

/// Returns the event names that `watch` selects, also with a version at their end.
fn possible_names(test: &FieldTest, watch: &WatchedEvents) -> Vec<String> {
    let versioned = |name: &String| {
        VERSIONS.iter().map(|version| format!("{name}{version}")).collect::<Vec<String>>()
    };
    let mut names: Vec<String> = watch.names.iter().flat_map(versioned).collect();
    names.extend(watch.pairs.iter().map(|(_, name)| name.clone()));
    let literals = test.groups.iter().flatten().filter_map(|matcher| match matcher {
        ValueMatcher::Text(pattern, _) => pattern.literal_text(),
        _ => None,
    });
    names.extend(literals.filter(|name| strip_api_version(name) != name));
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::modifiers::parse_field_test;
    use crate::watched_events::ANY;
    use serde_json::json;

    fn test(key: &str, value: &str) -> RuleCondition {
        RuleCondition::Test(parse_field_test(key, &json!(value)).unwrap())
    }

    #[test]
    fn a_test_that_match_decides_is_removed_and_other_tests_are_kept() {
        let watch = WatchedEvents {
            sources: vec!["iam.amazonaws.com".to_owned()],
            names: vec!["CreateUser".to_owned(), "CreateRole".to_owned()],
            identity_types: vec!["Root".to_owned()],
            ..WatchedEvents::default()
        };
        for (key, value, expected) in [
            ("eventSource", "IAM.amazonaws.com", Some(true)),
            ("eventSource", "s3.amazonaws.com", Some(false)),
            ("eventName|startswith", "create", Some(true)),
            ("eventName", "DeleteUser", Some(false)),
            ("eventName", "CreateUser", None),
            ("eventName", "CreateUser20150331", None),
            ("eventName|endswith", "e", None),
            ("userIdentity.type", "root", Some(true)),
            ("userIdentity.arn", "x", None),
        ] {
            let folded = fold_condition(&test(key, value), &watch);
            match (folded, expected) {
                (FoldedCondition::Constant(truth), Some(expected)) if truth == expected => {}
                (FoldedCondition::Undecided(_), None) => {}
                (folded, _) => panic!("{key}: {value} gives {folded:?}"),
            }
        }
    }

    #[test]
    fn an_excluded_name_that_match_does_not_contain_leaves_no_trace() {
        let watch = WatchedEvents {
            sources: vec![ANY.to_owned()],
            names: vec!["CreateUser".to_owned()],
            ..WatchedEvents::default()
        };
        let not = RuleCondition::Not(Box::new(test("eventName", "DeleteUser")));
        let condition = RuleCondition::All(vec![test("eventSource", "s3.amazonaws.com"), not]);
        let FoldedCondition::Undecided(RuleCondition::Test(rest)) =
            fold_condition(&condition, &watch)
        else {
            panic!("one test is left")
        };
        assert_eq!(rest.field, "eventSource");
    }
}

//! Generates the test cases of an imported policy: an event that the rule describes, and a similar
//! event that complies with the policy.

use crate::rule_condition::{FieldTest, RuleCondition};
use crate::sample_event::{
    FieldConstraint, FillMode, differing_values, fill_event, merge_patch, sample_value, set_field,
};
use crate::watched_events::WatchedEvents;
use evenkeel_rules::policy::Policy;
use evenkeel_rules::{is_deceptive, read_cases};
use serde_json::{Value, json};

/// The maximum number of ways to satisfy a condition that are tried.
const MAX_WAYS: usize = 64;
/// The maximum number of pairs of event source and event name that are tried.
const MAX_PAIRS: usize = 6;

/// The test cases of a policy.
#[derive(Debug)]
pub(crate) struct PolicyCases {
    event: Value,
    near: Option<(String, Value)>,
}

/// Searches for the events of the test cases. Returns `None` if the search finds no event that
/// violates the policy.
pub(crate) fn find_cases(
    condition: &RuleCondition,
    watch: &WatchedEvents,
    policy: &Policy,
) -> Option<PolicyCases> {
    let ways = enumerate_ways(condition, true);
    for (source, name) in watch.pairs.iter().take(MAX_PAIRS) {
        for wants in &ways {
            for mode in [FillMode::Joined, FillMode::First, FillMode::List, FillMode::Other] {
                let mut event = json!({"eventSource": source, "eventName": name});
                fill_event(&mut event, wants, mode);
                if evaluate_status(policy, &event, &Value::Null).as_deref() == Some("NON_COMPLIANT")
                {
                    let near = find_near_event(&event, wants, watch, policy);
                    return Some(PolicyCases { event, near });
                }
            }
        }
    }
    None
}

impl PolicyCases {
    /// Returns whether the search found an event that complies with the policy.
    pub(crate) fn has_passing_case(&self) -> bool {
        self.near.is_some()
    }

    /// Returns the text of the test file.
    pub(crate) fn to_yaml(&self) -> String {
        let base = serde_json::to_string_pretty(&self.event).unwrap_or_default();
        let mut out = format!(
            "base:\n  event: {}\ncases:\n  - name: an event that the rule describes\n    \
             expect: NON_COMPLIANT\n",
            base.replace('\n', "\n    ")
        );
        if let Some((name, merge)) = &self.near {
            let name = Value::from(name.as_str());
            out.push_str(&format!("  - name: {name}\n    merge: {merge}\n    expect: COMPLIANT\n"));
        }
        escape_deceptive(&out)
    }
}

/// Escapes the characters that could deceive a reader. All strings in the text must be between
/// quotes.
fn escape_deceptive(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c != '\n' && is_deceptive(c) {
            out.push_str(&format!("\\U{:08x}", u32::from(c)));
        } else {
            out.push(c);
        }
    }
    out
}

/// Returns the status that a policy gives for an event.
fn evaluate_status(policy: &Policy, event: &Value, merge: &Value) -> Option<String> {
    let text = json!({
        "base": {"event": event},
        "cases": [{"name": "tried", "merge": merge, "expect": "NON_COMPLIANT"}]
    });
    let cases = read_cases("tried.test.yaml", &text.to_string(), policy).ok()?;
    let differences = cases.first()?.run(policy).ok()?;
    let differs = differences.into_iter().find(|difference| difference.aspect == "status");
    Some(differs.map_or_else(|| "NON_COMPLIANT".to_owned(), |difference| difference.actual))
}

/// Searches for an event that differs from `event` in one field and complies with the policy.
fn find_near_event(
    event: &Value,
    wants: &[FieldConstraint<'_>],
    watch: &WatchedEvents,
    policy: &Policy,
) -> Option<(String, Value)> {
    let passes = |other: &Value| {
        let merge = merge_patch(event, other);
        (evaluate_status(policy, event, &merge).as_deref() == Some("COMPLIANT")).then_some(merge)
    };
    let of_event = |want: &&FieldConstraint<'_>| !matches!(want.field, "eventSource" | "eventName");
    for want in wants.iter().rev().filter(of_event) {
        let values = if want.holds {
            differing_values(want.matcher)
        } else {
            vec![sample_value(event, want.matcher)]
        };
        for value in values {
            let mut other = event.clone();
            set_field(&mut other, want.field, Value::Null);
            set_field(&mut other, want.field, value.clone());
            if let Some(merge) = passes(&other) {
                let how = if value.is_null() {
                    "the same event without"
                } else {
                    "the same event with another"
                };
                return Some((format!("{how} {}", want.field), merge));
            }
        }
    }
    let with = |source: &str, name: &str| {
        let mut other = event.clone();
        set_field(&mut other, "eventSource", json!(source));
        set_field(&mut other, "eventName", json!(name));
        passes(&other)
    };
    let text = |field: &str| event.get(field).and_then(Value::as_str).unwrap_or_default();
    let (source, name) = (text("eventSource"), text("eventName"));
    for other in &watch.names {
        if let Some(merge) = with(source, other) {
            return Some(("another call to the service".to_owned(), merge));
        }
    }
    for other in &watch.sources {
        if let Some(merge) = with(other, name) {
            return Some(("the same call to another service".to_owned(), merge));
        }
    }
    let merge = with(source, &format!("{name}20260101"))?;
    Some(("the same call with a version in its name".to_owned(), merge))
}

/// Returns the ways to make a condition true, or false if `holds` is false. A way is a list of
/// constraints that an event must satisfy.
fn enumerate_ways(expr: &RuleCondition, holds: bool) -> Vec<Vec<FieldConstraint<'_>>> {
    match expr {
        RuleCondition::All(parts) if holds => {
            combine_ways(parts.iter().map(|part| enumerate_ways(part, true)))
        }
        RuleCondition::Any(parts) if !holds => {
            combine_ways(parts.iter().map(|part| enumerate_ways(part, false)))
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
        return combine_ways(test.groups.iter().map(|group| {
            group.iter().take(MAX_WAYS).map(|matcher| vec![want(matcher)]).collect()
        }));
    }
    // A test fails if all matchers of one group are false. Each group is one way.
    test.groups.iter().map(|group| group.iter().map(want).collect()).collect()
}

/// Combines one way of each part with one way of every other part. Returns only the first
/// [`MAX_WAYS`] combinations.
fn combine_ways<'e>(
    parts: impl Iterator<Item = Vec<Vec<FieldConstraint<'e>>>>,
) -> Vec<Vec<FieldConstraint<'e>>> {
    let mut all = vec![Vec::new()];
    for part in parts {
        let mut next = Vec::new();
        for so_far in &all {
            for way in &part {
                if next.len() < MAX_WAYS {
                    next.push(so_far.iter().chain(way).copied().collect());
                }
            }
        }
        all = next;
    }
    all
}

//! A policy's cases: an event that its rule describes, and one near it that differs in one field.

use crate::rule_condition::{FieldTest, RuleCondition};
use crate::sample_event::{
    FieldConstraint, FillMode, differing_values, fill_event, merge_patch, sample_value, set_field,
};
use crate::watched_events::WatchedEvents;
use evenkeel_rules::policy::Policy;
use evenkeel_rules::{is_deceptive, read_cases};
use serde_json::{Value, json};

/// How many ways to satisfy a condition are looked at, and how many events.
const MAX_WAYS: usize = 64;
const MAX_PAIRS: usize = 6;

/// The cases of a policy.
#[derive(Debug)]
pub(crate) struct PolicyCases {
    event: Value,
    near: Option<(String, Value)>,
}

/// Looks for events; none where no event is found that the condition describes.
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
    /// Whether an event was found that the policy lets pass.
    pub(crate) fn has_passing_case(&self) -> bool {
        self.near.is_some()
    }

    /// The test file's text.
    pub(crate) fn to_yaml(&self) -> String {
        let base = serde_json::to_string_pretty(&self.event).unwrap_or_default();
        let mut out = format!(
            "base:\n  event: {}\ncases:\n  - name: what the rule describes\n    expect: NON_COMPLIANT\n",
            base.replace('\n', "\n    ")
        );
        if let Some((name, merge)) = &self.near {
            let name = Value::from(name.as_str());
            out.push_str(&format!("  - name: {name}\n    merge: {merge}\n    expect: COMPLIANT\n"));
        }
        escape_deceptive(&out)
    }
}

/// A text whose strings stand between quotes, with what could deceive a reader escaped.
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

/// What a policy says of an event.
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

/// An event that differs in one field and is let pass.
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
                let how = if value.is_null() { "without" } else { "the same with another" };
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
            return Some(("another call of the service".to_owned(), merge));
        }
    }
    for other in &watch.sources {
        if let Some(merge) = with(other, name) {
            return Some(("a call of that name to another service".to_owned(), merge));
        }
    }
    let merge = with(source, &format!("{name}20260101"))?;
    Some(("the call with a version in its name".to_owned(), merge))
}

/// Ways to make a condition hold, or not hold.
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
    // Of some group, nothing may hold.
    test.groups.iter().map(|group| group.iter().map(want).collect()).collect()
}

/// One way of each part, together; the first combinations only.
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

//! A policy's cases: an event that its rule describes, and one near it that differs in one field.

use crate::event::{Mode, Want, fill, patch, set, unlike, witness};
use crate::expr::{Expr, Test};
use crate::watch::Watch;
use evenkeel_rules::policy::Policy;
use evenkeel_rules::{is_deceptive, read_cases};
use serde_json::{Value, json};

/// How many ways to satisfy a condition are looked at, and how many events.
const MAX_WAYS: usize = 64;
const MAX_PAIRS: usize = 6;

/// The cases of a policy.
#[derive(Debug)]
pub(crate) struct Cases {
    event: Value,
    near: Option<(String, Value)>,
}

/// Looks for events; none where no event is found that the condition describes.
pub(crate) fn find(condition: &Expr, watch: &Watch, policy: &Policy) -> Option<Cases> {
    let ways = ways(condition, true);
    for (source, name) in watch.pairs.iter().take(MAX_PAIRS) {
        for wants in &ways {
            for mode in [Mode::Joined, Mode::First, Mode::List, Mode::Other] {
                let mut event = json!({"eventSource": source, "eventName": name});
                fill(&mut event, wants, mode);
                if status(policy, &event, &Value::Null).as_deref() == Some("NON_COMPLIANT") {
                    let near = near(&event, wants, watch, policy);
                    return Some(Cases { event, near });
                }
            }
        }
    }
    None
}

impl Cases {
    /// Whether an event was found that the policy lets pass.
    pub(crate) fn is_whole(&self) -> bool {
        self.near.is_some()
    }

    /// The test file's text.
    pub(crate) fn text(&self) -> String {
        let base = serde_json::to_string_pretty(&self.event).unwrap_or_default();
        let mut out = format!(
            "base:\n  event: {}\ncases:\n  - name: what the rule describes\n    expect: NON_COMPLIANT\n",
            base.replace('\n', "\n    ")
        );
        if let Some((name, merge)) = &self.near {
            let name = Value::from(name.as_str());
            out.push_str(&format!("  - name: {name}\n    merge: {merge}\n    expect: COMPLIANT\n"));
        }
        harmless(&out)
    }
}

/// A text whose strings stand between quotes, with what could deceive a reader escaped.
fn harmless(text: &str) -> String {
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
fn status(policy: &Policy, event: &Value, merge: &Value) -> Option<String> {
    let text = json!({
        "base": {"event": event},
        "cases": [{"name": "tried", "merge": merge, "expect": "NON_COMPLIANT"}]
    });
    let cases = read_cases("tried.test.yaml", &text.to_string(), policy).ok()?;
    let differences = cases.first()?.run(policy).ok()?;
    let differs = differences.into_iter().find(|difference| difference.what == "status");
    Some(differs.map_or_else(|| "NON_COMPLIANT".to_owned(), |difference| difference.actual))
}

/// An event that differs in one field and is let pass.
fn near(
    event: &Value,
    wants: &[Want<'_>],
    watch: &Watch,
    policy: &Policy,
) -> Option<(String, Value)> {
    let passes = |other: &Value| {
        let merge = patch(event, other);
        (status(policy, event, &merge).as_deref() == Some("COMPLIANT")).then_some(merge)
    };
    let of_event = |want: &&Want<'_>| !matches!(want.field, "eventSource" | "eventName");
    for want in wants.iter().rev().filter(of_event) {
        let values =
            if want.holds { unlike(want.matcher) } else { vec![witness(event, want.matcher)] };
        for value in values {
            let mut other = event.clone();
            set(&mut other, want.field, Value::Null);
            set(&mut other, want.field, value.clone());
            if let Some(merge) = passes(&other) {
                let how = if value.is_null() { "without" } else { "the same with another" };
                return Some((format!("{how} {}", want.field), merge));
            }
        }
    }
    let with = |source: &str, name: &str| {
        let mut other = event.clone();
        set(&mut other, "eventSource", json!(source));
        set(&mut other, "eventName", json!(name));
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
fn ways(expr: &Expr, holds: bool) -> Vec<Vec<Want<'_>>> {
    match expr {
        Expr::All(parts) if holds => every(parts.iter().map(|part| ways(part, true))),
        Expr::Any(parts) if !holds => every(parts.iter().map(|part| ways(part, false))),
        Expr::All(parts) | Expr::Any(parts) => {
            let mut all: Vec<_> = parts.iter().flat_map(|part| ways(part, holds)).collect();
            all.truncate(MAX_WAYS);
            all
        }
        Expr::Not(part) => ways(part, !holds),
        Expr::Named(_, part) => ways(part, holds),
        Expr::Test(test) => of_test(test, holds != test.negated),
    }
}

fn of_test(test: &Test, holds: bool) -> Vec<Vec<Want<'_>>> {
    let want = |matcher| Want { field: &test.field, matcher, holds };
    if holds {
        return every(test.groups.iter().map(|group| {
            group.iter().take(MAX_WAYS).map(|matcher| vec![want(matcher)]).collect()
        }));
    }
    // Of some group, nothing may hold.
    test.groups.iter().map(|group| group.iter().map(want).collect()).collect()
}

/// One way of each part, together; the first combinations only.
fn every<'e>(parts: impl Iterator<Item = Vec<Vec<Want<'e>>>>) -> Vec<Vec<Want<'e>>> {
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

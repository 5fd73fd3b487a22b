//! Selects the events that become test cases: those in which a condition of the policy is true or
//! false for the first time.

use crate::sample_event::{get_field, merge_patch};
use crate::watched_events::WatchedEvents;
use evenkeel_authoring::coverage::WatchedPolicy;
use evenkeel_rules::event::strip_api_version;
use evenkeel_rules::policy::Policy;
use evenkeel_rules::{ComplianceStatus, PolicyCase, most_serious_evaluation};
use serde_json::Value;
use std::collections::BTreeSet;

/// A test case: a merge patch for the base event, and the expected status.
#[derive(Debug)]
pub(crate) struct GeneratedCase {
    pub(crate) name: String,
    pub(crate) merge: Value,
    pub(crate) status: ComplianceStatus,
}

/// The maximum number of changed fields in the name of a case.
const MAX_NAMED_FIELDS: usize = 3;

/// A condition of the policy, by its position, and a result that it had.
type Goal = (usize, usize, bool);

/// The search for the test cases of a policy.
#[derive(Debug)]
pub(crate) struct CaseSearch<'p> {
    policy: &'p Policy,
    watched: WatchedPolicy<'p>,
    base: &'p Value,
    /// The results of conditions that no case has yet.
    missing: BTreeSet<Goal>,
    /// The event names of the header that no case uses yet.
    unused_names: BTreeSet<String>,
    cases: Vec<GeneratedCase>,
}

impl<'p> CaseSearch<'p> {
    /// Creates a search without cases. `base` is the event to which the cases apply their patches.
    pub(crate) fn new(policy: &'p Policy, watch: &WatchedEvents, base: &'p Value) -> Self {
        let watched = WatchedPolicy::new(policy);
        let both = |(start, end): (usize, usize)| [(start, end, true), (start, end, false)];
        let spans = watched.collect_conditions(&[]);
        let spans = spans.iter().map(|one| (one.span.start, one.span.end));
        let names = if watch.has_any_name() { &[] } else { watch.names.as_slice() };
        CaseSearch {
            policy,
            base,
            missing: spans.flat_map(both).collect(),
            unused_names: names.iter().cloned().collect(),
            watched,
            cases: Vec::new(),
        }
    }

    /// Returns the status that a policy gives for an event, or `None` if the evaluation fails.
    pub(crate) fn status_of(policy: &Policy, event: &Value) -> Option<ComplianceStatus> {
        let evaluations = PolicyCase::for_event(event).evaluate_policy(policy).ok()?;
        Some(most_serious_evaluation(&evaluations)?.status)
    }

    /// Returns whether an event violates the policy.
    pub(crate) fn violates(&self, event: &Value) -> bool {
        Self::status_of(self.policy, event) == Some(ComplianceStatus::NonCompliant)
    }

    /// Returns whether each condition was true and false.
    pub(crate) fn is_complete(&self) -> bool {
        self.missing.is_empty()
    }

    /// Returns the event names of the header that no case uses.
    pub(crate) fn unused_names(&self) -> Vec<String> {
        self.unused_names.iter().cloned().collect()
    }

    /// Returns the first events of the cases that violate the policy.
    pub(crate) fn violating_events(&self, at_most: usize) -> Vec<Value> {
        self.events_with(ComplianceStatus::NonCompliant, at_most)
    }

    /// Returns the first events of the cases that comply with the policy.
    pub(crate) fn compliant_events(&self, at_most: usize) -> Vec<Value> {
        self.events_with(ComplianceStatus::Compliant, at_most)
    }

    fn events_with(&self, status: ComplianceStatus, at_most: usize) -> Vec<Value> {
        let cases = self.cases.iter().filter(|case| case.status == status).take(at_most);
        cases.map(|case| apply_patch(self.base, &case.merge)).collect()
    }

    /// Adds a case. If `name` is empty, the name describes the difference from the base event.
    pub(crate) fn keep_always(&mut self, name: &str, event: &Value) {
        self.keep_if(name, event, &|_, _| true);
    }

    /// Adds a case if the event complies with the policy. Returns whether the case was added.
    pub(crate) fn keep_compliant(&mut self, event: &Value) -> bool {
        self.keep_if("", event, &|status, _| status == ComplianceStatus::Compliant)
    }

    /// Adds a case if a condition is true or false for the first time.
    pub(crate) fn keep_useful(&mut self, name: &str, event: &Value) {
        self.keep_if(name, event, &|_, is_new| is_new);
    }

    fn keep_if(
        &mut self,
        name: &str,
        event: &Value,
        wanted: &dyn Fn(ComplianceStatus, bool) -> bool,
    ) -> bool {
        let merge = merge_patch(self.base, event);
        let event = apply_patch(self.base, &merge);
        let run = |policy: &Policy| Self::status_of(policy, &event);
        let (status, seen) = self.watched.run_watched(run);
        let is_result = |status: &ComplianceStatus| {
            !matches!(status, ComplianceStatus::Error | ComplianceStatus::NotApplicable)
        };
        let Some(status) = status.filter(is_result) else { return false };
        let conditions = self.watched.collect_conditions(&[seen]);
        let reached: Vec<Goal> = conditions
            .iter()
            .flat_map(|one| {
                let (start, end) = (one.span.start, one.span.end);
                let results = [(one.was_true, true), (one.was_false, false)];
                results.into_iter().filter(|had| had.0).map(move |had| (start, end, had.1))
            })
            .collect();
        let is_new = reached.iter().any(|goal| self.missing.contains(goal));
        if !wanted(status, is_new) {
            return false;
        }
        for goal in &reached {
            self.missing.remove(goal);
        }
        self.unused_names.remove(strip_api_version(event_pair(&event).1));
        let described = if name.is_empty() { self.describe(&merge, &event) } else { name.into() };
        let name = self.unique_name(described);
        self.cases.push(GeneratedCase { name, merge, status });
        true
    }

    /// Returns a name for a case: its difference from the base event.
    fn describe(&self, merge: &Value, event: &Value) -> String {
        let (source, name) = event_pair(event);
        let mut text = if event_pair(self.base) == (source, name) {
            "the same event".to_owned()
        } else {
            format!("the event {name} of {source}")
        };
        let mut changed = Vec::new();
        collect_leaves("", merge, &mut changed);
        changed.retain(|(path, _)| !matches!(path.as_str(), "eventSource" | "eventName"));
        for (at, (path, removed)) in changed.iter().take(MAX_NAMED_FIELDS).enumerate() {
            let and = if at == 0 { "" } else { " and" };
            let how = match (*removed, get_field(self.base, path)) {
                (true, _) => "without",
                (false, Some(_)) => "with another",
                (false, None) => "with",
            };
            text.push_str(&format!("{and} {how} {path}"));
        }
        match changed.len().saturating_sub(MAX_NAMED_FIELDS) {
            0 => text,
            _ => format!("{text} and other changes"),
        }
    }

    /// Returns a name that no other case has.
    fn unique_name(&self, name: String) -> String {
        let is_taken = |name: &str| self.cases.iter().any(|case| case.name == name);
        let numbered = (2..).map(|number: usize| format!("{name}, variant {number}"));
        std::iter::once(name.clone()).chain(numbered).find(|name| !is_taken(name)).unwrap_or(name)
    }

    /// Returns the cases.
    pub(crate) fn into_cases(self) -> Vec<GeneratedCase> {
        self.cases
    }
}

/// Collects the paths of the values in a merge patch, and whether the patch removes them.
fn collect_leaves(path: &str, change: &Value, found: &mut Vec<(String, bool)>) {
    match change.as_object() {
        Some(fields) => fields.iter().for_each(|(name, value)| {
            let dot = if path.is_empty() { "" } else { "." };
            collect_leaves(&format!("{path}{dot}{name}"), value, found);
        }),
        None => found.push((path.to_owned(), change.is_null())),
    }
}

/// Applies a JSON merge patch (RFC 7396).
fn apply_patch(value: &Value, patch: &Value) -> Value {
    let Some(changes) = patch.as_object() else { return patch.clone() };
    let mut out = value.as_object().cloned().unwrap_or_default();
    for (name, change) in changes {
        if change.is_null() {
            out.shift_remove(name);
        } else {
            let before = out.get(name).cloned().unwrap_or_default();
            out.insert(name.clone(), apply_patch(&before, change));
        }
    }
    Value::Object(out)
}

/// Returns the event source and the event name of an event.
pub(crate) fn event_pair(event: &Value) -> (&str, &str) {
    let text = |field: &str| event.get(field).and_then(Value::as_str).unwrap_or_default();
    (text("eventSource"), text("eventName"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_patch_is_applied_and_its_fields_are_listed() {
        let (base, patch) = (
            json!({"a": {"b": 1, "c": 2}, "d": 3}),
            json!({"a": {"c": null, "e": [null]}, "d": 4}),
        );
        assert_eq!(apply_patch(&base, &patch), json!({"a": {"b": 1, "e": [null]}, "d": 4}));
        let mut leaves = Vec::new();
        collect_leaves("", &patch, &mut leaves);
        let expected = [("a.c", true), ("a.e", false), ("d", false)];
        assert_eq!(leaves, expected.map(|(path, removed)| (path.to_owned(), removed)));
    }
}

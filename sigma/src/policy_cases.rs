//! Generates the test cases of an imported policy: an event that the rule describes, a similar
//! event that complies with the policy, and further events until each condition was true and false.

use crate::case_search::{CaseSearch, GeneratedCase, event_pair};
use crate::condition_ways::enumerate_ways;
use crate::policy_file::omittable_fields;
use crate::rule_condition::{RuleCondition, ValueMatcher};
use crate::sample_event::{
    FieldConstraint, FillMode, OTHER_TEXT, differing_values, fill_event, get_field, sample_value,
    set_event_field,
};
use crate::watched_events::WatchedEvents;
use evenkeel_rules::event::strip_api_version;
use evenkeel_rules::policy::Policy;
use evenkeel_rules::{ComplianceStatus, is_deceptive};
use serde_json::{Value, json};

/// The maximum number of pairs of event source and event name that are tried.
const MAX_PAIRS: usize = 6;

/// The maximum number of violating events of which variants are tried.
const MAX_VARIED: usize = 12;

const MODES: [FillMode; 4] = [FillMode::Joined, FillMode::First, FillMode::List, FillMode::Other];

/// The test cases of a policy.
#[derive(Debug)]
pub(crate) struct PolicyCases {
    base: Value,
    cases: Vec<GeneratedCase>,
}

/// Searches for the events of the test cases. Returns `None` if the search finds no event that
/// violates the policy. The policy must be compiled with
/// [`WATCH_PASSES`](evenkeel_authoring::coverage::WATCH_PASSES).
pub(crate) fn find_cases(
    condition: &RuleCondition,
    watch: &WatchedEvents,
    policy: &Policy,
) -> Option<PolicyCases> {
    let ways = enumerate_ways(condition, true);
    let (base, wants) = find_violating_event(&ways, watch, policy)?;
    let mut search = CaseSearch::new(policy, watch, &base);
    search.keep_always("an event that the rule describes", &base);
    find_near_event(&mut search, &base, wants, watch);
    add_event_names(&mut search, &base, &ways, watch);
    add_omitted_data(&mut search, &base, condition);
    add_variants(&mut search, &base, condition, watch);
    add_partial_events(&mut search, wants, watch);
    add_ways(&mut search, &ways, watch);
    for event in search.violating_events(MAX_VARIED) {
        if search.is_complete() {
            break;
        }
        add_variants(&mut search, &event, condition, watch);
        add_false_ways(&mut search, &event, condition);
    }
    for event in search.compliant_events(MAX_VARIED) {
        add_omitted_data(&mut search, &event, condition);
    }
    Some(PolicyCases { cases: search.into_cases(), base })
}

impl PolicyCases {
    /// Returns whether the search found an event that complies with the policy.
    pub(crate) fn has_passing_case(&self) -> bool {
        self.cases.iter().any(|case| case.status == ComplianceStatus::Compliant)
    }

    /// Returns the text of the test file.
    pub(crate) fn to_yaml(&self) -> String {
        let base = serde_json::to_string_pretty(&self.base).unwrap_or_default();
        let mut out = format!("base:\n  event: {}\ncases:\n", base.replace('\n', "\n    "));
        for case in &self.cases {
            let simple = case.name.chars().all(|c| c.is_ascii_alphanumeric() || c == ' ');
            let quoted = Value::from(case.name.as_str()).to_string();
            let name = if simple { &case.name } else { &quoted };
            out.push_str(&format!("  - name: {name}\n"));
            if case.merge.as_object().is_some_and(|fields| !fields.is_empty()) {
                out.push_str(&format!("    merge: {}\n", case.merge));
            }
            out.push_str(&format!("    expect: {}\n", case.status));
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

/// Searches for an event that violates the policy. Returns also the constraints that it satisfies.
fn find_violating_event<'w, 'e>(
    ways: &'w [Vec<FieldConstraint<'e>>],
    watch: &WatchedEvents,
    policy: &Policy,
) -> Option<(Value, &'w [FieldConstraint<'e>])> {
    for pair in watch.pairs.iter().take(MAX_PAIRS) {
        for wants in ways {
            for mode in MODES {
                let event = build_event(pair, wants, mode, watch);
                if CaseSearch::status_of(policy, &event) == Some(ComplianceStatus::NonCompliant) {
                    return Some((event, wants));
                }
            }
        }
    }
    None
}

/// Builds an event that satisfies the constraints. If the header requires a type of identity, the
/// event has the type in the spelling of AWS.
fn build_event(
    (source, name): &(String, String),
    wants: &[FieldConstraint<'_>],
    mode: FillMode,
    watch: &WatchedEvents,
) -> Value {
    const IDENTITY: &str = "userIdentity.type";
    let mut event = json!({"eventSource": source, "eventName": name});
    fill_event(&mut event, wants, mode);
    let written = get_field(&event, IDENTITY).and_then(Value::as_str).unwrap_or_default();
    let types = &watch.identity_types;
    let known = types.iter().find(|known| known.eq_ignore_ascii_case(written));
    if let Some(kind) = known.or(types.first()) {
        set_event_field(&mut event, IDENTITY, json!(kind));
    }
    event
}

fn is_event_field(field: &str) -> bool {
    matches!(field, "eventSource" | "eventName")
}

/// Adds an event that differs from `event` in one field and complies with the policy.
fn find_near_event(
    search: &mut CaseSearch<'_>,
    event: &Value,
    wants: &[FieldConstraint<'_>],
    watch: &WatchedEvents,
) {
    for want in wants.iter().rev().filter(|want| !is_event_field(want.field)) {
        let values = if want.holds {
            differing_values(want.matcher)
        } else {
            vec![sample_value(event, want.matcher)]
        };
        for value in values {
            if search.keep_compliant(&with_field(event, want.field, value)) {
                return;
            }
        }
    }
    let (source, name) = event_pair(event);
    for (source, name) in watch.other_events(source, name) {
        if search.keep_compliant(&with_pair(event, &source, &name)) {
            return;
        }
    }
}

/// Adds a case for each event name of the header.
fn add_event_names(
    search: &mut CaseSearch<'_>,
    base: &Value,
    ways: &[Vec<FieldConstraint<'_>>],
    watch: &WatchedEvents,
) {
    for name in search.unused_names() {
        let is_named = |pair: &&(String, String)| strip_api_version(&pair.1) == name;
        let (source, _) = event_pair(base);
        let pair = watch.pairs.iter().find(is_named).cloned();
        let pair = pair.unwrap_or_else(|| (source.to_owned(), name.clone()));
        let own = with_pair(base, &pair.0, &pair.1);
        let built =
            ways.iter().flat_map(|way| MODES.map(|mode| build_event(&pair, way, mode, watch)));
        let violating =
            std::iter::once(own.clone()).chain(built).find(|event| search.violates(event));
        search.keep_always("", violating.as_ref().unwrap_or(&own));
    }
}

/// Adds the events of which `CloudTrail` omitted or redacted data that the rule tests.
fn add_omitted_data(search: &mut CaseSearch<'_>, base: &Value, condition: &RuleCondition) {
    for field in omittable_fields(condition) {
        let omitted = json!({"omitted": true, "originalSize": 300_000, "reason": "too large"});
        for (how, value) in
            [("omitted", omitted), ("redacted", json!("HIDDEN_DUE_TO_SECURITY_REASONS"))]
        {
            let mut event = base.clone();
            if let Some(fields) = event.as_object_mut() {
                fields.insert(field.to_owned(), value);
            }
            search.keep_useful(&format!("CloudTrail {how} the field {field}"), &event);
        }
    }
}

/// Adds variants of an event: another value of one field, or another source or name.
fn add_variants(
    search: &mut CaseSearch<'_>,
    event: &Value,
    condition: &RuleCondition,
    watch: &WatchedEvents,
) {
    let mut tests = Vec::new();
    condition.visit_tests(&mut |test| tests.push(test));
    for test in tests.into_iter().filter(|test| !is_event_field(&test.field)) {
        for matcher in test.groups.iter().flatten() {
            let mut matching = event.clone();
            let field = test.field.as_str();
            let want = FieldConstraint { field, matcher, holds: true };
            fill_event(&mut matching, &[want], FillMode::First);
            search.keep_useful("", &matching);
            if let ValueMatcher::Field(_, compared, _) = matcher {
                search.keep_useful("", &with_field(&matching, field, json!(OTHER_TEXT)));
                search.keep_useful("", &with_field(event, compared, json!(OTHER_TEXT)));
            }
            let mut values = differing_values(matcher);
            values.extend([json!(OTHER_TEXT), Value::Null]);
            if matches!(matcher, ValueMatcher::Null) {
                values.push(json!([null]));
            }
            for value in values {
                if search.is_complete() {
                    return;
                }
                search.keep_useful("", &with_field(event, field, value));
            }
        }
    }
    let (source, name) = event_pair(event);
    let others = watch.other_events(source, name);
    for (source, name) in others.iter().chain(watch.pairs.iter().take(MAX_PAIRS)) {
        search.keep_useful("", &with_pair(event, source, name));
    }
}

/// Adds events that satisfy all constraints but one.
fn add_partial_events(
    search: &mut CaseSearch<'_>,
    wants: &[FieldConstraint<'_>],
    watch: &WatchedEvents,
) {
    let Some(pair) = watch.pairs.first() else { return };
    for left_out in 0..wants.len() {
        let others = wants.iter().enumerate().filter(|(at, _)| *at != left_out);
        let others: Vec<FieldConstraint<'_>> = others.map(|(_, want)| *want).collect();
        for mode in MODES {
            search.keep_useful("", &build_event(pair, &others, mode, watch));
        }
    }
}

/// Adds events that satisfy the rule in other ways.
fn add_ways(search: &mut CaseSearch<'_>, ways: &[Vec<FieldConstraint<'_>>], watch: &WatchedEvents) {
    for pair in watch.pairs.iter().take(MAX_PAIRS) {
        for wants in ways {
            for mode in MODES {
                if search.is_complete() {
                    return;
                }
                search.keep_useful("", &build_event(pair, wants, mode, watch));
            }
        }
    }
}

/// Adds variants of an event in which a part of the rule is false.
fn add_false_ways(search: &mut CaseSearch<'_>, event: &Value, condition: &RuleCondition) {
    for wants in &enumerate_ways(condition, false) {
        let mut other = event.clone();
        for want in wants.iter().filter(|want| !is_event_field(want.field)) {
            let value = if want.holds {
                sample_value(&other, want.matcher)
            } else {
                differing_values(want.matcher).into_iter().next().unwrap_or_default()
            };
            other = with_field(&other, want.field, value);
        }
        search.keep_useful("", &other);
    }
}

fn with_field(event: &Value, field: &str, value: Value) -> Value {
    let mut other = event.clone();
    set_event_field(&mut other, field, Value::Null);
    set_event_field(&mut other, field, value);
    other
}

fn with_pair(event: &Value, source: &str, name: &str) -> Value {
    let mut other = event.clone();
    set_event_field(&mut other, "eventSource", json!(source));
    set_event_field(&mut other, "eventName", json!(name));
    other
}

//! Selects the events for the `match` of an imported policy.
//!
//! `match` contains literal names, but a rule can test `eventSource` and `eventName` with patterns.
//! Therefore, the module evaluates these tests for each event of AWS. It selects the events that
//! the rule can match. All fields apart from `eventSource` and `eventName` count as unknown.

use crate::import_error::ImportError;
use crate::rule_condition::{KnownValue, RuleCondition, ValueMatcher};
use evenkeel_authoring::services::events;
use evenkeel_rules::event::strip_api_version;

/// The maximum number of event names in the `match` of an imported policy.
const MAX_NAMES: usize = 1_500;

/// The API versions that CloudTrail appends to the event names of some services. The table contains
/// only the versions that occur in published rules.
const EVENT_NAME_VERSIONS: &[(&str, &str)] = &[
    ("lambda.amazonaws.com", "20150331"),
    ("lambda.amazonaws.com", "20150331v2"),
    ("lambda.amazonaws.com", "20171031"),
    ("lambda.amazonaws.com", "20181031"),
    ("cloudfront.amazonaws.com", "2020_05_31"),
];

/// The maximum number of event sources that a note lists.
const MAX_NAMED_SOURCES: usize = 5;

/// The events that an imported policy matches.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct WatchedEvents {
    /// The event sources of the header.
    pub(crate) sources: Vec<String>,
    /// The event names of the header.
    pub(crate) names: Vec<String>,
    /// The pairs of event source and event name that belong together.
    pub(crate) pairs: Vec<(String, String)>,
    /// `true` if the rule can match only failed calls.
    pub(crate) only_failed: bool,
    /// Notes for the author of the policy.
    pub(crate) notes: Vec<String>,
}

/// The condition of a rule, and the values with which it compares the field `name`.
struct WatchedField<'e> {
    name: &'static str,
    /// The literal values of the field in the rule.
    written: Vec<String>,
    /// `true` if the rule requires one of these values, or a pattern.
    pinned: bool,
    condition: &'e RuleCondition,
}

impl<'e> WatchedField<'e> {
    fn new(name: &'static str, condition: &'e RuleCondition) -> Self {
        let mut written: Vec<String> = Vec::new();
        condition.visit_tests(&mut |test| {
            for matcher in test.groups.iter().flatten().filter(|_| test.field == name) {
                if let ValueMatcher::Text(pattern, _) = matcher {
                    written.extend(pattern.literal_text());
                }
            }
        });
        written.sort();
        written.dedup();
        let known =
            |field: &str| if field == name { KnownValue::Other } else { KnownValue::Nothing };
        let pinned = condition.partial_truth(&known) == Some(false);
        WatchedField { name, written, pinned, condition }
    }

    /// Returns whether the condition can match an event with this value.
    fn admits_value(&self, value: &str) -> bool {
        let known = |field: &str| {
            if field == self.name { KnownValue::Text(value) } else { KnownValue::Nothing }
        };
        self.condition.partial_truth(&known) != Some(false)
    }
}

/// Returns the events that a condition can match.
///
/// # Errors
/// [`ImportError::Unwatched`] if the events cannot be determined, or if the rule can match more
/// than [`MAX_NAMES`] event names.
pub(crate) fn find_watched_events(condition: &RuleCondition) -> Result<WatchedEvents, ImportError> {
    let source = WatchedField::new("eventSource", condition);
    let name = WatchedField::new("eventName", condition);
    if !name.pinned && !source.pinned {
        let why = "the rule limits neither eventSource nor eventName, but a policy selects \
                   events by these fields; add an eventName to the rule";
        return Err(ImportError::Unwatched(why.to_owned()));
    }
    let mut watch =
        WatchedEvents { only_failed: means_only_failures(condition), ..WatchedEvents::default() };
    for candidate in candidate_sources(&source)? {
        let of_source = matching_event_names(&candidate, &source, &name, condition);
        watch.pairs.extend(of_source.into_iter().map(|name| (candidate.clone(), name)));
    }
    if watch.pairs.is_empty() {
        let why = "AWS has no event that the rule can match; if the service models of AWS do not \
                   contain the eventName, add the eventSource to the rule";
        return Err(ImportError::Unwatched(why.to_owned()));
    }
    let in_header = |(source, name): &(String, String)| (source.clone(), header_name(source, name));
    let (mut sources, mut names): (Vec<_>, Vec<_>) = watch.pairs.iter().map(in_header).unzip();
    add_unknown(&name, &sources, &mut names);
    for list in [&mut sources, &mut names] {
        list.sort();
        list.dedup();
    }
    if names.len() > MAX_NAMES {
        let why = format!(
            "the rule can match {} event names, but a policy can contain at most {MAX_NAMES}; \
             limit eventSource or eventName in the rule",
            names.len()
        );
        return Err(ImportError::Unwatched(why));
    }
    (watch.sources, watch.names) = (sources, names);
    watch.notes = collect_notes(&source, &name, &watch);
    Ok(watch)
}

/// Returns the event sources that the condition can match, in the case that AWS uses.
fn candidate_sources(source: &WatchedField<'_>) -> Result<Vec<String>, ImportError> {
    let mut all: Vec<String> = events::event_sources().collect();
    if source.pinned {
        for written in source.written.iter().filter(|written| source.admits_value(written)) {
            if !written.to_ascii_lowercase().ends_with(".amazonaws.com") {
                let why = format!(
                    "`{written}` is not a valid event source; use a name that ends with \
                     `.amazonaws.com`"
                );
                return Err(ImportError::Unwatched(why));
            }
            if !all.iter().any(|known| known.eq_ignore_ascii_case(written)) {
                all.push(written.to_ascii_lowercase());
            }
        }
    }
    all.retain(|candidate| source.admits_value(candidate));
    Ok(all)
}

/// Returns the event names of a source that the condition can match.
fn matching_event_names(
    candidate: &str,
    source: &WatchedField<'_>,
    name: &WatchedField<'_>,
    condition: &RuleCondition,
) -> Vec<String> {
    let admits = |value: &str| {
        let known = |field: &str| match field {
            "eventSource" => KnownValue::Text(candidate),
            "eventName" => KnownValue::Text(value),
            _ => KnownValue::Nothing,
        };
        condition.partial_truth(&known) != Some(false)
    };
    let table = events::event_names(candidate).unwrap_or_default();
    let called = |name: &&str| {
        let versions = EVENT_NAME_VERSIONS.iter().filter(|(source, _)| *source == candidate);
        let all = versions.map(|(_, version)| format!("{name}{version}"));
        std::iter::once((*name).to_owned()).chain(all).find(|name| admits(name))
    };
    let mut names: Vec<String> = table.iter().filter_map(called).collect();
    let new = |written: &&String| {
        let known = header_name(candidate, written) != **written || source.pinned;
        known && admits(written) && !names.iter().any(|name| name.eq_ignore_ascii_case(written))
    };
    let new: Vec<String> = name.written.iter().filter(new).cloned().collect();
    names.extend(new);
    names
}

/// Returns an event name as the header contains it: without the version that CloudTrail appends.
fn header_name(source: &str, name: &str) -> String {
    let stem = strip_api_version(name);
    let table = events::event_names(source).unwrap_or_default();
    let known = table.iter().find(|known| known.eq_ignore_ascii_case(stem));
    known.map_or_else(|| name.to_owned(), |known| (*known).to_owned())
}

/// Adds event names of the rule that no source in the table has, because the table may be
/// incomplete.
fn add_unknown(name: &WatchedField<'_>, sources: &[String], names: &mut Vec<String>) {
    for written in name.written.iter().filter(|written| name.pinned && name.admits_value(written)) {
        let known = |source: &String| {
            let table = events::event_names(source).unwrap_or_default();
            table.iter().any(|known| known.eq_ignore_ascii_case(strip_api_version(written)))
        };
        if !names.iter().any(|known| known.eq_ignore_ascii_case(written))
            && !sources.iter().any(known)
        {
            names.push(written.clone());
        }
    }
}

/// Returns whether the condition can match only failed calls.
fn means_only_failures(condition: &RuleCondition) -> bool {
    [KnownValue::Absent, KnownValue::Null, KnownValue::Text("")].into_iter().all(|value| {
        let known = |field: &str| if field == "errorCode" { value } else { KnownValue::Nothing };
        condition.partial_truth(&known) == Some(false)
    })
}

fn collect_notes(
    source: &WatchedField<'_>,
    name: &WatchedField<'_>,
    watch: &WatchedEvents,
) -> Vec<String> {
    let mut notes = Vec::new();
    let is_written = |one: &String| {
        name.written.iter().any(|written| strip_api_version(written).eq_ignore_ascii_case(one))
    };
    let found = watch.names.iter().filter(|name| !is_written(name)).count();
    if found > 0 {
        notes.push(format!(
            "the rule does not name {found} of the {} event names of the policy; these names come \
             from the current service models of AWS",
            watch.names.len()
        ));
    }
    if !source.pinned {
        let first: Vec<&str> =
            watch.sources.iter().take(MAX_NAMED_SOURCES).map(String::as_str).collect();
        let more = match watch.sources.len().saturating_sub(MAX_NAMED_SOURCES) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        notes.push(format!(
            "the rule names no eventSource; the policy matches all sources that have such events: \
             {}{more}",
            first.join(", ")
        ));
    }
    notes
}

/// Returns the name of an event that the condition does not match, from the first source of the
/// policy.
pub(crate) fn find_passing_event(
    watch: &WatchedEvents,
    condition: &RuleCondition,
) -> Option<String> {
    let source = watch.sources.first()?;
    let free = |name: &&&str| {
        let known = |field: &str| match field {
            "eventSource" => KnownValue::Text(source.as_str()),
            "eventName" => KnownValue::Text(name),
            _ => KnownValue::Nothing,
        };
        condition.partial_truth(&known) == Some(false)
    };
    events::event_names(source)?.iter().find(free).map(|name| (*name).to_owned())
}

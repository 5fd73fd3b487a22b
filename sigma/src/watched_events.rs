//! Which events a policy must watch so that it sees all that its rule describes.
//!
//! The header's `match` is literal. What the rule says of `eventSource` and `eventName` is tried on each event that
//! AWS has; everything else of the event counts as unknown.

use crate::import_error::ImportError;
use crate::rule_condition::{KnownValue, RuleCondition, ValueMatcher};
use evenkeel_authoring::services::events;
use evenkeel_rules::event::strip_api_version;

/// How many names a policy may watch.
const MAX_NAMES: usize = 1_500;

/// Versions that CloudTrail puts behind the names of some services' events: those that rules look for.
const EVENT_NAME_VERSIONS: &[(&str, &str)] = &[
    ("lambda.amazonaws.com", "20150331"),
    ("lambda.amazonaws.com", "20150331v2"),
    ("lambda.amazonaws.com", "20171031"),
    ("lambda.amazonaws.com", "20181031"),
    ("cloudfront.amazonaws.com", "2020_05_31"),
];

/// How many sources a note names.
const MAX_NAMED_SOURCES: usize = 5;

/// What a policy watches.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct WatchedEvents {
    /// The header's sources.
    pub(crate) sources: Vec<String>,
    /// The header's names.
    pub(crate) names: Vec<String>,
    /// The sources and names that go together.
    pub(crate) pairs: Vec<(String, String)>,
    /// Whether only failed calls can be meant.
    pub(crate) only_failed: bool,
    /// What an author should know.
    pub(crate) notes: Vec<String>,
}

/// A rule's condition, and what it says about the field `name`.
struct WatchedField<'e> {
    name: &'static str,
    /// The texts that stand in the rule as values of the field.
    written: Vec<String>,
    /// Whether the rule wants one of those, or a pattern.
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

    /// Whether an event with this value could be meant.
    fn admits_value(&self, value: &str) -> bool {
        let known = |field: &str| {
            if field == self.name { KnownValue::Text(value) } else { KnownValue::Nothing }
        };
        self.condition.partial_truth(&known) != Some(false)
    }
}

/// Which events a condition is about.
pub(crate) fn find_watched_events(condition: &RuleCondition) -> Result<WatchedEvents, ImportError> {
    let source = WatchedField::new("eventSource", condition);
    let name = WatchedField::new("eventName", condition);
    if !name.pinned && !source.pinned {
        let why = "the rule says of no event by its eventSource or eventName that it is meant, and a policy \
                   watches events by name";
        return Err(ImportError::Unwatched(why.to_owned()));
    }
    let mut watch =
        WatchedEvents { only_failed: means_only_failures(condition), ..WatchedEvents::default() };
    for candidate in candidate_sources(&source)? {
        let of_source = matching_event_names(&candidate, &source, &name, condition);
        watch.pairs.extend(of_source.into_iter().map(|name| (candidate.clone(), name)));
    }
    if watch.pairs.is_empty() {
        let why = "AWS has no event that the rule could mean; where the rule has a name that AWS's service models do \
                   not, its eventSource must be told too";
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
            "{} events could be meant, and a policy watches {MAX_NAMES} at most",
            names.len()
        );
        return Err(ImportError::Unwatched(why));
    }
    (watch.sources, watch.names) = (sources, names);
    watch.notes = collect_notes(&source, &name, &watch);
    Ok(watch)
}

/// The sources that could be meant, in AWS's own case.
fn candidate_sources(source: &WatchedField<'_>) -> Result<Vec<String>, ImportError> {
    let mut all: Vec<String> = events::event_sources().collect();
    if source.pinned {
        for written in source.written.iter().filter(|written| source.admits_value(written)) {
            if !written.to_ascii_lowercase().ends_with(".amazonaws.com") {
                let why = format!("`{written}` is no event source: they end in `.amazonaws.com`");
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

/// The names of a source's events that could be meant.
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

/// A name as the header has it: without the version that CloudTrail puts behind it.
fn header_name(source: &str, name: &str) -> String {
    let stem = strip_api_version(name);
    let table = events::event_names(source).unwrap_or_default();
    let known = table.iter().find(|known| known.eq_ignore_ascii_case(stem));
    known.map_or_else(|| name.to_owned(), |known| (*known).to_owned())
}

/// Names of the rule that no source in the table has: they may be right all the same.
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

/// Whether a call that succeeded cannot be meant.
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
            "the rule does not write out {found} of the {} events that are watched: they are those that AWS's \
             service models name today",
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
            "the rule names no eventSource; what has such events is watched: {}{more}",
            first.join(", ")
        ));
    }
    notes
}

/// An event of a watched service that the condition does not mean.
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

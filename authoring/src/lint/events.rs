//! Whether AWS has the events that a policy watches.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::LazyLock;

use evenkeel_rules::Diagnostic;
use evenkeel_rules::engine::nearest;
use evenkeel_rules::policy::Policy;

const ENDING: &str = ".amazonaws.com";

/// IAM actions that are often taken for events, and the events that they allow.
/// Source: Amazon S3 User Guide, "Amazon S3 CloudTrail events"; Service Authorization Reference.
const ACTIONS: &[(&str, &str)] = &[
    ("PutAnalyticsConfiguration", "PutBucketAnalyticsConfiguration"),
    ("PutEncryptionConfiguration", "PutBucketEncryption"),
    ("PutInventoryConfiguration", "PutBucketInventoryConfiguration"),
    ("PutLifecycleConfiguration", "PutBucketLifecycle"),
    ("PutMetricsConfiguration", "PutBucketMetricsConfiguration"),
    ("PutReplicationConfiguration", "PutBucketReplication"),
];

/// The names of each service's events, by what stands before `.amazonaws.com` in its `eventSource`.
static EVENTS: LazyLock<BTreeMap<&str, Vec<&str>>> = LazyLock::new(|| {
    let (models, more) =
        (include_str!("../../tables/events.txt"), include_str!("../../tables/more.txt"));
    let mut events: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for line in models.lines().chain(more.lines()).filter(|line| !line.starts_with('#')) {
        if let Some((source, names)) = line.split_once(' ') {
            events.entry(source).or_default().extend(names.split(' '));
        }
    }
    events
});

/// The sources of all events that AWS has.
pub(crate) fn sources() -> impl Iterator<Item = String> {
    EVENTS.keys().map(|source| format!("{source}{ENDING}"))
}

/// The names that a service's events can have.
pub(crate) fn names(source: &str) -> Option<&'static [&'static str]> {
    EVENTS.get(source.strip_suffix(ENDING)?).map(Vec::as_slice)
}

/// What is wrong with what a policy watches.
pub(super) fn lint(policy: &Policy) -> Vec<Diagnostic> {
    let matches = &policy.matches;
    let wrong = |code, word: &str, message: String, help: Option<String>| {
        Diagnostic::error(code, &policy.file, place(policy.text(), word), message).with_help(help)
    };
    let mut found = Vec::new();
    for source in &matches.event_source {
        if names(source).is_none() {
            let message = format!("AWS has no event source `{source}`");
            found.push(wrong("unknown-source", source, message, near_source(source)));
        }
    }
    let known: Vec<(&String, &[&str])> =
        matches.event_source.iter().filter_map(|source| Some((source, names(source)?))).collect();
    if known.is_empty() {
        return found;
    }
    for name in &matches.event_name {
        if !known.iter().any(|(_, names)| names.contains(&name.as_str())) {
            let sources: Vec<&str> = known.iter().map(|(source, _)| source.as_str()).collect();
            let message = format!("{} has no event `{name}`", sources.join(" or "));
            found.push(wrong("unknown-event", name, message, near_name(name, &known)));
        }
    }
    for (source, names) in &known {
        if !matches.event_name.iter().any(|name| names.contains(&name.as_str())) && found.is_empty()
        {
            let message = format!("none of the names is an event of {source}");
            found.push(wrong("unused-source", source, message, None));
        }
    }
    found
}

/// The service that is probably meant.
fn near_source(source: &str) -> Option<String> {
    let plain = source.strip_suffix(ENDING).unwrap_or(source);
    if EVENTS.contains_key(plain) {
        return Some(format!("did you mean `{plain}{ENDING}`?"));
    }
    nearest(plain, EVENTS.keys().copied())
        .map(|help| help.replacen("`?", &format!("{ENDING}`?"), 1))
}

/// The service that has an event of this name, or a name that is like it.
fn near_name(name: &str, known: &[(&String, &[&str])]) -> Option<String> {
    let owners: Vec<String> = EVENTS
        .iter()
        .filter(|(_, names)| names.contains(&name))
        .map(|(source, _)| format!("{source}{ENDING}"))
        .collect();
    let action = ACTIONS.iter().find(|(action, event)| {
        *action == name && known.iter().any(|(_, names)| names.contains(event))
    });
    if let Some((_, event)) = action {
        Some(format!("that is the IAM action; the event is `{event}`"))
    } else if owners.is_empty() {
        nearest(name, known.iter().flat_map(|(_, names)| names.iter().copied()))
    } else {
        Some(format!("it is an event of {}", owners.join(", ")))
    }
}

/// Where a word stands in a policy's file: as a whole, behind the header's `match`.
fn place(text: &str, word: &str) -> Range<usize> {
    let start = text.find("match:").unwrap_or_default();
    let is_part = |c: char| c.is_alphanumeric() || "._-".contains(c);
    let mut places = text.match_indices(word).filter(|(at, _)| {
        let before = text.get(..*at).and_then(|text| text.chars().next_back());
        let after = text.get(at.saturating_add(word.len())..).and_then(|text| text.chars().next());
        *at >= start && !before.is_some_and(is_part) && !after.is_some_and(is_part)
    });
    let at = places.next().map_or(start, |(at, _)| at);
    at..at.saturating_add(word.len()).min(text.len())
}

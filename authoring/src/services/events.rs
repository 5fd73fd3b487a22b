//! The events that AWS has, by the service that they come from.

use evenkeel_engine::suggest_name;
use evenkeel_rules::event::strip_api_version;
use std::collections::BTreeMap;
use std::sync::LazyLock;

const ENDING: &str = ".amazonaws.com";

/// IAM actions that are often taken for events, and the events that they allow.
/// Source: Amazon S3 User Guide, "Amazon S3 CloudTrail events"; Service Authorization Reference.
const ACTION_EVENTS: &[(&str, &str)] = &[
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

/// The names that a service's events can have; none, where the source is none of AWS.
pub fn event_names(source: &str) -> Option<&'static [&'static str]> {
    EVENTS.get(source.strip_suffix(ENDING)?).map(Vec::as_slice)
}

/// Every `eventSource` that there is, in order.
pub fn event_sources() -> impl Iterator<Item = String> {
    EVENTS.keys().map(|source| format!("{source}{ENDING}"))
}

/// Whether AWS has an event of this name, or the source is none that we know.
pub fn has_event(source: &str, name: &str) -> bool {
    event_names(source).is_none_or(|names| names.contains(&strip_api_version(name)))
}

/// The service that is probably meant.
pub(crate) fn suggest_source(source: &str) -> Option<String> {
    let plain = source.strip_suffix(ENDING).unwrap_or(source);
    if EVENTS.contains_key(plain) {
        return Some(format!("did you mean `{plain}{ENDING}`?"));
    }
    suggest_name(plain, EVENTS.keys().copied())
        .map(|help| help.replacen("`?", &format!("{ENDING}`?"), 1))
}

/// The service that has an event of this name, or a name that is like it.
pub(crate) fn suggest_event_name(name: &str, known: &[(&str, &[&str])]) -> Option<String> {
    let owners: Vec<String> = EVENTS
        .iter()
        .filter(|(_, names)| names.contains(&name))
        .map(|(source, _)| format!("{source}{ENDING}"))
        .collect();
    let action = ACTION_EVENTS.iter().find(|(action, event)| {
        *action == name && known.iter().any(|(_, names)| names.contains(event))
    });
    if let Some((_, event)) = action {
        Some(format!("that is the IAM action; the event is `{event}`"))
    } else if owners.is_empty() {
        suggest_name(name, known.iter().flat_map(|(_, names)| names.iter().copied()))
    } else {
        Some(format!("it is an event of {}", owners.join(", ")))
    }
}

/// Why an event's source and name are not among those that AWS has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EventNameError {
    /// AWS has no such source.
    #[error("AWS has no event source `{source_name}`{}", after_colon(.help.as_deref()))]
    UnknownSource {
        /// The source.
        source_name: String,
        /// What may be meant.
        help: Option<String>,
    },
    /// The source has no such event.
    #[error("{source_name} has no event `{name}`{}", after_colon(.help.as_deref()))]
    UnknownName {
        /// The source.
        source_name: String,
        /// The event's name.
        name: String,
        /// What may be meant.
        help: Option<String>,
    },
}

fn after_colon(help: Option<&str>) -> String {
    help.map_or(String::new(), |help| format!(": {help}"))
}

/// Checks that AWS has an event of this source and name.
///
/// # Errors
/// When AWS has no such source, or no such event of it.
pub fn check_event_name(source: &str, name: &str) -> Result<(), EventNameError> {
    let source_name = source.to_owned();
    let Some(known) = event_names(source) else {
        return Err(EventNameError::UnknownSource { source_name, help: suggest_source(source) });
    };
    if known.contains(&strip_api_version(name)) {
        return Ok(());
    }
    let help = suggest_event_name(name, &[(source, known)]);
    Err(EventNameError::UnknownName { source_name, name: name.to_owned(), help })
}

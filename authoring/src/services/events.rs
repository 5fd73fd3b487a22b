//! The CloudTrail events of AWS, by event source.

use evenkeel_engine::suggest_name;
use evenkeel_rules::event::strip_api_version;
use std::collections::BTreeMap;
use std::sync::LazyLock;

const ENDING: &str = ".amazonaws.com";

/// IAM actions that authors often mistake for events, each with the event that the action allows.
/// Source: Amazon S3 User Guide, "Amazon S3 CloudTrail events"; Service Authorization Reference.
const ACTION_EVENTS: &[(&str, &str)] = &[
    ("PutAnalyticsConfiguration", "PutBucketAnalyticsConfiguration"),
    ("PutEncryptionConfiguration", "PutBucketEncryption"),
    ("PutInventoryConfiguration", "PutBucketInventoryConfiguration"),
    ("PutLifecycleConfiguration", "PutBucketLifecycle"),
    ("PutMetricsConfiguration", "PutBucketMetricsConfiguration"),
    ("PutReplicationConfiguration", "PutBucketReplication"),
];

/// The event names of each service, by its `eventSource` without `.amazonaws.com`.
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

/// Returns the names of a service's events, or `None` if AWS has no such event source.
pub fn event_names(source: &str) -> Option<&'static [&'static str]> {
    EVENTS.get(source.strip_suffix(ENDING)?).map(Vec::as_slice)
}

/// Returns every `eventSource`, in alphabetical order.
pub fn event_sources() -> impl Iterator<Item = String> {
    EVENTS.keys().map(|source| format!("{source}{ENDING}"))
}

/// Returns whether the source has an event with this name. The result is also true if the source is
/// unknown.
pub fn has_event(source: &str, name: &str) -> bool {
    event_names(source).is_none_or(|names| names.contains(&strip_api_version(name)))
}

/// Returns a suggestion for a misspelled event source.
pub(crate) fn suggest_source(source: &str) -> Option<String> {
    let plain = source.strip_suffix(ENDING).unwrap_or(source);
    if EVENTS.contains_key(plain) {
        return Some(format!("did you mean `{plain}{ENDING}`?"));
    }
    suggest_name(plain, EVENTS.keys().copied())
        .map(|help| help.replacen("`?", &format!("{ENDING}`?"), 1))
}

/// Returns a suggestion for an unknown event name: the service that has it, or a similar name.
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
        Some(format!("`{name}` is an IAM action; its event is `{event}`"))
    } else if owners.is_empty() {
        suggest_name(name, known.iter().flat_map(|(_, names)| names.iter().copied()))
    } else {
        Some(format!("`{name}` is an event of {}", owners.join(", ")))
    }
}

/// An event source or event name that AWS does not have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EventNameError {
    /// The event source does not exist.
    #[error("AWS has no event source `{source_name}`{}", after_colon(.help.as_deref()))]
    UnknownSource {
        /// The event source.
        source_name: String,
        /// A suggestion, if there is one.
        help: Option<String>,
    },
    /// The event source has no event with this name.
    #[error("{source_name} has no event `{name}`{}", after_colon(.help.as_deref()))]
    UnknownName {
        /// The event source.
        source_name: String,
        /// The name of the event.
        name: String,
        /// A suggestion, if there is one.
        help: Option<String>,
    },
}

fn after_colon(help: Option<&str>) -> String {
    help.map_or(String::new(), |help| format!(": {help}"))
}

/// Checks that AWS has an event with this source and name.
///
/// ```
/// use evenkeel_authoring::services::events::check_event_name;
///
/// assert!(check_event_name("s3.amazonaws.com", "DeleteBucketEncryption").is_ok());
/// let error = check_event_name("s3.amazonaws.com", "DeleteBucketEncrypton").unwrap_err();
/// assert!(error.to_string().ends_with("did you mean `DeleteBucketEncryption`?"));
/// ```
///
/// # Errors
/// [`EventNameError::UnknownSource`] or [`EventNameError::UnknownName`].
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

//! Reports event sources and event names in `match` that AWS does not have.

use super::locate_word;
use crate::services::events::{event_names, has_event, suggest_event_name, suggest_source};
use evenkeel_engine::suggest_name;
use evenkeel_rules::Diagnostic;
use evenkeel_rules::event::strip_api_version;
use evenkeel_rules::policy::Policy;

/// The values of `userIdentity.type`.
///
/// Source: AWS CloudTrail User Guide, "CloudTrail userIdentity element".
const IDENTITY_TYPES: &[&str] = &[
    "AWSAccount",
    "AWSService",
    "AssumedRole",
    "Directory",
    "FederatedUser",
    "IAMUser",
    "IdentityCenterUser",
    "Role",
    "Root",
    "SAMLUser",
    "Unknown",
    "WebIdentityUser",
];

/// Returns an error for each event source, event name and identity type of `match` that AWS does not
/// have.
pub(super) fn lint_events(policy: &Policy) -> Vec<Diagnostic> {
    let matches = &policy.matches;
    let wrong = |code, word: &str, message: String, help: Option<String>| {
        Diagnostic::new_error(
            code,
            &policy.file,
            locate_word(policy.file_text(), "match:", word),
            message,
        )
        .with_help(help)
    };
    let mut found = Vec::new();
    for kind in matches.identity_type.iter().filter(|kind| !IDENTITY_TYPES.contains(&kind.as_str()))
    {
        let message = format!("CloudTrail has no identity type `{kind}`");
        let help = suggest_name(kind, IDENTITY_TYPES.iter().copied());
        found.push(wrong("unknown-identity", kind, message, help));
    }
    if matches.matches_any_source() {
        return found;
    }
    for source in &matches.event_source {
        if event_names(source).is_none() {
            let message = format!("AWS has no event source `{source}`");
            found.push(wrong("unknown-source", source, message, suggest_source(source)));
        }
    }
    found.extend(lint_not_watched(policy));
    let known: Vec<(&str, &[&str])> = matches
        .event_source
        .iter()
        .filter_map(|source| Some((source.as_str(), event_names(source)?)))
        .collect();
    if known.is_empty() {
        return found;
    }
    if matches.matches_any_name() {
        return found;
    }
    for name in &matches.event_name {
        let unversioned = strip_api_version(name);
        if unversioned.len() < name.len() {
            let message = format!("`{name}` contains an API version; other versions do not match");
            let help = format!("write `{unversioned}`, which matches every version");
            found.push(wrong("event-version", name, message, Some(help)));
            continue;
        }
        if !known.iter().any(|(source, _)| has_event(source, name)) {
            let sources: Vec<&str> = known.iter().map(|(source, _)| *source).collect();
            let message = format!("{} has no event `{name}`", sources.join(" or "));
            found.push(wrong("unknown-event", name, message, suggest_event_name(name, &known)));
        }
    }
    for (source, _) in &known {
        if !matches.event_name.iter().any(|name| has_event(source, name)) && found.is_empty() {
            let message = format!("none of the names in `eventName` is an event of {source}");
            found.push(wrong("unused-source", source, message, None));
        }
    }
    found
}

/// Returns an error for each event of `notWatched` that does not exist, or that is in `eventName` too.
fn lint_not_watched(policy: &Policy) -> Vec<Diagnostic> {
    let matches = &policy.matches;
    let check = |name: &String| {
        let (code, message) = if matches.event_name.contains(name) {
            ("unwatched-event", format!("`{name}` is in `eventName` and in `notWatched`"))
        } else if !matches.event_source.iter().any(|source| has_event(source, name)) {
            let message =
                format!("`notWatched` contains `{name}`, which is no event of the source");
            ("unknown-event", message)
        } else {
            return None;
        };
        let span = locate_word(policy.file_text(), "notWatched:", name);
        Some(Diagnostic::new_error(code, &policy.file, span, message))
    };
    matches.not_watched.keys().filter_map(check).collect()
}

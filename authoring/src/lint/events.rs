//! Whether AWS has the events that a policy watches.

use crate::events::{names, near_name, near_source};
use evenkeel_rules::Diagnostic;
use evenkeel_rules::policy::Policy;
use std::ops::Range;

/// What is wrong with what a policy watches.
pub(super) fn lint(policy: &Policy) -> Vec<Diagnostic> {
    let matches = &policy.matches;
    let wrong = |code, word: &str, message: String, help: Option<String>| {
        Diagnostic::error(code, &policy.file, place(policy.text(), "match:", word), message)
            .with_help(help)
    };
    let mut found = Vec::new();
    for source in &matches.event_source {
        if names(source).is_none() {
            let message = format!("AWS has no event source `{source}`");
            found.push(wrong("unknown-source", source, message, near_source(source)));
        }
    }
    let known: Vec<(&str, &[&str])> = matches
        .event_source
        .iter()
        .filter_map(|source| Some((source.as_str(), names(source)?)))
        .collect();
    if known.is_empty() {
        return found;
    }
    for name in &matches.event_name {
        if !known.iter().any(|(_, names)| names.contains(&name.as_str())) {
            let sources: Vec<&str> = known.iter().map(|(source, _)| *source).collect();
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

/// Where a word stands in a policy's file: as a whole, behind a part of the header.
pub(super) fn place(text: &str, behind: &str, word: &str) -> Range<usize> {
    let start = text.find(behind).unwrap_or_default();
    let is_part = |c: char| c.is_alphanumeric() || "._-".contains(c);
    let mut places = text.match_indices(word).filter(|(at, _)| {
        let before = text.get(..*at).and_then(|text| text.chars().next_back());
        let after = text.get(at.saturating_add(word.len())..).and_then(|text| text.chars().next());
        *at >= start && !before.is_some_and(is_part) && !after.is_some_and(is_part)
    });
    let at = places.next().map_or(start, |(at, _)| at);
    at..at.saturating_add(word.len()).min(text.len())
}

//! What another bundle changes, for people.

use evenkeel_rules::WaiverTerms;
use evenkeel_rules::bundle::Manifest;
use evenkeel_rules::policy::Mode;
use serde_json::Value;

use super::changes::{Changed, Changes, FileChange, What};
use crate::common::terminal::{BOLD, DIM, GREEN, RED, YELLOW, count, paint, safe};

/// What is new of this kind is not sent yet by the rules that a stack was deployed with.
const WATCHED: &str = "Watched from now on, where the stack sends it: see `evenkeel template`";

/// All of it; what repairs without asking comes first.
pub(super) fn shown(changes: &Changes) -> String {
    let mut out = String::new();
    if let Some(why) = &changes.broken {
        let why = safe(why);
        out += &format!("{}\n", paint(RED, &format!("the bundle that holds is broken: {why}")));
    }
    if changes.any() {
        out += &head(changes);
        out += &modes(changes);
        section(&mut out, "Files", changes.files.iter().map(file));
        section(&mut out, "Waivers", changes.waivers.iter().map(waiver));
        section(&mut out, "Settings", settings(changes));
        section(&mut out, WATCHED, changes.watched.iter().map(|one| added(one)));
        section(&mut out, "No longer watched", changes.unwatched.iter().map(|one| removed(one)));
    } else {
        out += &format!("nothing has changed: bundle {} holds\n", changes.to);
    }
    section(&mut out, "Waivers that end", endings(changes));
    out
}

fn head(changes: &Changes) -> String {
    let from = changes.from.as_deref().unwrap_or("none");
    let mut out = format!("bundle {} -> {}\n", short(from), short(&changes.to));
    let Changed { before, after } = &changes.checked_by;
    if before != after && changes.from.is_some() {
        let name = |by: &Option<String>| by.as_deref().map_or("nobody".to_owned(), safe);
        out += &format!("checked by {} -> {}\n", name(before), name(after));
    }
    out
}

/// The beginning of a version, which is enough to name it.
pub(super) fn short(version: &str) -> &str {
    version.get(..12).unwrap_or(version)
}

fn section(out: &mut String, title: &str, lines: impl Iterator<Item = String>) {
    let lines: String = lines.collect();
    if !lines.is_empty() {
        *out += &format!("\n{}\n{lines}", paint(BOLD, title));
    }
}

fn added(text: &str) -> String {
    format!("{}\n", paint(GREEN, &format!("  + {}", safe(text))))
}

fn removed(text: &str) -> String {
    format!("{}\n", paint(RED, &format!("  - {}", safe(text))))
}

fn modes(changes: &Changes) -> String {
    let mut out = String::new();
    for change in changes.modes.iter().filter(|change| change.after == Some(Mode::Auto)) {
        let line = format!(
            "REPAIRS BY ITSELF: {} goes from {} to auto",
            safe(&change.policy),
            mode(change.before)
        );
        out += &format!("\n{}\n", paint(RED, &line));
    }
    let rest = changes.modes.iter().filter(|change| change.after != Some(Mode::Auto));
    let lines = rest.map(|change| {
        let raised = if change.after > change.before { "raised" } else { "lowered" };
        let (before, after) = (mode(change.before), mode(change.after));
        format!("  {raised}  {}: {before} -> {after}\n", safe(&change.policy))
    });
    section(&mut out, "What may be done", lines);
    out
}

fn mode(mode: Option<Mode>) -> &'static str {
    match mode {
        None => "none",
        Some(Mode::Report) => "report",
        Some(Mode::Notify) => "notify",
        Some(Mode::Approve) => "approve",
        Some(Mode::Auto) => "auto",
    }
}

fn file(change: &FileChange) -> String {
    let mut out = match change.what {
        What::Added => added(&change.name),
        What::Removed => removed(&change.name),
        What::Changed => format!("{}\n", paint(YELLOW, &format!("  ~ {}", safe(&change.name)))),
    };
    for line in change.diff.iter().flat_map(|diff| diff.lines()) {
        let text = format!("      {}", safe(line));
        let painted = match line.chars().next() {
            Some('+') => paint(GREEN, &text),
            Some('-') => paint(RED, &text),
            Some('@') => paint(DIM, &text),
            _ => text,
        };
        out += &format!("{painted}\n");
    }
    out
}

fn waiver(change: &Changed<WaiverTerms>) -> String {
    let mut out = String::new();
    out += &change.before.as_ref().map(|before| removed(&terms(before))).unwrap_or_default();
    out += &change.after.as_ref().map(|after| added(&terms(after))).unwrap_or_default();
    out
}

/// What a waiver covers. Its reason is for its readers, not for whoever reads a build's log.
fn terms(terms: &WaiverTerms) -> String {
    let WaiverTerms { id, policies, resource, when, accounts, expires } = terms;
    let mut out = format!("{id}, until {expires}: {}", policies.join(", "));
    if let Some(resource) = resource {
        out += &format!("; resource {resource}");
    }
    if let Some(when) = when {
        out += &format!("; when {when}");
    }
    if !accounts.is_empty() {
        out += &format!("; accounts {}", accounts.join(", "));
    }
    out
}

fn settings(changes: &Changes) -> impl Iterator<Item = String> {
    changes.settings.iter().map(|setting| {
        let value = |value: &Option<Value>| {
            value.as_ref().map_or("nothing".to_owned(), |value| safe(&value.to_string()))
        };
        let (before, after) = (value(&setting.before), value(&setting.after));
        let (policy, parameter) = (safe(&setting.policy), safe(&setting.parameter));
        format!("  {policy}.{parameter}: {before} -> {after}\n")
    })
}

fn endings(changes: &Changes) -> impl Iterator<Item = String> {
    changes.ending.iter().map(|one| {
        let how = if one.ended { "has ended on" } else { "ends after" };
        let line = format!("  {} {how} {}", safe(&one.waiver), safe(&one.expires));
        format!("{}\n", paint(YELLOW, &line))
    })
}

/// A line about a bundle that held.
pub(super) fn listed(version: &str, manifest: &Manifest, live: bool) -> String {
    let by = manifest.checked_by.as_deref().map_or("nobody".to_owned(), safe);
    let files = count(manifest.files.len(), "file", "files");
    let mark = if live { "holds" } else { "" };
    format!("{}  {mark:5}  {files}, checked by {by}\n", short(version))
}

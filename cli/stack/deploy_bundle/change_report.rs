//! Renders the changes between two bundles as readable text.

use evenkeel_rules::WaiverTerms;
use evenkeel_rules::bundle::BundleManifest;
use evenkeel_rules::policy::RemediationMode;
use serde_json::Value;

use super::changes::{BundleChanges, FileChange, FileChangeKind, ValueChange};
use crate::common::terminal::{
    BOLD, DIM, GREEN, RED, YELLOW, escape_terminal, format_count, style_text,
};

/// The title of the events that only the next bundle matches. The rules of a deployed stack do not
/// send these events until the templates of the stack are rendered and deployed again.
const WATCHED_TITLE: &str =
    "Newly matched, received after an update of the stack (`evenkeel template`)";

/// Renders all changes. The policies whose mode changes to `auto` come first.
pub(super) fn render_changes(changes: &BundleChanges) -> String {
    let mut out = String::new();
    if let Some(why) = &changes.broken {
        let why = escape_terminal(why);
        out += &format!("{}\n", style_text(RED, &format!("the active bundle is broken: {why}")));
    }
    if changes.has_changes() {
        out += &render_header(changes);
        out += &render_modes(changes);
        append_section(&mut out, "Files", changes.files.iter().map(render_file));
        append_section(&mut out, "Waivers", changes.waivers.iter().map(render_waiver));
        append_section(&mut out, "Settings", render_settings(changes));
        append_section(
            &mut out,
            WATCHED_TITLE,
            changes.watched.iter().map(|one| render_added(one)),
        );
        append_section(
            &mut out,
            "No longer matched",
            changes.unwatched.iter().map(|one| render_removed(one)),
        );
    } else {
        out += &format!("nothing has changed: bundle {} is active\n", changes.to);
    }
    append_section(&mut out, "Ended and ending waivers", render_endings(changes));
    out
}

/// Renders the versions of both bundles, and the program versions that checked them.
fn render_header(changes: &BundleChanges) -> String {
    let from = changes.from.as_deref().unwrap_or("none");
    let mut out = format!("bundle {} -> {}\n", short_version(from), short_version(&changes.to));
    let ValueChange { before, after } = &changes.checked_by;
    if before != after && changes.from.is_some() {
        let name = |by: &Option<String>| by.as_deref().map_or("none".to_owned(), escape_terminal);
        out += &format!("checked by {} -> {}\n", name(before), name(after));
    }
    out
}

/// Returns the first characters of a version, which identify the bundle.
pub(super) fn short_version(version: &str) -> &str {
    version.get(..12).unwrap_or(version)
}

/// Appends a section with a title, unless it has no lines.
fn append_section(out: &mut String, title: &str, lines: impl Iterator<Item = String>) {
    let lines: String = lines.collect();
    if !lines.is_empty() {
        *out += &format!("\n{}\n{lines}", style_text(BOLD, title));
    }
}

/// Renders an added line.
fn render_added(text: &str) -> String {
    format!("{}\n", style_text(GREEN, &format!("  + {}", escape_terminal(text))))
}

/// Renders a removed line.
fn render_removed(text: &str) -> String {
    format!("{}\n", style_text(RED, &format!("  - {}", escape_terminal(text))))
}

/// Renders the changed modes of remediations.
fn render_modes(changes: &BundleChanges) -> String {
    let mut out = String::new();
    for change in changes.modes.iter().filter(|change| change.after == Some(RemediationMode::Auto))
    {
        let line = format!(
            "REMEDIATES AUTOMATICALLY: {} changes from {} to auto",
            escape_terminal(&change.policy),
            mode_name(change.before)
        );
        out += &format!("\n{}\n", style_text(RED, &line));
    }
    let rest = changes.modes.iter().filter(|change| change.after != Some(RemediationMode::Auto));
    let lines = rest.map(|change| {
        let raised = if change.after > change.before { "raised" } else { "lowered" };
        let (before, after) = (mode_name(change.before), mode_name(change.after));
        format!("  {raised}  {}: {before} -> {after}\n", escape_terminal(&change.policy))
    });
    append_section(&mut out, "Modes of remediations", lines);
    out
}

/// Returns the name of a mode, or `none`.
fn mode_name(mode: Option<RemediationMode>) -> &'static str {
    mode.map_or("none", RemediationMode::as_str)
}

/// Renders a changed file with its differences.
fn render_file(change: &FileChange) -> String {
    let mut out = match change.what {
        FileChangeKind::Added => render_added(&change.name),
        FileChangeKind::Removed => render_removed(&change.name),
        FileChangeKind::Changed => {
            format!("{}\n", style_text(YELLOW, &format!("  ~ {}", escape_terminal(&change.name))))
        }
    };
    for line in change.diff.iter().flat_map(|diff| diff.lines()) {
        let text = format!("      {}", escape_terminal(line));
        let painted = match line.chars().next() {
            Some('+') => style_text(GREEN, &text),
            Some('-') => style_text(RED, &text),
            Some('@') => style_text(DIM, &text),
            _ => text,
        };
        out += &format!("{painted}\n");
    }
    out
}

/// Renders a changed waiver.
fn render_waiver(change: &ValueChange<WaiverTerms>) -> String {
    let mut out = String::new();
    out += &change
        .before
        .as_ref()
        .map(|before| render_removed(&describe_terms(before)))
        .unwrap_or_default();
    out += &change
        .after
        .as_ref()
        .map(|after| render_added(&describe_terms(after)))
        .unwrap_or_default();
    out
}

/// Describes the scope of a waiver. The result does not contain the reason of the waiver, because
/// people who cannot read the waivers may read the build log.
fn describe_terms(terms: &WaiverTerms) -> String {
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

/// Renders the changed settings.
fn render_settings(changes: &BundleChanges) -> impl Iterator<Item = String> {
    changes.settings.iter().map(|setting| {
        let value = |value: &Option<Value>| {
            value.as_ref().map_or("none".to_owned(), |value| escape_terminal(&value.to_string()))
        };
        let (before, after) = (value(&setting.before), value(&setting.after));
        let (policy, parameter) =
            (escape_terminal(&setting.policy), escape_terminal(&setting.parameter));
        format!("  {policy}.{parameter}: {before} -> {after}\n")
    })
}

/// Renders the waivers that have ended, or that end within 14 days.
fn render_endings(changes: &BundleChanges) -> impl Iterator<Item = String> {
    changes.ending.iter().map(|one| {
        let how = if one.ended { "ended on" } else { "ends on" };
        let line =
            format!("  {} {how} {}", escape_terminal(&one.waiver), escape_terminal(&one.expires));
        format!("{}\n", style_text(YELLOW, &line))
    })
}

/// Renders a line of the history of bundles.
pub(super) fn render_history_line(version: &str, manifest: &BundleManifest, live: bool) -> String {
    let by = manifest.checked_by.as_deref().map_or("none".to_owned(), escape_terminal);
    let files = format_count(manifest.files.len(), "file", "files");
    let mark = if live { "active" } else { "" };
    format!("{}  {mark:6}  {files}, checked by {by}\n", short_version(version))
}

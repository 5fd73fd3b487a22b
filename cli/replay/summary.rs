//! The sums of a replay for people.

use super::arguments::SeverityArgument;
use super::finding_text::severity_style;
use super::totals::{ReplayTotals, StatusCounts};
use crate::common::terminal::{BOLD, DIM, GREEN, RED, YELLOW, escape_terminal, style_text};
use evenkeel_rules::policy::{PolicySet, Severity};
use std::collections::BTreeMap;

/// How many of the busiest principals are listed.
const MAX_LISTED: usize = 10;

/// The sums of a replay.
pub(super) fn render_summary(
    sums: &ReplayTotals,
    set: &PolicySet,
    fail_on: Option<SeverityArgument>,
) -> String {
    let mut out = render_headline(sums);
    out += &render_insufficient_data(sums, fail_on);
    out += &render_policies(sums, set);
    out += &render_counts("By account", &sums.accounts, usize::MAX);
    out += &render_counts("By principal", &sums.principals, MAX_LISTED);
    out += &render_counts("Not enough data", &sums.insufficient, MAX_LISTED);
    out += &render_record_counts(sums);
    out += &render_conflicts(sums);
    out + &render_issues(sums)
}

fn render_title(text: &str) -> String {
    format!("\n{}\n", style_text(BOLD, text))
}

fn render_headline(sums: &ReplayTotals) -> String {
    let total: u64 = sums.severities.values().fold(0, |sum, count| sum.saturating_add(*count));
    let mut parts: Vec<String> = sums
        .severities
        .iter()
        .rev()
        .map(|(severity, count)| {
            style_text(severity_style(*severity), &format!("{count} {severity}"))
        })
        .collect();
    if total == 0 && sums.insufficient_count() == 0 {
        parts.push(style_text(GREEN, "nothing found"));
    } else if total == 0 {
        let unknown = format!("nothing found, {} without enough data", sums.insufficient_count());
        parts.push(style_text(YELLOW, &unknown));
    }
    if sums.suppressed > 0 {
        parts.push(style_text(DIM, &format!("{} suppressed by waivers", sums.suppressed)));
    }
    format!("{}  {total}  {}\n", render_title("Findings").trim_end(), parts.join(", "))
}

/// That data is missing where a violation would fail the run: it fails, too.
fn render_insufficient_data(sums: &ReplayTotals, fail_on: Option<SeverityArgument>) -> String {
    let Some(least) = fail_on else { return String::new() };
    let count = sums.insufficient_count_from(least);
    if count == 0 {
        return String::new();
    }
    let least = Severity::from(least);
    let line = format!(
        "{count} of severity {least} or above could not be evaluated for want of data: --fail-on counts them"
    );
    format!("{}\n", style_text(YELLOW, &line))
}

fn render_policies(sums: &ReplayTotals, set: &PolicySet) -> String {
    let shown = |statuses: &StatusCounts| {
        [statuses.non_compliant, statuses.insufficient_data, statuses.error].iter().any(|n| *n > 0)
    };
    let mut rows: Vec<_> = sums.policies.iter().filter(|(_, statuses)| shown(statuses)).collect();
    rows.sort_by_key(|(number, statuses)| (std::cmp::Reverse(statuses.non_compliant), *number));
    if rows.is_empty() {
        return String::new();
    }
    let mut out = render_title("By policy");
    for (number, statuses) in rows {
        let Some(policy) = set.policies().get(*number) else { continue };
        let severity = format!("{:<13}", policy.severity.to_string());
        let severity = style_text(severity_style(policy.severity), &severity);
        out += &format!("  {:>8}  {severity}  {}", statuses.non_compliant, policy.id);
        if statuses.insufficient_data > 0 {
            out += &style_text(
                YELLOW,
                &format!("  {} without enough data", statuses.insufficient_data),
            );
        }
        if statuses.error > 0 {
            out += &style_text(RED, &format!("  {} could not be evaluated", statuses.error));
        }
        out.push('\n');
    }
    out
}

fn render_counts(name: &str, counts: &BTreeMap<String, u64>, most: usize) -> String {
    if counts.is_empty() {
        return String::new();
    }
    let mut rows: Vec<_> = counts.iter().collect();
    rows.sort_by_key(|(name, count)| (std::cmp::Reverse(**count), *name));
    let mut out = render_title(name);
    for (name, count) in rows.iter().take(most) {
        let name = if name.is_empty() { "(none)".to_owned() } else { escape_terminal(name) };
        out += &format!("  {count:>8}  {name}\n");
    }
    if let Some(more) = rows.len().checked_sub(most).filter(|more| *more > 0) {
        out += &format!("  {:>8}  {}\n", "", style_text(DIM, &format!("and {more} more")));
    }
    out
}

/// What was read: the parts add up to the records.
fn render_record_counts(sums: &ReplayTotals) -> String {
    let mut out = render_title("Read");
    let mut row = |count: u64, what: &str| out += &format!("  {count:>8}  {what}\n");
    row(sums.files, "files");
    row(sums.record_count(), "records, of which");
    row(sums.judged, "  judged by some policy");
    if sums.conflicting > 0 {
        row(sums.conflicting, "    of which under an eventID seen before, with other content");
    }
    row(sums.unwatched, "  of events that no policy watches");
    for (count, what) in [
        (sums.duplicates, "  seen before (same eventID)"),
        (sums.filtered, "  outside --since, --until, --account or --region"),
        (sums.bad, "  not readable"),
    ] {
        if count > 0 {
            row(count, what);
        }
    }
    for (kind, count) in &sums.skipped {
        row(*count, &format!("  skipped: {}", escape_terminal(kind)));
    }
    if sums.ignored_files > 0 {
        row(sums.ignored_files, "files ignored, which do not look like logs");
    }
    out
}

/// Events that say something else than an earlier one of the same id: CloudTrail makes no such thing.
fn render_conflicts(sums: &ReplayTotals) -> String {
    if sums.conflicting == 0 {
        return String::new();
    }
    let name = format!("Same eventID, other content  {}", sums.conflicting);
    let mut out = format!("\n{}\n", style_text(YELLOW, &name));
    for (file, number) in &sums.conflicts {
        out += &format!("  {}, record {number}\n", escape_terminal(file));
    }
    let shown = u64::try_from(sums.conflicts.len()).unwrap_or(u64::MAX);
    if let Some(more) = sums.conflicting.checked_sub(shown).filter(|more| *more > 0) {
        out += &style_text(DIM, &format!("  and {more} more\n"));
    }
    out
}

fn render_issues(sums: &ReplayTotals) -> String {
    if sums.trouble_count == 0 {
        return String::new();
    }
    let mut out = format!("\n{}\n", style_text(RED, &format!("Problems  {}", sums.trouble_count)));
    for trouble in sums.file_issues.iter().chain(&sums.record_issues) {
        let record = trouble.record.map_or_else(String::new, |n| format!(", record {n}"));
        out += &format!(
            "  {}{record}: {}\n",
            escape_terminal(&trouble.file),
            escape_terminal(&trouble.what)
        );
    }
    let shown = sums.file_issues.len().saturating_add(sums.record_issues.len());
    let shown = u64::try_from(shown).unwrap_or(u64::MAX);
    if let Some(more) = sums.trouble_count.checked_sub(shown).filter(|more| *more > 0) {
        out += &style_text(DIM, &format!("  and {more} more\n"));
    }
    out
}

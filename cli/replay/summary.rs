//! Renders the totals of a replay as readable text.

use super::arguments::SeverityArgument;
use super::finding_text::severity_style;
use super::totals::{ReplayTotals, StatusCounts};
use crate::common::terminal::{BOLD, DIM, GREEN, RED, YELLOW, escape_terminal, style_text};
use evenkeel_rules::policy::{PolicySet, Severity};
use std::collections::BTreeMap;

/// The maximum number of rows in a list of principals or of reasons.
const MAX_LISTED: usize = 10;

/// Renders the summary of a replay.
pub(super) fn render_summary(
    totals: &ReplayTotals,
    set: &PolicySet,
    fail_on: Option<SeverityArgument>,
) -> String {
    let mut out = render_headline(totals);
    out += &render_insufficient_data(totals, fail_on);
    out += &render_policies(totals, set);
    out += &render_counts("By account", &totals.accounts, usize::MAX);
    out += &render_counts("By principal", &totals.principals, MAX_LISTED);
    out += &render_counts("Insufficient data", &totals.insufficient, MAX_LISTED);
    out += &render_record_counts(totals);
    out += &render_conflicts(totals);
    out + &render_issues(totals)
}

fn render_title(text: &str) -> String {
    format!("\n{}\n", style_text(BOLD, text))
}

/// Renders the number of findings by severity.
fn render_headline(totals: &ReplayTotals) -> String {
    let total: u64 = totals.severities.values().fold(0, |sum, count| sum.saturating_add(*count));
    let mut parts: Vec<String> = totals
        .severities
        .iter()
        .rev()
        .map(|(severity, count)| {
            style_text(severity_style(*severity), &format!("{count} {severity}"))
        })
        .collect();
    if total == 0 && totals.readable_count() == 0 {
        // A replay that read no record must not look like a replay without violations.
        parts.push(style_text(RED, "no record was read"));
    } else if total == 0 && totals.insufficient_count() == 0 && totals.trouble_count > 0 {
        parts.push(style_text(YELLOW, "no violations in the readable records; see Problems"));
    } else if total == 0 && totals.insufficient_count() == 0 {
        parts.push(style_text(GREEN, "no violations"));
    } else if total == 0 {
        let count = totals.insufficient_count();
        let unknown = format!("no violations, {count} with insufficient data");
        parts.push(style_text(YELLOW, &unknown));
    }
    if total > 0 && totals.insufficient_count() > 0 {
        let unknown = format!("{} with insufficient data", totals.insufficient_count());
        parts.push(style_text(YELLOW, &unknown));
    }
    if totals.attached > 0 {
        parts.push(style_text(DIM, &format!("{} attached to these", totals.attached)));
    }
    if totals.waived > 0 {
        parts.push(style_text(DIM, &format!("{} waived", totals.waived)));
    }
    format!("{}  {total}  {}\n", render_title("Findings").trim_end(), parts.join(", "))
}

/// Renders the number of evaluations without enough data that `--fail-on` counts.
fn render_insufficient_data(totals: &ReplayTotals, fail_on: Option<SeverityArgument>) -> String {
    let Some(least) = fail_on else { return String::new() };
    let count = totals.insufficient_count_from(least);
    if count == 0 {
        return String::new();
    }
    let least = Severity::from(least);
    let line =
        format!("insufficient data at severity {least} or above: {count}; --fail-on counts them");
    format!("{}\n", style_text(YELLOW, &line))
}

/// Renders the policies with violations, insufficient data or errors.
fn render_policies(totals: &ReplayTotals, set: &PolicySet) -> String {
    let shown = |statuses: &StatusCounts| {
        [statuses.non_compliant, statuses.insufficient_data, statuses.error].iter().any(|n| *n > 0)
    };
    let mut rows: Vec<_> = totals.policies.iter().filter(|(_, statuses)| shown(statuses)).collect();
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
                &format!("  {} with insufficient data", statuses.insufficient_data),
            );
        }
        if statuses.error > 0 {
            out += &style_text(RED, &format!("  {} failed evaluations", statuses.error));
        }
        out.push('\n');
    }
    out
}

/// Renders the rows with the highest counts, at most `most` rows.
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

/// Renders the counts of files and records. The counts of the parts add up to all records.
fn render_record_counts(totals: &ReplayTotals) -> String {
    let mut out = render_title("Read");
    let mut row = |count: u64, what: &str| out += &format!("  {count:>8}  {what}\n");
    row(totals.files, "files");
    row(totals.record_count(), "records, of which");
    row(totals.evaluated, "  evaluated by at least one policy");
    if totals.conflicting > 0 {
        row(
            totals.conflicting,
            "    of which with the eventID of an earlier record, but different content",
        );
    }
    row(totals.unwatched, "  not matched by any selected policy");
    for (count, what) in [
        (totals.duplicates, "  duplicates (same eventID and content)"),
        (totals.filtered, "  outside --since, --until, --account or --region"),
        (totals.bad, "  not readable"),
    ] {
        if count > 0 {
            row(count, what);
        }
    }
    for (kind, count) in &totals.skipped {
        row(*count, &format!("  skipped: {}", escape_terminal(kind)));
    }
    if totals.ignored_files > 0 {
        row(totals.ignored_files, "files ignored (not log files)");
    }
    out
}

/// Renders the records that have the `eventID` of an earlier record, but other content. CloudTrail
/// does not write such records.
fn render_conflicts(totals: &ReplayTotals) -> String {
    if totals.conflicting == 0 {
        return String::new();
    }
    let name = format!("Same eventID, different content  {}", totals.conflicting);
    let mut out = format!("\n{}\n", style_text(YELLOW, &name));
    for (file, number) in &totals.conflicts {
        out += &format!("  {}, record {number}\n", escape_terminal(file));
    }
    let shown = u64::try_from(totals.conflicts.len()).unwrap_or(u64::MAX);
    if let Some(more) = totals.conflicting.checked_sub(shown).filter(|more| *more > 0) {
        out += &style_text(DIM, &format!("  and {more} more\n"));
    }
    out
}

/// Renders the files and records that could not be read or evaluated.
fn render_issues(totals: &ReplayTotals) -> String {
    if totals.trouble_count == 0 {
        return String::new();
    }
    let mut out =
        format!("\n{}\n", style_text(RED, &format!("Problems  {}", totals.trouble_count)));
    for issue in totals.file_issues.iter().chain(&totals.record_issues) {
        let record = issue.record.map_or_else(String::new, |n| format!(", record {n}"));
        out += &format!(
            "  {}{record}: {}\n",
            escape_terminal(&issue.file),
            escape_terminal(&issue.what)
        );
    }
    let shown = totals.file_issues.len().saturating_add(totals.record_issues.len());
    let shown = u64::try_from(shown).unwrap_or(u64::MAX);
    if let Some(more) = totals.trouble_count.checked_sub(shown).filter(|more| *more > 0) {
        out += &style_text(DIM, &format!("  and {more} more\n"));
    }
    out
}

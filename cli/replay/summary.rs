//! The sums of a replay for people.

use super::arguments::Level;
use super::finding::style;
use super::sums::{Statuses, Sums};
use crate::common::terminal::{BOLD, DIM, GREEN, RED, YELLOW, paint, safe};
use evenkeel_rules::policy::{PolicySet, Severity};
use std::collections::BTreeMap;

/// How many of the busiest principals are listed.
const PRINCIPALS: usize = 10;

/// The sums of a replay.
pub(super) fn text(sums: &Sums, set: &PolicySet, fail_on: Option<Level>) -> String {
    let mut out = headline(sums);
    out += &unknown(sums, fail_on);
    out += &policies(sums, set);
    out += &list("By account", &sums.accounts, usize::MAX);
    out += &list("By principal", &sums.principals, PRINCIPALS);
    out += &list("Not enough data", &sums.insufficient, PRINCIPALS);
    out += &read(sums);
    out += &conflicts(sums);
    out + &troubles(sums)
}

fn title(text: &str) -> String {
    format!("\n{}\n", paint(BOLD, text))
}

fn headline(sums: &Sums) -> String {
    let total: u64 = sums.severities.values().fold(0, |sum, count| sum.saturating_add(*count));
    let mut parts: Vec<String> = sums
        .severities
        .iter()
        .rev()
        .map(|(severity, count)| paint(style(*severity), &format!("{count} {severity}")))
        .collect();
    if total == 0 && sums.unknown() == 0 {
        parts.push(paint(GREEN, "nothing found"));
    } else if total == 0 {
        let unknown = format!("nothing found, {} without enough data", sums.unknown());
        parts.push(paint(YELLOW, &unknown));
    }
    if sums.suppressed > 0 {
        parts.push(paint(DIM, &format!("{} suppressed by waivers", sums.suppressed)));
    }
    format!("{}  {total}  {}\n", title("Findings").trim_end(), parts.join(", "))
}

/// That data is missing where a violation would fail the run: it fails, too.
fn unknown(sums: &Sums, fail_on: Option<Level>) -> String {
    let Some(least) = fail_on else { return String::new() };
    let count = sums.unknown_from(least);
    if count == 0 {
        return String::new();
    }
    let least = Severity::from(least);
    let line = format!(
        "{count} of severity {least} or above could not be evaluated for want of data: --fail-on counts them"
    );
    format!("{}\n", paint(YELLOW, &line))
}

fn policies(sums: &Sums, set: &PolicySet) -> String {
    let shown = |statuses: &Statuses| {
        [statuses.non_compliant, statuses.insufficient_data, statuses.error].iter().any(|n| *n > 0)
    };
    let mut rows: Vec<_> = sums.policies.iter().filter(|(_, statuses)| shown(statuses)).collect();
    rows.sort_by_key(|(number, statuses)| (std::cmp::Reverse(statuses.non_compliant), *number));
    if rows.is_empty() {
        return String::new();
    }
    let mut out = title("By policy");
    for (number, statuses) in rows {
        let Some(policy) = set.policies().get(*number) else { continue };
        let severity = format!("{:<13}", policy.severity.to_string());
        let severity = paint(style(policy.severity), &severity);
        out += &format!("  {:>8}  {severity}  {}", statuses.non_compliant, policy.id);
        if statuses.insufficient_data > 0 {
            out += &paint(YELLOW, &format!("  {} without enough data", statuses.insufficient_data));
        }
        if statuses.error > 0 {
            out += &paint(RED, &format!("  {} could not be evaluated", statuses.error));
        }
        out.push('\n');
    }
    out
}

fn list(name: &str, counts: &BTreeMap<String, u64>, most: usize) -> String {
    if counts.is_empty() {
        return String::new();
    }
    let mut rows: Vec<_> = counts.iter().collect();
    rows.sort_by_key(|(name, count)| (std::cmp::Reverse(**count), *name));
    let mut out = title(name);
    for (name, count) in rows.iter().take(most) {
        let name = if name.is_empty() { "(none)".to_owned() } else { safe(name) };
        out += &format!("  {count:>8}  {name}\n");
    }
    if let Some(more) = rows.len().checked_sub(most).filter(|more| *more > 0) {
        out += &format!("  {:>8}  {}\n", "", paint(DIM, &format!("and {more} more")));
    }
    out
}

/// What was read: the parts add up to the records.
fn read(sums: &Sums) -> String {
    let mut out = title("Read");
    let mut row = |count: u64, what: &str| out += &format!("  {count:>8}  {what}\n");
    row(sums.files, "files");
    row(sums.records(), "records, of which");
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
        row(*count, &format!("  skipped: {}", safe(kind)));
    }
    if sums.ignored_files > 0 {
        row(sums.ignored_files, "files ignored, which do not look like logs");
    }
    out
}

/// Events that say something else than an earlier one of the same id: CloudTrail makes no such thing.
fn conflicts(sums: &Sums) -> String {
    if sums.conflicting == 0 {
        return String::new();
    }
    let name = format!("Same eventID, other content  {}", sums.conflicting);
    let mut out = format!("\n{}\n", paint(YELLOW, &name));
    for (file, number) in &sums.conflicts {
        out += &format!("  {}, record {number}\n", safe(file));
    }
    let shown = u64::try_from(sums.conflicts.len()).unwrap_or(u64::MAX);
    if let Some(more) = sums.conflicting.checked_sub(shown).filter(|more| *more > 0) {
        out += &paint(DIM, &format!("  and {more} more\n"));
    }
    out
}

fn troubles(sums: &Sums) -> String {
    if sums.trouble_count == 0 {
        return String::new();
    }
    let mut out = format!("\n{}\n", paint(RED, &format!("Problems  {}", sums.trouble_count)));
    for trouble in sums.causes.iter().chain(&sums.troubles) {
        let record = trouble.record.map_or_else(String::new, |n| format!(", record {n}"));
        out += &format!("  {}{record}: {}\n", safe(&trouble.file), safe(&trouble.what));
    }
    let shown = sums.causes.len().saturating_add(sums.troubles.len());
    let shown = u64::try_from(shown).unwrap_or(u64::MAX);
    if let Some(more) = sums.trouble_count.checked_sub(shown).filter(|more| *more > 0) {
        out += &paint(DIM, &format!("  and {more} more\n"));
    }
    out
}

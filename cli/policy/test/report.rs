//! Renders the outcomes of test cases as text, JSON, and JUnit XML.

use super::CaseOutcome;
use crate::common::terminal::{BOLD, DIM, GREEN, RED, escape_terminal, format_count, style_text};
use evenkeel_rules::{escape_json, is_deceptive};
use serde_json::{Value, json};
use similar::{ChangeTag, TextDiff};

/// Renders the failed cases with their differences, and the totals, as readable text.
pub(crate) fn render_text(outcomes: &[CaseOutcome], policies: usize) -> String {
    let mut out = String::new();
    for outcome in outcomes.iter().filter(|outcome| !outcome.differences.is_empty()) {
        let place = format!("{}:{}", escape_terminal(&outcome.file), outcome.line);
        let name = style_text(BOLD, &escape_terminal(&outcome.name));
        out += &format!("{} {name} {}\n", style_text(RED, "FAIL"), style_text(DIM, &place));
        for difference in &outcome.differences {
            out += &format!("  {}\n", difference.aspect);
            out += &render_difference(&difference.expected, &difference.actual);
        }
    }
    let failed = outcomes.iter().filter(|outcome| !outcome.differences.is_empty()).count();
    let passed = outcomes.len().saturating_sub(failed);
    let result = if failed == 0 {
        style_text(GREEN, &format!("{passed} passed"))
    } else {
        format!("{passed} passed, {}", style_text(RED, &format!("{failed} failed")))
    };
    let policies = format_count(policies, "policy", "policies");
    let cases = format_count(outcomes.len(), "case", "cases");
    out += &format!("{policies}, {cases}: {result}\n");
    out
}

/// Renders the line differences between an expected and an actual text.
fn render_difference(expected: &str, actual: &str) -> String {
    let mut out = String::new();
    for change in TextDiff::from_lines(expected, actual).iter_all_changes() {
        let line = escape_terminal(change.value().trim_end_matches('\n'));
        out += &match change.tag() {
            ChangeTag::Delete => {
                format!("    {}\n", style_text(GREEN, &format!("expected  {line}")))
            }
            ChangeTag::Insert => format!("    {}\n", style_text(RED, &format!("actual    {line}"))),
            ChangeTag::Equal => format!("              {line}\n"),
        };
    }
    out
}

/// Renders the outcomes as one JSON document.
pub(super) fn render_json(outcomes: &[CaseOutcome]) -> String {
    render_json_with_mutants(outcomes, None)
}

/// Renders the outcomes as one JSON document, with the results of `--mutate`.
pub(super) fn render_json_with_mutants(outcomes: &[CaseOutcome], mutants: Option<Value>) -> String {
    let case = |outcome: &CaseOutcome| {
        let differences = outcome.differences.iter().map(|difference| {
            json!({
                "what": difference.aspect,
                "expected": difference.expected,
                "actual": difference.actual,
            })
        });
        json!({
            "policy": outcome.policy,
            "case": outcome.name,
            "file": outcome.file,
            "line": outcome.line,
            "passed": outcome.differences.is_empty(),
            "differences": differences.collect::<Vec<_>>(),
        })
    };
    let failed = outcomes.iter().filter(|outcome| !outcome.differences.is_empty()).count();
    let mut document = json!({
        "passed": outcomes.len().saturating_sub(failed),
        "failed": failed,
        "cases": outcomes.iter().map(case).collect::<Vec<_>>(),
    });
    if let Some((mutants, document)) = mutants.zip(document.as_object_mut()) {
        document.insert("mutants".to_owned(), mutants);
    }
    escape_json(format!("{document:#}\n"))
}

/// Renders the outcomes as JUnit XML, with a test suite for each policy.
pub(super) fn render_junit(outcomes: &[CaseOutcome]) -> String {
    let failed = |outcome: &&CaseOutcome| !outcome.differences.is_empty();
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let failures = outcomes.iter().filter(failed).count();
    out += &format!("<testsuites tests=\"{}\" failures=\"{failures}\">\n", outcomes.len());
    for suite in outcomes.chunk_by(|a, b| a.policy == b.policy) {
        let name = suite.first().map_or("", |outcome| outcome.policy.as_str());
        let failures = suite.iter().filter(failed).count();
        out += &format!(
            "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{failures}\">\n",
            escape_xml(name),
            suite.len()
        );
        for outcome in suite {
            out += &render_junit_case(outcome);
        }
        out += "  </testsuite>\n";
    }
    out + "</testsuites>\n"
}

/// Renders one case as JUnit XML.
fn render_junit_case(outcome: &CaseOutcome) -> String {
    let mut out = format!(
        "    <testcase name=\"{}\" classname=\"{}\" file=\"{}\" line=\"{}\"",
        escape_xml(&outcome.name),
        escape_xml(&outcome.policy),
        escape_xml(&outcome.file),
        outcome.line
    );
    if outcome.differences.is_empty() {
        return out + "/>\n";
    }
    out += ">\n";
    for difference in &outcome.differences {
        let (what, expected) = (difference.aspect, escape_xml(&difference.expected));
        out += &format!("      <failure message=\"{what} differs\">expected: {expected}\n");
        out += &format!("actual: {}</failure>\n", escape_xml(&difference.actual));
    }
    out + "    </testcase>\n"
}

/// Escapes a text for XML. Characters that XML 1.0 does not allow are replaced.
fn escape_xml(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' | '\t' => out += &format!("&#{};", u32::from(c)),
            c if is_deceptive(c) && !c.is_control() => out += &format!("&#{};", u32::from(c)),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

//! What came of the cases, for people and for programs.

use super::Outcome;
use crate::common::terminal::{BOLD, DIM, GREEN, RED, count, paint, safe};
use evenkeel_rules::{escape_json, is_deceptive};
use serde_json::{Value, json};
use similar::{ChangeTag, TextDiff};

/// For people: failures with their differences, then the sums.
pub(crate) fn text(outcomes: &[Outcome], policies: usize) -> String {
    let mut out = String::new();
    for outcome in outcomes.iter().filter(|outcome| !outcome.differences.is_empty()) {
        let place = format!("{}:{}", safe(&outcome.file), outcome.line);
        let name = paint(BOLD, &safe(&outcome.name));
        out += &format!("{} {name} {}\n", paint(RED, "FAIL"), paint(DIM, &place));
        for difference in &outcome.differences {
            out += &format!("  {}\n", difference.what);
            out += &diff(&difference.expected, &difference.actual);
        }
    }
    let failed = outcomes.iter().filter(|outcome| !outcome.differences.is_empty()).count();
    let passed = outcomes.len().saturating_sub(failed);
    let verdict = if failed == 0 {
        paint(GREEN, &format!("{passed} passed"))
    } else {
        format!("{passed} passed, {}", paint(RED, &format!("{failed} failed")))
    };
    let policies = count(policies, "policy", "policies");
    let cases = count(outcomes.len(), "case", "cases");
    out += &format!("{policies}, {cases}: {verdict}\n");
    out
}

/// The lines expected and not there, and those there and not expected.
fn diff(expected: &str, actual: &str) -> String {
    let mut out = String::new();
    for change in TextDiff::from_lines(expected, actual).iter_all_changes() {
        let line = safe(change.value().trim_end_matches('\n'));
        out += &match change.tag() {
            ChangeTag::Delete => format!("    {}\n", paint(GREEN, &format!("expected  {line}"))),
            ChangeTag::Insert => format!("    {}\n", paint(RED, &format!("actual    {line}"))),
            ChangeTag::Equal => format!("              {line}\n"),
        };
    }
    out
}

/// One JSON document.
pub(super) fn json(outcomes: &[Outcome]) -> String {
    document(outcomes, None)
}

/// One JSON document, with what came of changes of the policies.
pub(super) fn document(outcomes: &[Outcome], mutants: Option<Value>) -> String {
    let case = |outcome: &Outcome| {
        let differences = outcome.differences.iter().map(|difference| {
            json!({
                "what": difference.what,
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

/// JUnit's XML: a suite for each policy.
pub(super) fn junit(outcomes: &[Outcome]) -> String {
    let failed = |outcome: &&Outcome| !outcome.differences.is_empty();
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let failures = outcomes.iter().filter(failed).count();
    out += &format!("<testsuites tests=\"{}\" failures=\"{failures}\">\n", outcomes.len());
    for suite in outcomes.chunk_by(|a, b| a.policy == b.policy) {
        let name = suite.first().map_or("", |outcome| outcome.policy.as_str());
        let failures = suite.iter().filter(failed).count();
        out += &format!(
            "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{failures}\">\n",
            xml(name),
            suite.len()
        );
        for outcome in suite {
            out += &test_case(outcome);
        }
        out += "  </testsuite>\n";
    }
    out + "</testsuites>\n"
}

fn test_case(outcome: &Outcome) -> String {
    let mut out = format!(
        "    <testcase name=\"{}\" classname=\"{}\" file=\"{}\" line=\"{}\"",
        xml(&outcome.name),
        xml(&outcome.policy),
        xml(&outcome.file),
        outcome.line
    );
    if outcome.differences.is_empty() {
        return out + "/>\n";
    }
    out += ">\n";
    for difference in &outcome.differences {
        let (what, expected) = (difference.what, xml(&difference.expected));
        out += &format!("      <failure message=\"{what} differs\">expected: {expected}\n");
        out += &format!("actual: {}</failure>\n", xml(&difference.actual));
    }
    out + "    </testcase>\n"
}

/// Text for XML: what XML 1.0 cannot hold is replaced.
fn xml(text: &str) -> String {
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

//! Renders diagnostics as text, JSON, SARIF, and commands of GitHub Actions.

use super::coverage::CoverageTotals;
use crate::common::diagnostics::FileTexts;
use crate::common::terminal::{
    BOLD, GREEN, RED, YELLOW, escape_terminal, format_count, print_stderr, style_text,
};
use evenkeel_authoring::check::{CODES, DiagnosticCode};
use evenkeel_rules::{Diagnostic, DiagnosticLevel, escape_json, is_deceptive, line_and_column};
use serde_json::{Value, json};

/// Prints the last line of the readable output: the counts and the coverage.
pub(super) fn print_summary(
    policies: usize,
    errors: usize,
    warnings: usize,
    reached: Option<CoverageTotals>,
) {
    let policies = style_text(BOLD, &format_count(policies, "policy", "policies"));
    let mut found = Vec::new();
    if errors > 0 {
        found.push(style_text(RED, &format_count(errors, "error", "errors")));
    }
    if warnings > 0 {
        found.push(style_text(YELLOW, &format_count(warnings, "warning", "warnings")));
    }
    if found.is_empty() {
        found.push(style_text(GREEN, "no problems"));
    }
    if let Some(percent) = reached.and_then(CoverageTotals::covered_percent) {
        found.push(format!("cases cover {percent:.1} % of conditions and events"));
    }
    if let Some(untested) = reached.map(|reached| reached.untested).filter(|untested| *untested > 0)
    {
        found.push(format!("{untested} without cases"));
    }
    print_stderr(&format!("{policies}, {}\n", found.join(", ")));
}

/// The place of a diagnostic: lines and columns, counted from 1.
struct DiagnosticRange {
    line: usize,
    column: usize,
    end_line: usize,
    end_column: usize,
}

/// Returns the lines and columns of a diagnostic.
fn locate_diagnostic(one: &Diagnostic, texts: &FileTexts) -> DiagnosticRange {
    let text = texts.get(&one.file).map(String::as_str).unwrap_or_default();
    let at = |byte: usize| line_and_column(text, byte);
    let ((line, column), (end_line, end_column)) = (at(one.span.start), at(one.span.end));
    DiagnosticRange { line, column, end_line, end_column }
}

/// Returns the name of a diagnostic's level in the formats for programs.
fn level_name(one: &Diagnostic) -> &'static str {
    match one.level {
        DiagnosticLevel::Error => "error",
        DiagnosticLevel::Warning => "warning",
    }
}

/// Renders the diagnostics and the coverage as one JSON document.
pub(super) fn render_json(
    wrong: &[Diagnostic],
    texts: &FileTexts,
    reached: Option<CoverageTotals>,
) -> String {
    let one = |one: &Diagnostic| -> Value {
        let place = locate_diagnostic(one, texts);
        json!({
            "code": one.code,
            "level": level_name(one),
            "file": one.file,
            "line": place.line,
            "column": place.column,
            "endLine": place.end_line,
            "endColumn": place.end_column,
            "message": one.message,
            "help": one.help,
        })
    };
    let findings: Vec<Value> = wrong.iter().map(one).collect();
    let coverage = reached.and_then(CoverageTotals::covered_percent);
    escape_json(format!("{:#}\n", json!({"findings": findings, "coveragePercent": coverage})))
}

/// Renders the diagnostics as SARIF 2.1.0.
///
/// Source: OASIS, "Static Analysis Results Interchange Format (SARIF) Version 2.1.0".
pub(super) fn render_sarif(wrong: &[Diagnostic], texts: &FileTexts) -> String {
    let rule = |code: &DiagnosticCode| -> Value {
        json!({
            "id": code.id,
            "shortDescription": {"text": code.title},
            "fullDescription": {"text": code.explanation},
        })
    };
    let result = |one: &Diagnostic| -> Value {
        let place = locate_diagnostic(one, texts);
        let message = match &one.help {
            Some(help) => format!("{}: {help}", one.message),
            None => one.message.clone(),
        };
        json!({
            "ruleId": one.code,
            "level": level_name(one),
            "message": {"text": message},
            "locations": [{"physicalLocation": {
                "artifactLocation": {"uri": one.file},
                "region": {
                    "startLine": place.line,
                    "startColumn": place.column,
                    "endLine": place.end_line,
                    "endColumn": place.end_column,
                },
            }}],
        })
    };
    let driver = json!({
        "name": "evenkeel",
        "version": env!("CARGO_PKG_VERSION"),
        "rules": CODES.iter().map(rule).collect::<Vec<_>>(),
    });
    let run = json!({
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": wrong.iter().map(result).collect::<Vec<_>>(),
    });
    let document = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [run],
    });
    escape_json(format!("{document:#}\n"))
}

/// Renders the diagnostics as workflow commands of GitHub Actions.
///
/// Source: GitHub Docs, "Workflow commands for GitHub Actions".
pub(super) fn render_github_commands(wrong: &[Diagnostic], texts: &FileTexts) -> String {
    let mut out = String::new();
    for one in wrong {
        let place = locate_diagnostic(one, texts);
        let help = one.help.as_ref().map_or(String::new(), |help| format!(": {help}"));
        out += &format!(
            "::{} file={},line={},endLine={},col={},endColumn={},title={}::{}\n",
            level_name(one),
            escape_command_property(&one.file),
            place.line,
            place.end_line,
            place.column,
            place.end_column,
            one.code,
            escape_command_data(&format!("{}{help}", one.message)),
        );
    }
    out
}

/// Escapes the message of a workflow command.
fn escape_command_data(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '%' => out += "%25",
            '\r' => out += "%0D",
            '\n' => out += "%0A",
            c if is_deceptive(c) => out += &escape_terminal(&c.to_string()),
            c => out.push(c),
        }
    }
    out
}

/// Escapes a property of a workflow command, such as the file name.
fn escape_command_property(text: &str) -> String {
    escape_command_data(text).replace(':', "%3A").replace(',', "%2C")
}

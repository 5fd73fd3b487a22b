//! What is wrong with policies, for people and for programs.

use super::coverage::Reached;
use crate::common::diagnostics::Texts;
use crate::common::terminal::{BOLD, GREEN, RED, YELLOW, count, note, paint, safe};
use evenkeel_authoring::check::{CODES, Code};
use evenkeel_rules::{Diagnostic, Level, escape_json, is_deceptive, line_and_column};
use serde_json::{Value, json};

/// The last line for people.
pub(super) fn summary(policies: usize, errors: usize, warnings: usize, reached: Option<Reached>) {
    let policies = paint(BOLD, &count(policies, "policy", "policies"));
    let mut found = Vec::new();
    if errors > 0 {
        found.push(paint(RED, &count(errors, "error", "errors")));
    }
    if warnings > 0 {
        found.push(paint(YELLOW, &count(warnings, "warning", "warnings")));
    }
    if found.is_empty() {
        found.push(paint(GREEN, "nothing wrong"));
    }
    if let Some(percent) = reached.and_then(Reached::percent) {
        found.push(format!("cases reach {percent:.1} % of conditions and events"));
    }
    if let Some(untested) = reached.map(|reached| reached.untested).filter(|untested| *untested > 0)
    {
        found.push(format!("{untested} without cases"));
    }
    note(&format!("{policies}, {}\n", found.join(", ")));
}

/// Where something begins and ends: lines and columns, counted from 1.
struct Place {
    line: usize,
    column: usize,
    end_line: usize,
    end_column: usize,
}

fn place(one: &Diagnostic, texts: &Texts) -> Place {
    let text = texts.get(&one.file).map(String::as_str).unwrap_or_default();
    let at = |byte: usize| line_and_column(text, byte);
    let ((line, column), (end_line, end_column)) = (at(one.span.start), at(one.span.end));
    Place { line, column, end_line, end_column }
}

fn level(one: &Diagnostic) -> &'static str {
    match one.level {
        Level::Error => "error",
        Level::Warning => "warning",
    }
}

/// One JSON document.
pub(super) fn json(wrong: &[Diagnostic], texts: &Texts, reached: Option<Reached>) -> String {
    let one = |one: &Diagnostic| -> Value {
        let place = place(one, texts);
        json!({
            "code": one.code,
            "level": level(one),
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
    let coverage = reached.and_then(Reached::percent);
    escape_json(format!("{:#}\n", json!({"findings": findings, "coveragePercent": coverage})))
}

/// SARIF 2.1.0. Source: OASIS, "Static Analysis Results Interchange Format (SARIF) Version 2.1.0".
pub(super) fn sarif(wrong: &[Diagnostic], texts: &Texts) -> String {
    let rule = |code: &Code| -> Value {
        json!({
            "id": code.id,
            "shortDescription": {"text": code.title},
            "fullDescription": {"text": code.text},
        })
    };
    let result = |one: &Diagnostic| -> Value {
        let place = place(one, texts);
        let message = match &one.help {
            Some(help) => format!("{}: {help}", one.message),
            None => one.message.clone(),
        };
        json!({
            "ruleId": one.code,
            "level": level(one),
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

/// Workflow commands of GitHub Actions. Source: GitHub Docs, "Workflow commands for GitHub Actions".
pub(super) fn github(wrong: &[Diagnostic], texts: &Texts) -> String {
    let mut out = String::new();
    for one in wrong {
        let place = place(one, texts);
        let help = one.help.as_ref().map_or(String::new(), |help| format!(": {help}"));
        out += &format!(
            "::{} file={},line={},endLine={},col={},endColumn={},title={}::{}\n",
            level(one),
            property(&one.file),
            place.line,
            place.end_line,
            place.column,
            place.end_column,
            one.code,
            data(&format!("{}{help}", one.message)),
        );
    }
    out
}

/// Text that a workflow command does not take for its own end.
fn data(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '%' => out += "%25",
            '\r' => out += "%0D",
            '\n' => out += "%0A",
            c if is_deceptive(c) => out += &safe(&c.to_string()),
            c => out.push(c),
        }
    }
    out
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

//! Renders the description of a policy as readable text.

use super::wrap_text;
use crate::common::library::PolicyLibrary;
use crate::common::terminal::{BOLD, DIM, escape_terminal, format_count, style_text};
use evenkeel_rules::policy::{ExpressionRole, OutcomeMatch, Policy};
use evenkeel_rules::{ComplianceStatus, read_cases};

/// Renders the header of a policy and its expressions.
pub(super) fn render_policy(policy: &Policy, library: &PolicyLibrary) -> String {
    let mut out =
        format!("{}  {}\n", style_text(BOLD, &escape_terminal(&policy.id)), policy.severity);
    out += &format!("{}\n\n{}\n\n", escape_terminal(&policy.title), wrap_text(&policy.description));
    let mut row = |name: &str, value: String| {
        if !value.is_empty() {
            out += &format!("{}  {value}\n", style_text(DIM, &format!("{name:<10}")));
        }
    };
    row("matches", describe_matches(policy));
    row("resource", escape_terminal(&policy.resource_type));
    row(
        "remediator",
        policy.remediation.as_ref().map_or(String::new(), |one| {
            format!("{} ({:?})", escape_terminal(&one.run), one.mode).to_lowercase()
        }),
    );
    for (name, value) in policy.remediation.iter().flat_map(|one| one.patch.iter().flatten()) {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        row("patch", format!("{} = {}", escape_terminal(name), escape_terminal(&value)));
    }
    for (name, parameter) in &policy.parameters {
        let default = policy.settings.get(name).unwrap_or(&parameter.default);
        row(
            "parameter",
            format!(
                "{} = {}  {}",
                escape_terminal(name),
                escape_terminal(&default.to_string()),
                escape_terminal(&parameter.description)
            ),
        );
    }
    for (name, controls) in [("control", &policy.controls), ("implements", &policy.implements)] {
        for (framework, ids) in controls {
            row(
                name,
                format!("{} {}", escape_terminal(framework), escape_terminal(&ids.join(", "))),
            );
        }
    }
    row("cases", summarize_cases(policy, library));
    for reference in &policy.references {
        row("reference", escape_terminal(reference));
    }
    for expression in policy.list_expressions() {
        match expression.role {
            ExpressionRole::Variable(name) => {
                row(&escape_terminal(name), indent_expression(expression.text));
            }
            ExpressionRole::Body => row("violation", indent_expression(expression.text)),
            _ => {}
        }
    }
    out
}

/// Describes the events and resource types that the policy matches.
fn describe_matches(policy: &Policy) -> String {
    let matches = &policy.matches;
    let calls = match matches.outcome {
        OutcomeMatch::Success => "successful calls",
        OutcomeMatch::Failure => "failed calls",
        OutcomeMatch::Any => "successful and failed calls",
    };
    let mut parts = Vec::new();
    if !matches.event_name.is_empty() {
        let any = |is_any, what: &str, values: &[String]| {
            if is_any { format!("every {what}") } else { values.join(", ") }
        };
        let names = any(matches.matches_any_name(), "event", &matches.event_name);
        let sources = any(matches.matches_any_source(), "source", &matches.event_source);
        let callers = match matches.identity_type.as_slice() {
            [] => String::new(),
            types => format!(" by callers of type {}", types.join(", ")),
        };
        parts.push(format!("{names} of {sources}{callers} ({calls})"));
    }
    if !matches.resource_type.is_empty() {
        parts.push(format!("configuration of {}", matches.resource_type.join(", ")));
    }
    escape_terminal(&parts.join("; "))
}

/// Returns the number of cases, and how many of them expect a violation.
fn summarize_cases(policy: &Policy, library: &PolicyLibrary) -> String {
    let test = library.find_test_file(&policy.file);
    let read = test.and_then(|test| read_cases(&test.name, &test.text, policy).ok());
    let Some(cases) = read else { return "none".to_owned() };
    let violations =
        cases.iter().filter(|case| case.expect == ComplianceStatus::NonCompliant).count();
    format!("{}, {violations} of them NON_COMPLIANT", format_count(cases.len(), "case", "cases"))
}

/// Aligns the lines of an expression below each other, without comment lines.
fn indent_expression(text: &str) -> String {
    let lines = text.trim().lines().filter(|line| !line.trim_start().starts_with("//"));
    lines.map(|line| escape_terminal(line.trim_end())).collect::<Vec<_>>().join("\n            ")
}

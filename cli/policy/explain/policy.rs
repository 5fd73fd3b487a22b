//! What a policy is, for people.

use super::filled;
use crate::common::library::Library;
use crate::common::terminal::{BOLD, DIM, count, paint, safe};
use evenkeel_rules::policy::{OutcomeMatch, Policy, Role};
use evenkeel_rules::{ComplianceStatus, read_cases};

/// The policy's header in words, and its expressions.
pub(super) fn text(policy: &Policy, library: &Library) -> String {
    let mut out = format!("{}  {}\n", paint(BOLD, &safe(&policy.id)), policy.severity);
    out += &format!("{}\n\n{}\n\n", safe(&policy.title), filled(&policy.description));
    let mut row = |name: &str, value: String| {
        if !value.is_empty() {
            out += &format!("{}  {value}\n", paint(DIM, &format!("{name:<10}")));
        }
    };
    row("looks at", looks_at(policy));
    row("of", safe(&policy.resource_type));
    row(
        "repaired",
        policy.remediation.as_ref().map_or(String::new(), |one| {
            format!("{} ({:?})", safe(&one.run), one.mode).to_lowercase()
        }),
    );
    for (name, value) in policy.remediation.iter().flat_map(|one| one.patch.iter().flatten()) {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        row("sets", format!("{} = {}", safe(name), safe(&value)));
    }
    for (name, parameter) in &policy.parameters {
        let default = policy.settings.get(name).unwrap_or(&parameter.default);
        row(
            "parameter",
            format!(
                "{} = {}  {}",
                safe(name),
                safe(&default.to_string()),
                safe(&parameter.description)
            ),
        );
    }
    for (framework, controls) in &policy.controls {
        row("control", format!("{} {}", safe(framework), safe(&controls.join(", "))));
    }
    row("cases", cases(policy, library));
    for reference in &policy.references {
        row("read", safe(reference));
    }
    for written in policy.expressions() {
        match written.role {
            Role::Variable(name) => row(&safe(name), indented(written.text)),
            Role::Body => row("finds", indented(written.text)),
            _ => {}
        }
    }
    out
}

fn looks_at(policy: &Policy) -> String {
    let matches = &policy.matches;
    let calls = match matches.outcome {
        OutcomeMatch::Success => "calls that succeeded",
        OutcomeMatch::Failure => "calls that failed",
        OutcomeMatch::Any => "calls, failed ones too",
    };
    let mut parts = Vec::new();
    if !matches.event_name.is_empty() {
        parts.push(format!(
            "{} of {} ({calls})",
            matches.event_name.join(", "),
            matches.event_source.join(", ")
        ));
    }
    if !matches.resource_type.is_empty() {
        parts.push(format!("configuration of {}", matches.resource_type.join(", ")));
    }
    safe(&parts.join("; "))
}

fn cases(policy: &Policy, library: &Library) -> String {
    let test = library.test_of(&policy.file);
    let read = test.and_then(|test| read_cases(&test.name, &test.text, policy).ok());
    let Some(cases) = read else { return "none".to_owned() };
    let wrong = cases.iter().filter(|case| case.expect == ComplianceStatus::NonCompliant).count();
    format!("{}, {wrong} of them NON_COMPLIANT", count(cases.len(), "case", "cases"))
}

/// An expression whose lines stand below each other.
fn indented(text: &str) -> String {
    let lines = text.trim().lines().filter(|line| !line.trim_start().starts_with("//"));
    lines.map(|line| safe(line.trim_end())).collect::<Vec<_>>().join("\n            ")
}

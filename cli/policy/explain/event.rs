//! Why a policy finds an event wrong, or not: its parts with their values, and what would turn it round.

use crate::common::exit::Stopped;
use crate::common::terminal::{BOLD, DIM, GREEN, RED, YELLOW, paint, safe};
use evenkeel_authoring::counterfactual::{Change, flips};
use evenkeel_authoring::coverage::{ExpressionPart, Observations, WatchedPolicy};
use evenkeel_rules::policy::Policy;
use evenkeel_rules::{Case, ComplianceStatus, Evaluation};
use serde_json::Value;

/// The longest value shown, in characters.
const SHOWN: usize = 72;

/// How many rounds of a loop are shown.
const ROUNDS: usize = 4;

/// What the policy says of it, and why.
pub(super) fn text(policy: &Policy, case: &Case) -> Result<String, Stopped> {
    let watched = WatchedPolicy::new(policy);
    let (said, sights) = watched.watch(|policy| case.evaluate(policy));
    let said = said.map_err(|error| Stopped::Usage(error.to_string()))?;
    let mut out = verdict(policy, case, &said);
    if said.status == ComplianceStatus::NotApplicable {
        return Ok(out);
    }
    out.push('\n');
    for part in watched.parts() {
        out += &shown(part, &sights, &watched, policy, 0);
    }
    if matches!(said.status, ComplianceStatus::Compliant | ComplianceStatus::NonCompliant) {
        out += &turned(&flips(policy, case), said.status);
    }
    Ok(out)
}

fn verdict(policy: &Policy, case: &Case, said: &Evaluation) -> String {
    let style = match said.status {
        ComplianceStatus::Compliant => GREEN,
        ComplianceStatus::NonCompliant | ComplianceStatus::Error => RED,
        _ => YELLOW,
    };
    let why = if said.status == ComplianceStatus::NotApplicable {
        why_not(policy, case)
    } else {
        safe(&said.message)
    };
    let mut out = format!(
        "{}  {}  {why}\n",
        paint(style, &said.status.to_string()),
        paint(BOLD, &safe(&policy.id))
    );
    if !said.resource.id.is_empty() {
        out += &format!(
            "{}\n",
            paint(DIM, &safe(&format!("{} {}", said.resource.kind, said.resource.id)))
        );
    }
    out
}

/// Why a policy does not look at an event.
fn why_not(policy: &Policy, case: &Case) -> String {
    let matches = &policy.matches;
    let Some(record) = case.record() else {
        let kind = case.item().map_or("", |item| item.kind.as_str());
        return safe(&format!("looks at {}, and this is {kind}", matches.resource_type.join(", ")));
    };
    let text = |name: &str| record.get(name).and_then(Value::as_str).unwrap_or_default();
    let (source, name) = (text("eventSource"), text("eventName"));
    safe(&if matches.wants(source, name) {
        let call = if text("errorCode").is_empty() { "succeeded" } else { "failed" };
        format!("looks at calls of another outcome, and this one {call}")
    } else {
        let (names, sources) = (matches.event_name.join(", "), matches.event_source.join(", "));
        format!("looks at {names} of {sources}, and this is {name} of {source}")
    })
}

/// A part of the policy with its value, and its own parts below.
fn shown(
    part: &ExpressionPart,
    sights: &Observations,
    watched: &WatchedPolicy<'_>,
    policy: &Policy,
    depth: usize,
) -> String {
    let mut values = sights.of(part);
    // A variable is evaluated wherever it stands.
    values.dedup();
    let text = policy.text().get(watched.span(part)).unwrap_or_default();
    let text = text
        .lines()
        .map(|line| line.trim().trim_start_matches("//").trim())
        .collect::<Vec<_>>()
        .join(" ");
    let name = part.name.as_ref().map_or(String::new(), |name| format!("{} = ", safe(name)));
    let mut some: Vec<String> =
        values.iter().take(ROUNDS).map(|value| cut(&value.to_string())).collect();
    if values.len() > ROUNDS {
        some.push(format!("… {} more", values.len().saturating_sub(ROUNDS)));
    }
    if values.is_empty() {
        let line = format!("{}{name}{}", "  ".repeat(depth), safe(&cut(&text)));
        if !part.parts.iter().any(|part| reached(part, sights)) {
            return format!("  {}\n", paint(DIM, &format!("{line}  (not reached)")));
        }
        // It failed: the values of its parts tell why, and nothing else does.
        let mut out = format!("  {}\n", paint(RED, &format!("{line}  (failed)")));
        for part in &part.parts {
            out += &shown(part, sights, watched, policy, depth.saturating_add(1));
        }
        return out;
    }
    let value = some.join(" | ");
    let value = match values.as_slice() {
        [Value::Bool(true)] => paint(GREEN, &value),
        [Value::Bool(false)] => paint(RED, &value),
        _ => safe(&value),
    };
    let mut out = format!(
        "  {}{name}{}  {} {value}\n",
        "  ".repeat(depth),
        safe(&cut(&text)),
        paint(DIM, "→")
    );
    for part in &part.parts {
        out += &shown(part, sights, watched, policy, depth.saturating_add(1));
    }
    out
}

/// Whether a part, or a part of it, had a value.
fn reached(part: &ExpressionPart, sights: &Observations) -> bool {
    !sights.of(part).is_empty() || part.parts.iter().any(|part| reached(part, sights))
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((at, _)) => format!("{}…", text.get(..at).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// The changes that turn the policy round.
fn turned(changes: &[Change], status: ComplianceStatus) -> String {
    let other = if status == ComplianceStatus::Compliant { "NON_COMPLIANT" } else { "COMPLIANT" };
    if changes.is_empty() {
        return format!("\nNo single change of the event that was tried makes it {other}.\n");
    }
    let mut out = format!("\nIt would be {other}\n");
    for change in changes {
        let value =
            change.value.as_ref().map_or("absent".to_owned(), |value| cut(&value.to_string()));
        out += &format!("  if {} were {}\n", paint(BOLD, &safe(&change.path)), safe(&value));
    }
    out
}

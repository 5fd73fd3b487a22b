//! Why a policy finds an event wrong, or not: its parts with their values, and what would turn it round.

use crate::common::exit::CommandError;
use crate::common::terminal::{BOLD, DIM, GREEN, RED, YELLOW, escape_terminal, style_text};
use evenkeel_authoring::counterfactual::{RecordChange, find_counterfactuals};
use evenkeel_authoring::coverage::{ExpressionPart, PartObservations, WatchedPolicy};
use evenkeel_rules::policy::Policy;
use evenkeel_rules::{ComplianceStatus, Evaluation, PolicyCase};
use serde_json::Value;

/// The longest value shown, in characters.
const MAX_VALUE_CHARACTERS: usize = 72;

/// How many rounds of a loop are shown.
const MAX_LOOP_ROUNDS: usize = 4;

/// What the policy says of it, and why.
pub(super) fn render_explanation(
    policy: &Policy,
    case: &PolicyCase,
) -> Result<String, CommandError> {
    let watched = WatchedPolicy::new(policy);
    let (said, sights) = watched.run_watched(|policy| case.evaluate_policy(policy));
    let said = said.map_err(|error| CommandError::Usage(error.to_string()))?;
    let mut out = render_status(policy, case, &said);
    if said.status == ComplianceStatus::NotApplicable {
        return Ok(out);
    }
    out.push('\n');
    for part in watched.body_parts() {
        out += &render_part(part, &sights, &watched, policy, 0);
    }
    if matches!(said.status, ComplianceStatus::Compliant | ComplianceStatus::NonCompliant) {
        out += &render_counterfactuals(&find_counterfactuals(policy, case), said.status);
    }
    Ok(out)
}

fn render_status(policy: &Policy, case: &PolicyCase, said: &Evaluation) -> String {
    let style = match said.status {
        ComplianceStatus::Compliant => GREEN,
        ComplianceStatus::NonCompliant | ComplianceStatus::Error => RED,
        _ => YELLOW,
    };
    let why = if said.status == ComplianceStatus::NotApplicable {
        explain_not_applicable(policy, case)
    } else {
        escape_terminal(&said.message)
    };
    let mut out = format!(
        "{}  {}  {why}\n",
        style_text(style, &said.status.to_string()),
        style_text(BOLD, &escape_terminal(&policy.id))
    );
    if !said.resource.id.is_empty() {
        out += &format!(
            "{}\n",
            style_text(
                DIM,
                &escape_terminal(&format!("{} {}", said.resource.kind, said.resource.id))
            )
        );
    }
    out
}

/// Why a policy does not look at an event.
fn explain_not_applicable(policy: &Policy, case: &PolicyCase) -> String {
    let matches = &policy.matches;
    let Some(record) = case.event_record() else {
        let kind = case.configuration_item().map_or("", |item| item.kind.as_str());
        return escape_terminal(&format!(
            "looks at {}, and this is {kind}",
            matches.resource_type.join(", ")
        ));
    };
    let text = |name: &str| record.get(name).and_then(Value::as_str).unwrap_or_default();
    let (source, name) = (text("eventSource"), text("eventName"));
    escape_terminal(&if matches.matches_event(source, name) {
        let call = if text("errorCode").is_empty() { "succeeded" } else { "failed" };
        format!("looks at calls of another outcome, and this one {call}")
    } else {
        let (names, sources) = (matches.event_name.join(", "), matches.event_source.join(", "));
        format!("looks at {names} of {sources}, and this is {name} of {source}")
    })
}

/// A part of the policy with its value, and its own parts below.
fn render_part(
    part: &ExpressionPart,
    sights: &PartObservations,
    watched: &WatchedPolicy<'_>,
    policy: &Policy,
    depth: usize,
) -> String {
    let mut values = sights.part_values(part);
    // A variable is evaluated wherever it stands.
    values.dedup();
    let text = policy.file_text().get(watched.part_span(part)).unwrap_or_default();
    let text = text
        .lines()
        .map(|line| line.trim().trim_start_matches("//").trim())
        .collect::<Vec<_>>()
        .join(" ");
    let name =
        part.name.as_ref().map_or(String::new(), |name| format!("{} = ", escape_terminal(name)));
    let mut some: Vec<String> = values
        .iter()
        .take(MAX_LOOP_ROUNDS)
        .map(|value| truncate_text(&value.to_string()))
        .collect();
    if values.len() > MAX_LOOP_ROUNDS {
        some.push(format!("… {} more", values.len().saturating_sub(MAX_LOOP_ROUNDS)));
    }
    if values.is_empty() {
        let line =
            format!("{}{name}{}", "  ".repeat(depth), escape_terminal(&truncate_text(&text)));
        if !part.parts.iter().any(|part| is_reached(part, sights)) {
            return format!("  {}\n", style_text(DIM, &format!("{line}  (not reached)")));
        }
        // It failed: the values of its parts tell why, and nothing else does.
        let mut out = format!("  {}\n", style_text(RED, &format!("{line}  (failed)")));
        for part in &part.parts {
            out += &render_part(part, sights, watched, policy, depth.saturating_add(1));
        }
        return out;
    }
    let value = some.join(" | ");
    let value = match values.as_slice() {
        [Value::Bool(true)] => style_text(GREEN, &value),
        [Value::Bool(false)] => style_text(RED, &value),
        _ => escape_terminal(&value),
    };
    let mut out = format!(
        "  {}{name}{}  {} {value}\n",
        "  ".repeat(depth),
        escape_terminal(&truncate_text(&text)),
        style_text(DIM, "→")
    );
    for part in &part.parts {
        out += &render_part(part, sights, watched, policy, depth.saturating_add(1));
    }
    out
}

/// Whether a part, or a part of it, had a value.
fn is_reached(part: &ExpressionPart, sights: &PartObservations) -> bool {
    !sights.part_values(part).is_empty() || part.parts.iter().any(|part| is_reached(part, sights))
}

fn truncate_text(text: &str) -> String {
    match text.char_indices().nth(MAX_VALUE_CHARACTERS) {
        Some((at, _)) => format!("{}…", text.get(..at).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// The changes that turn the policy round.
fn render_counterfactuals(changes: &[RecordChange], status: ComplianceStatus) -> String {
    let other = if status == ComplianceStatus::Compliant { "NON_COMPLIANT" } else { "COMPLIANT" };
    if changes.is_empty() {
        return format!("\nNo single change of the event that was tried makes it {other}.\n");
    }
    let mut out = format!("\nIt would be {other}\n");
    for change in changes {
        let value = change
            .value
            .as_ref()
            .map_or("absent".to_owned(), |value| truncate_text(&value.to_string()));
        out += &format!(
            "  if {} were {}\n",
            style_text(BOLD, &escape_terminal(&change.path)),
            escape_terminal(&value)
        );
    }
    out
}

//! Explains an evaluation: the parts of the policy with their values, and changes that would change
//! the result.

use crate::common::exit::CommandError;
use crate::common::terminal::{BOLD, DIM, GREEN, RED, YELLOW, escape_terminal, style_text};
use evenkeel_authoring::counterfactual::{RecordChange, find_counterfactuals};
use evenkeel_authoring::coverage::{ExpressionPart, PartObservations, WatchedPolicy};
use evenkeel_rules::policy::Policy;
use evenkeel_rules::{ComplianceStatus, Evaluation, PolicyCase, most_serious_evaluation};
use serde_json::Value;

/// The maximum length of a printed value, in characters.
const MAX_VALUE_CHARACTERS: usize = 72;

/// The maximum number of printed values of an expression in a loop.
const MAX_LOOP_ROUNDS: usize = 4;

/// Evaluates the case, and renders the result with its explanation.
///
/// # Errors
/// [`CommandError::Usage`] if the event of the case is invalid.
pub(super) fn render_explanation(
    policy: &Policy,
    case: &PolicyCase,
) -> Result<String, CommandError> {
    let watched = WatchedPolicy::new(policy);
    let (evaluations, observations) = watched.run_watched(|policy| case.evaluate_policy(policy));
    let evaluations = evaluations.map_err(|error| CommandError::Usage(error.to_string()))?;
    let status = most_serious_evaluation(&evaluations)
        .map_or(ComplianceStatus::NotApplicable, |evaluation| evaluation.status);
    let mut out = String::new();
    for evaluation in &evaluations {
        out += &render_status(policy, case, evaluation);
    }
    if status == ComplianceStatus::NotApplicable {
        return Ok(out);
    }
    out.push('\n');
    let is_decided = matches!(status, ComplianceStatus::Compliant | ComplianceStatus::NonCompliant);
    let tree = PartTree { observations: &observations, watched: &watched, policy, is_decided };
    for part in watched.body_parts() {
        out += &tree.render_part(part, 0);
    }
    if is_decided {
        out += &render_counterfactuals(&find_counterfactuals(policy, case), status);
    }
    Ok(out)
}

/// Renders the status, the policy, the message and the resource.
fn render_status(policy: &Policy, case: &PolicyCase, evaluation: &Evaluation) -> String {
    let style = match evaluation.status {
        ComplianceStatus::Compliant => GREEN,
        ComplianceStatus::NonCompliant | ComplianceStatus::Error => RED,
        _ => YELLOW,
    };
    let why = if evaluation.status == ComplianceStatus::NotApplicable {
        explain_not_applicable(policy, case)
    } else {
        escape_terminal(&evaluation.message)
    };
    let mut out = format!(
        "{}  {}  {why}\n",
        style_text(style, &evaluation.status.to_string()),
        style_text(BOLD, &escape_terminal(&policy.id))
    );
    let resource = &evaluation.resource;
    if !resource.id.is_empty() {
        let text = escape_terminal(&format!("{} {}", resource.kind, resource.id));
        out += &format!("{}\n", style_text(DIM, &text));
    }
    out
}

/// Returns the reason why the policy does not match the event.
fn explain_not_applicable(policy: &Policy, case: &PolicyCase) -> String {
    let matches = &policy.matches;
    let Some(record) = case.event_record() else {
        let kind = case.configuration_item().map_or("", |item| item.kind.as_str());
        return escape_terminal(&format!(
            "the policy matches {}; this item is of type {kind}",
            matches.resource_type.join(", ")
        ));
    };
    let text = |name: &str| record.get(name).and_then(Value::as_str).unwrap_or_default();
    let (source, name) = (text("eventSource"), text("eventName"));
    escape_terminal(&if matches.matches_event(source, name) {
        let call = if text("errorCode").is_empty() { "succeeded" } else { "failed" };
        format!("the policy matches calls with another outcome; this call {call}")
    } else {
        let (names, sources) = (matches.event_name.join(", "), matches.event_source.join(", "));
        format!("the policy matches {names} of {sources}; this event is {name} of {source}")
    })
}

/// The parts of a policy, with the values that an evaluation gave them.
struct PartTree<'t> {
    observations: &'t PartObservations,
    watched: &'t WatchedPolicy<'t>,
    policy: &'t Policy,
    /// True if the result is compliant or non-compliant.
    is_decided: bool,
}

impl PartTree<'_> {
    /// Renders a part of the policy with its values, followed by the parts below it.
    fn render_part(&self, part: &ExpressionPart, depth: usize) -> String {
        let (observations, policy) = (self.observations, self.policy);
        let mut values = observations.part_values(part);
        // A variable is evaluated at each of its uses, so its value can occur several times.
        values.dedup();
        let text = policy.file_text().get(self.watched.part_span(part)).unwrap_or_default();
        let text = text
            .lines()
            .map(|line| line.trim().trim_start_matches("//").trim())
            .collect::<Vec<_>>()
            .join(" ");
        let name = part
            .name
            .as_ref()
            .map_or(String::new(), |name| format!("{} = ", escape_terminal(name)));
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
            // A result that is decided does not depend on a part without a value.
            if self.is_decided || !part.parts.iter().any(|part| is_reached(part, observations)) {
                return format!("  {}\n", style_text(DIM, &format!("{line}  (not reached)")));
            }
            // The part failed: only the values of the parts below it show the cause.
            let mut out = format!("  {}\n", style_text(RED, &format!("{line}  (failed)")));
            for part in &part.parts {
                out += &self.render_part(part, depth.saturating_add(1));
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
            out += &self.render_part(part, depth.saturating_add(1));
        }
        out
    }
}

/// Returns whether a part, or a part below it, was evaluated.
fn is_reached(part: &ExpressionPart, observations: &PartObservations) -> bool {
    !observations.part_values(part).is_empty()
        || part.parts.iter().any(|part| is_reached(part, observations))
}

/// Truncates a text to the maximum length of a printed value.
fn truncate_text(text: &str) -> String {
    match text.char_indices().nth(MAX_VALUE_CHARACTERS) {
        Some((at, _)) => format!("{}…", text.get(..at).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// Renders the changes of the event that change the result.
fn render_counterfactuals(changes: &[RecordChange], status: ComplianceStatus) -> String {
    let other = if status == ComplianceStatus::Compliant { "NON_COMPLIANT" } else { "COMPLIANT" };
    if changes.is_empty() {
        return format!("\nNo tried change of one field makes the result {other}.\n");
    }
    let mut out = format!("\nThe result would be {other}\n");
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

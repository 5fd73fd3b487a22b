//! Renders one finding as readable text.

use crate::common::terminal::{BOLD, DIM, RED, YELLOW, escape_terminal, style_text};
use anstyle::Style;
use evenkeel_rules::policy::Severity;
use evenkeel_rules::{ComplianceStatus, Finding};

/// Returns the style of a severity.
pub(super) fn severity_style(severity: Severity) -> Style {
    match severity {
        Severity::Critical | Severity::High => RED,
        Severity::Medium => YELLOW,
        Severity::Low | Severity::Informational => BOLD,
    }
}

/// Renders a finding: severity, policy, time, place, message and actor.
///
/// Returns an empty text for `INSUFFICIENT_DATA`, because the summary counts these findings, and for
/// a finding that is attached to another one, whose text lists it.
pub(super) fn render_finding(finding: &Finding) -> String {
    if finding.attached_to.is_some() {
        return String::new();
    }
    let label = match finding.status {
        ComplianceStatus::InsufficientData => return String::new(),
        ComplianceStatus::Error => style_text(RED, &format!("{:<13}", "ERROR")),
        _ if finding.waived.is_some() => style_text(DIM, &format!("{:<13}", "WAIVED")),
        _ => style_text(
            severity_style(finding.severity),
            &format!("{:<13}", finding.severity.to_string()),
        ),
    };
    let (action, actor, resource) = (&finding.action, &finding.actor, &finding.resource);
    let place = format!("{}  {} {}", action.event_time, resource.account, resource.region);
    let mut who = format!("{} by {}", action.event_name, actor.principal);
    if !actor.source_address.is_empty() {
        who = format!("{who} from {}", actor.source_address);
    }
    let mut out =
        format!("{label} {}  {}\n", style_text(BOLD, &finding.policy), escape_terminal(&place));
    out += &format!(
        "    {}\n    {}\n",
        escape_terminal(&finding.message),
        style_text(DIM, &escape_terminal(&who))
    );
    if !finding.attached.is_empty() {
        let attached: Vec<String> =
            finding.attached.iter().map(|one| format!("{} {}", one.severity, one.policy)).collect();
        let text = format!("also {}", attached.join(", "));
        out += &format!("    {}\n", style_text(DIM, &escape_terminal(&text)));
    }
    if let Some(waiver) = &finding.waived {
        let waiver = format!("waiver {}: {}", waiver.waiver, waiver.reason);
        out += &format!("    {}\n", style_text(DIM, &escape_terminal(&waiver)));
    }
    out
}

//! One finding for people: what, where, who, when.

use crate::common::terminal::{BOLD, DIM, RED, YELLOW, escape_terminal, style_text};
use anstyle::Style;
use evenkeel_rules::policy::Severity;
use evenkeel_rules::{ComplianceStatus, Finding};

/// How a severity looks.
pub(super) fn severity_style(severity: Severity) -> Style {
    match severity {
        Severity::Critical | Severity::High => RED,
        Severity::Medium => YELLOW,
        Severity::Low | Severity::Informational => BOLD,
    }
}

/// One finding: what, where, who, when. Empty where the policy only lacked data, which is summed up.
pub(super) fn render_finding(finding: &Finding) -> String {
    let label = match finding.status {
        ComplianceStatus::InsufficientData => return String::new(),
        ComplianceStatus::Error => style_text(RED, &format!("{:<13}", "ERROR")),
        _ if finding.suppressed.is_some() => style_text(DIM, &format!("{:<13}", "SUPPRESSED")),
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
    if let Some(suppression) = &finding.suppressed {
        let waiver = format!("waiver {}: {}", suppression.waiver, suppression.reason);
        out += &format!("    {}\n", style_text(DIM, &escape_terminal(&waiver)));
    }
    out
}

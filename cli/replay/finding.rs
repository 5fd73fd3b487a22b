//! One finding for people: what, where, who, when.

use crate::common::terminal::{BOLD, DIM, RED, YELLOW, paint, safe};
use anstyle::Style;
use evenkeel_rules::policy::Severity;
use evenkeel_rules::{ComplianceStatus, Finding};

/// How a severity looks.
pub(super) fn style(severity: Severity) -> Style {
    match severity {
        Severity::Critical | Severity::High => RED,
        Severity::Medium => YELLOW,
        Severity::Low | Severity::Informational => BOLD,
    }
}

/// One finding: what, where, who, when. Empty where the policy only lacked data, which is summed up.
pub(super) fn text(finding: &Finding) -> String {
    let label = match finding.status {
        ComplianceStatus::InsufficientData => return String::new(),
        ComplianceStatus::Error => paint(RED, &format!("{:<13}", "ERROR")),
        _ if finding.suppressed.is_some() => paint(DIM, &format!("{:<13}", "SUPPRESSED")),
        _ => paint(style(finding.severity), &format!("{:<13}", finding.severity.to_string())),
    };
    let (action, actor, resource) = (&finding.action, &finding.actor, &finding.resource);
    let place = format!("{}  {} {}", action.event_time, resource.account, resource.region);
    let mut who = format!("{} by {}", action.event_name, actor.principal);
    if !actor.source_address.is_empty() {
        who = format!("{who} from {}", actor.source_address);
    }
    let mut out = format!("{label} {}  {}\n", paint(BOLD, &finding.policy), safe(&place));
    out += &format!("    {}\n    {}\n", safe(&finding.message), paint(DIM, &safe(&who)));
    if let Some(suppression) = &finding.suppressed {
        let waiver = format!("waiver {}: {}", suppression.waiver, suppression.reason);
        out += &format!("    {}\n", paint(DIM, &safe(&waiver)));
    }
    out
}

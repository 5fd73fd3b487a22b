//! Creates the notices that are announced. A notice contains an e-mail text for people, the key of
//! a record for queues, and attributes for subscription filters.

use crate::canary::CanaryId;
use evenkeel_rules::policy::{RemediationHeader, RemediationMode};
use evenkeel_rules::{ComplianceStatus, Finding};
use serde_json::json;

/// The maximum size of an SNS message with its attributes, in bytes (256 KiB).
///
/// Source: Amazon SNS API Reference, `Publish`.
pub const MAX_BYTES: usize = 262_144;

/// The maximum length of the subject of an e-mail, in characters.
///
/// Source: Amazon SNS API Reference, `Publish`.
const MAX_SUBJECT_CHARS: usize = 100;

/// The maximum lengths of the title and of the description of a chat message, in characters.
///
/// Source: Amazon Q Developer in chat applications Administrator Guide, "Custom notifications".
const MAX_CHAT_TITLE: usize = 250;
const MAX_CHAT_TEXT: usize = 8000;

/// The maximum length of a text from an event in a notice, in characters.
const MAX_SHOWN_CHARS: usize = 600;

/// A message for an SNS topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// The subject of e-mails.
    pub subject: String,
    /// A JSON document for `MessageStructure: json`, with a text for each protocol.
    pub message: String,
    /// The names and values of message attributes, which filter policies use.
    pub attributes: Vec<(&'static str, String)>,
}

/// The result of a remediation, as a notice announces it.
#[derive(Clone, Copy, Debug)]
pub struct RemediationReport<'a> {
    /// The uid of the finding.
    pub finding: uuid::Uuid,
    /// The key of the finding in the ledger.
    pub key: &'a str,
    /// The id of the policy.
    pub policy: &'a str,
    /// The id of the account.
    pub account: &'a str,
    /// The name of the Region.
    pub region: &'a str,
    /// The id of the resource.
    pub resource: &'a str,
    /// The result code of the remediation.
    pub status: &'a str,
    /// The refusal code, if the remediation was refused.
    pub code: Option<&'a str>,
    /// The result as text.
    pub detail: &'a str,
    /// The description of the plan as rows of a label and a text; empty if there is no plan.
    pub rows: &'a [(&'static str, String)],
    /// The plan that waits for a decision, if there is one.
    pub waiting_plan: Option<&'a str>,
    /// True if a limit is exhausted, which an operator must know.
    pub is_critical: bool,
}

impl Notice {
    /// Creates the notice for a finding that is recorded under `key`.
    pub fn for_finding(finding: &Finding, key: &str) -> Notice {
        let (text, pointer) = (format_finding(finding), finding_pointer(finding, key));
        let message = json!({"default": pointer, "email": text, "sqs": pointer, "lambda": pointer});
        let subject = format!(
            "{} {} in {}",
            severity_label(finding),
            finding.policy,
            finding.resource.account
        );
        Notice {
            subject: truncate_text(&subject, MAX_SUBJECT_CHARS),
            message: message.to_string(),
            attributes: finding_attributes(finding),
        }
    }

    /// Creates the notice for the result of a remediation.
    pub fn for_remediation(report: &RemediationReport<'_>) -> Notice {
        let RemediationReport { finding, key, policy, account, status, detail, .. } = report;
        let mut pointer = json!({
            "remediation": finding,
            "key": key,
            "policy": policy,
            "account": account,
            "region": report.region,
            "status": status,
            "detail": sanitize_text(detail),
        });
        if let (Some(code), Some(fields)) = (report.code, pointer.as_object_mut()) {
            fields.insert("code".to_owned(), code.into());
        }
        let pointer = pointer.to_string();
        let text = format_remediation(report);
        let message = json!({
            "default": pointer,
            "email": text,
            "https": chat_message(report),
            "sqs": pointer,
            "lambda": pointer,
        });
        let mut attributes = vec![
            ("outcome", (*status).to_owned()),
            ("policy", (*policy).to_owned()),
            ("account", (*account).to_owned()),
            ("region", report.region.to_owned()),
        ];
        attributes.retain(|(_, value)| !value.is_empty());
        let mark = if report.is_critical { "CRITICAL " } else { "" };
        if report.is_critical {
            attributes.push(("severity", "CRITICAL".to_owned()));
        }
        let subject = format!("{mark}{status}: {policy} in {account}");
        let subject = truncate_text(&subject, MAX_SUBJECT_CHARS);
        Notice { subject, message: message.to_string(), attributes }
    }

    /// Creates the notice that passes on a canary. Only the notice of a canary has the attribute
    /// `kind`, which subscription filters use.
    pub fn for_canary(canary: CanaryId) -> Notice {
        let id = canary.as_uuid();
        let pointer = json!({"canary": id, "key": canary.evaluation_key()}).to_string();
        let text =
            format!("Canary {id} of `evenkeel doctor` reached this topic. No action is needed.\n");
        let message = json!({"default": pointer, "email": text, "sqs": pointer, "lambda": pointer});
        Notice {
            subject: "Evenkeel canary".to_owned(),
            message: message.to_string(),
            attributes: vec![("kind", "canary".to_owned())],
        }
    }

    /// Returns the size of the notice in bytes, which must not exceed [`MAX_BYTES`].
    pub fn byte_size(&self) -> usize {
        let attributes = self.attributes.iter();
        attributes.fold(self.message.len(), |sum, (name, value)| {
            sum.saturating_add(name.len())
                .saturating_add("String".len())
                .saturating_add(value.len())
        })
    }
}

/// Returns the e-mail text for the result of a remediation: the result, the plan if there is one,
/// and the commands for a decision.
fn format_remediation(report: &RemediationReport<'_>) -> String {
    let RemediationReport { finding, policy, account, region, status, .. } = report;
    let mut out = format!("{status}: {}\n\n", sanitize_text(report.detail));
    let mut row = |name: &str, value: &str| out += &format!("{name:<10}{}\n", sanitize_text(value));
    if report.rows.is_empty() {
        row("Resource", report.resource);
        row("Account", &format!("{account} {region}"));
        row("Policy", policy);
    }
    for (name, value) in report.rows {
        row(name, value);
    }
    row("Finding", &finding.to_string());
    if report.waiting_plan.is_some() {
        row("Approve", &format!("evenkeel approve {finding}"));
        row("Reject", &format!("evenkeel reject {finding}"));
    }
    out
}

/// Returns the message for Amazon Q Developer in chat applications, which subscribes to the topic
/// with the protocol `https`. Custom actions of a channel read the finding and the plan from
/// `additionalContext`.
///
/// Source: Amazon Q Developer in chat applications Administrator Guide, "Custom notifications".
fn chat_message(report: &RemediationReport<'_>) -> String {
    let RemediationReport { finding, policy, account, status, .. } = report;
    let shown = report
        .rows
        .iter()
        .map(|(name, value)| format!("*{name}* {}", escape_chat(&sanitize_text(value))));
    let mut lines = vec![escape_chat(&sanitize_text(report.detail))];
    lines.extend(shown);
    let mut context = json!({
        "finding": finding.to_string(),
        "status": status,
        "policy": policy,
        "account": account,
    });
    if let (Some(plan), Some(fields)) = (report.waiting_plan, context.as_object_mut()) {
        fields.insert("plan".to_owned(), plan.into());
        fields.insert("decision".to_owned(), "required".into());
    }
    json!({
        "version": "1.0",
        "source": "custom",
        "id": finding.to_string(),
        "content": {
            "textType": "client-markdown",
            "title": truncate_text(&format!("{status}: {policy} in {account}"), MAX_CHAT_TITLE),
            "description": truncate_text(&lines.join("\n"), MAX_CHAT_TEXT),
        },
        "metadata": {"threadId": finding.to_string(), "additionalContext": context},
    })
    .to_string()
}

/// Escapes the characters that chat applications interpret: links, mentions and formats.
fn escape_chat(text: &str) -> String {
    let escaped = text.chars().map(|c| match c {
        '&' => "&amp;".to_owned(),
        '<' => "&lt;".to_owned(),
        '>' => "&gt;".to_owned(),
        '*' | '_' | '~' | '`' | '@' => format!("\u{200b}{c}"),
        c => c.to_string(),
    });
    escaped.collect()
}

fn severity_label(finding: &Finding) -> String {
    match finding.status {
        ComplianceStatus::NonCompliant => finding.severity.to_string(),
        other => other.to_string(),
    }
}

/// Returns the remediation of the finding. If the status is `INSUFFICIENT_DATA`, the function
/// returns `None`, so that no queue of a remediator receives the finding.
fn available_remediation(finding: &Finding) -> Option<&RemediationHeader> {
    finding.remediation.as_ref().filter(|_| finding.status != ComplianceStatus::InsufficientData)
}

/// Returns the mode for the attributes of the notice. A finding without remediation has the mode
/// `notify`.
fn mode_attribute(finding: &Finding) -> &'static str {
    available_remediation(finding)
        .map_or(RemediationMode::Notify, |remediation| remediation.mode)
        .as_str()
}

fn finding_attributes(finding: &Finding) -> Vec<(&'static str, String)> {
    let mut attributes = vec![
        ("severity", finding.severity.to_string()),
        ("status", finding.status.to_string()),
        ("policy", finding.policy.clone()),
        ("account", finding.resource.account.clone()),
        ("region", finding.resource.region.clone()),
        ("mode", mode_attribute(finding).to_owned()),
    ];
    if let Some(remediation) = available_remediation(finding) {
        attributes.push(("remediator", remediation.run.clone()));
    }
    // The filter of the e-mail subscription excludes attached findings.
    if let Some(primary) = finding.attached_to {
        attributes.push(("attachedTo", primary.to_string()));
    }
    // SNS rejects an attribute without a value.
    attributes.retain(|(_, value)| !value.is_empty());
    attributes
}

/// Returns the text for queues: the key of the finding, and the fields that identify the finding.
fn finding_pointer(finding: &Finding, key: &str) -> String {
    json!({
        "finding": finding.uid,
        "key": key,
        "policy": finding.policy,
        "status": finding.status,
        "severity": finding.severity,
        "account": finding.resource.account,
        "region": finding.resource.region,
    })
    .to_string()
}

/// Returns the e-mail text for a finding: the message, the resource, the caller, the controls and
/// the next step.
fn format_finding(finding: &Finding) -> String {
    let (action, actor, resource) = (&finding.action, &finding.actor, &finding.resource);
    let mut out = match finding.status {
        ComplianceStatus::InsufficientData => "Insufficient data for the evaluation: ".to_owned(),
        _ => String::new(),
    };
    out += &format!("{}\n\n", sanitize_text(&finding.message));
    let mut row = |name: &str, value: &str| {
        if !value.is_empty() {
            out += &format!("{name:<10}{}\n", sanitize_text(value));
        }
    };
    row("What", &finding.title);
    row("Severity", &finding.severity.to_string());
    row("Resource", &format!("{} {}", resource.kind, resource.id));
    row("Account", &format!("{} {}", resource.account, resource.region));
    row("When", &action.event_time);
    row("Who", &actor.principal);
    row("From", &actor.source_address);
    row("How", &format!("{} {}", action.event_source, action.event_name));
    for (framework, ids) in &finding.controls {
        row("Control", &format!("{framework} {}", ids.join(", ")));
    }
    let attached = finding.attached.iter().map(|one| format!("{} {}", one.severity, one.policy));
    row("Also", &attached.collect::<Vec<_>>().join(", "));
    row("Next", &describe_next_step(finding));
    row("Finding", &finding.uid.to_string());
    out
}

fn describe_next_step(finding: &Finding) -> String {
    if let Some(why) = &finding.possibly_forged {
        return format!("no remediation: the event is possibly forged ({why})");
    }
    if finding.status == ComplianceStatus::InsufficientData {
        return "check the resource: Evenkeel cannot determine whether it complies with the policy"
            .to_owned();
    }
    match (&finding.waived, &finding.remediation) {
        (Some(applied), _) => format!("no action is needed: waiver {} applies", applied.waiver),
        (None, None) => "fix the resource: the policy has no automatic remediation".to_owned(),
        (None, Some(remediation)) => {
            let mode = mode_attribute(finding);
            format!("remediator {} can fix the resource, mode {mode}", remediation.run)
        }
    }
}

/// Shortens a text from an event to [`MAX_SHOWN_CHARS`], and replaces line breaks and deceptive
/// characters. Therefore the text cannot imitate other lines of a notice.
fn sanitize_text(text: &str) -> String {
    let clean: String = text
        .chars()
        .map(|c| if evenkeel_rules::is_deceptive(c) { '\u{fffd}' } else { c })
        .collect();
    truncate_text(&clean, MAX_SHOWN_CHARS)
}

fn truncate_text(text: &str, most: usize) -> String {
    match text.char_indices().nth(most.saturating_sub(1)) {
        Some((at, _)) if text.chars().count() > most => {
            format!("{}…", text.get(..at).unwrap_or_default())
        }
        _ => text.to_owned(),
    }
}

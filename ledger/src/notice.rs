//! What is announced about a finding: a text for people, a pointer for queues, and what filters read.

use crate::canary::CanaryId;
use evenkeel_rules::policy::{RemediationHeader, RemediationMode};
use evenkeel_rules::{ComplianceStatus, Finding};
use serde_json::json;

/// SNS takes no more: 256 KiB for the message and its attributes. Source: Amazon SNS API Reference, `Publish`.
pub const MAX_BYTES: usize = 262_144;

/// The longest subject of an e-mail, in characters. Source: Amazon SNS API Reference, `Publish`.
const MAX_SUBJECT_CHARS: usize = 100;

/// The longest text from an event that is shown, in characters.
const MAX_SHOWN_CHARS: usize = 600;

/// A message for a topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// The subject of e-mails.
    pub subject: String,
    /// A JSON document for `MessageStructure: json`: a text for each protocol.
    pub message: String,
    /// Message attributes, which filter policies read.
    pub attributes: Vec<(&'static str, String)>,
}

/// What is told of a remediation that ended.
#[derive(Clone, Copy, Debug)]
pub struct RemediationReport<'a> {
    /// The finding.
    pub finding: uuid::Uuid,
    /// Where the finding is recorded.
    pub key: &'a str,
    /// The policy.
    pub policy: &'a str,
    /// The account.
    pub account: &'a str,
    /// The region.
    pub region: &'a str,
    /// The resource.
    pub resource: &'a str,
    /// How it ended, in a word or two.
    pub status: &'a str,
    /// The code of the refusal, where it was refused.
    pub code: Option<&'a str>,
    /// How it ended, in words.
    pub detail: &'a str,
}

impl Notice {
    /// The announcement of a finding that is recorded under `key`.
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

    /// The announcement of a remediation that ended: which finding's, how, and where that is recorded.
    pub fn for_remediation(told: &RemediationReport<'_>) -> Notice {
        let RemediationReport { finding, key, policy, account, status, detail, .. } = told;
        let mut pointer = json!({
            "remediation": finding,
            "key": key,
            "policy": policy,
            "account": account,
            "region": told.region,
            "status": status,
            "detail": sanitize_text(detail),
        });
        if let (Some(code), Some(fields)) = (told.code, pointer.as_object_mut()) {
            fields.insert("code".to_owned(), code.into());
        }
        let pointer = pointer.to_string();
        let text = format!(
            "{}: {}\n\nResource  {}\nAccount   {account} {}\nPolicy    {policy}\nFinding   {finding}\n",
            status,
            sanitize_text(detail),
            sanitize_text(told.resource),
            told.region
        );
        let message = json!({"default": pointer, "email": text, "sqs": pointer, "lambda": pointer});
        let mut attributes = vec![
            ("outcome", (*status).to_owned()),
            ("policy", (*policy).to_owned()),
            ("account", (*account).to_owned()),
            ("region", told.region.to_owned()),
        ];
        attributes.retain(|(_, value)| !value.is_empty());
        let subject = truncate_text(&format!("{status}: {policy} in {account}"), MAX_SUBJECT_CHARS);
        Notice { subject, message: message.to_string(), attributes }
    }

    /// Sends a canary on. No finding and no outcome has an attribute `kind`: filters tell it by that.
    pub fn for_canary(canary: CanaryId) -> Notice {
        let id = canary.as_uuid();
        let pointer = json!({"canary": id, "key": canary.evaluation_key()}).to_string();
        let text = format!(
            "Canary {id} of `evenkeel doctor` came as far as this topic. Nothing is to be done.\n"
        );
        let message = json!({"default": pointer, "email": text, "sqs": pointer, "lambda": pointer});
        Notice {
            subject: "Evenkeel canary".to_owned(),
            message: message.to_string(),
            attributes: vec![("kind", "canary".to_owned())],
        }
    }

    /// How many bytes of [`MAX_BYTES`] it takes.
    pub fn byte_size(&self) -> usize {
        let attributes = self.attributes.iter();
        attributes.fold(self.message.len(), |sum, (name, value)| {
            sum.saturating_add(name.len())
                .saturating_add("String".len())
                .saturating_add(value.len())
        })
    }
}

fn severity_label(finding: &Finding) -> String {
    match finding.status {
        ComplianceStatus::NonCompliant => finding.severity.to_string(),
        other => other.to_string(),
    }
}

/// What may repair it. Where data is missing nothing does: no queue of a remediator is to get it.
fn available_remediation(finding: &Finding) -> Option<&RemediationHeader> {
    finding.remediation.as_ref().filter(|_| finding.status != ComplianceStatus::InsufficientData)
}

/// The mode that goes into the attributes; a policy without remediation only notifies.
fn mode_attribute(finding: &Finding) -> &'static str {
    match available_remediation(finding)
        .map_or(RemediationMode::Notify, |remediation| remediation.mode)
    {
        RemediationMode::Report => "report",
        RemediationMode::Notify => "notify",
        RemediationMode::Approve => "approve",
        RemediationMode::Auto => "auto",
    }
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
    // SNS refuses an attribute without a value.
    attributes.retain(|(_, value)| !value.is_empty());
    attributes
}

/// What a queue gets: where the finding is, and enough to sort it.
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

/// What a person gets: what, where, who, when, why it matters, what happens next.
fn format_finding(finding: &Finding) -> String {
    let (action, actor, resource) = (&finding.action, &finding.actor, &finding.resource);
    let mut out = match finding.status {
        ComplianceStatus::InsufficientData => "Not enough data to evaluate it: ".to_owned(),
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
    row("Next", &describe_next_step(finding));
    row("Finding", &finding.uid.to_string());
    out
}

fn describe_next_step(finding: &Finding) -> String {
    if let Some(why) = &finding.suspect {
        return format!("nothing: the event may be forged, {why}");
    }
    if finding.status == ComplianceStatus::InsufficientData {
        return "somebody must look at it: whether the policy holds is not known".to_owned();
    }
    match (&finding.suppressed, &finding.remediation) {
        (Some(suppression), _) => format!("nothing: waiver {} holds", suppression.waiver),
        (None, None) => "somebody must look at it: nothing repairs it by itself".to_owned(),
        (None, Some(remediation)) => {
            format!("remediator {} may be used, mode {}", remediation.run, mode_attribute(finding))
        }
    }
}

/// Text from an event on one line, cut, without characters that deceive a reader.
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

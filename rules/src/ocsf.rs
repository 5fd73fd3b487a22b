//! A finding as OCSF 1.8 writes it: class 2003, Compliance Finding.

mod read;

pub use read::finding as read;

use crate::evaluate::ComplianceStatus;
use crate::finding::Finding;
use crate::judge::milliseconds;
use crate::policy::Severity;
use crate::text::json_line;
use serde_json::{Map, Value, json};

/// The version of the schema that is written.
pub const VERSION: &str = "1.8.0";

/// The record of a finding as it is kept and printed: one line of JSON.
pub fn record(finding: &Finding) -> String {
    json_line(&compliance_finding(finding)).unwrap_or_default()
}

/// The finding as an OCSF Compliance Finding (`class_uid` 2003).
///
/// Source: OCSF schema 1.8.0, class `compliance_finding`, profile `cloud`.
pub fn compliance_finding(finding: &Finding) -> Value {
    let time = milliseconds(&finding.action.event_time).unwrap_or_default();
    let (severity_id, severity) = severity(finding.severity);
    let (status_id, status) =
        if finding.suppressed.is_some() { (3, "Suppressed") } else { (1, "New") };
    let mut record = json!({
        "activity_id": 1,
        "activity_name": "Create",
        "category_uid": 2,
        "category_name": "Findings",
        "class_uid": 2003,
        "class_name": "Compliance Finding",
        "type_uid": 200_301,
        "type_name": "Compliance Finding: Create",
        "severity_id": severity_id,
        "severity": severity,
        "status_id": status_id,
        "status": status,
        "time": time,
        "message": finding.message,
        "metadata": {
            "version": VERSION,
            "product": {"name": "Evenkeel", "vendor_name": "Evenkeel"},
            "profiles": ["cloud"],
            "uid": finding.uid,
        },
        "cloud": {
            "provider": "AWS",
            "account": {"uid": finding.resource.account, "type_id": 10, "type": "AWS Account"},
            "region": finding.resource.region,
        },
        "finding_info": {
            "uid": finding.uid,
            "title": finding.title,
            "desc": finding.message,
            "created_time": time,
            "analytic": {"uid": finding.policy, "name": finding.title, "type_id": 1, "type": "Rule"},
        },
        "compliance": compliance(finding),
        "resources": [resource(finding)],
        "evidences": [evidence(finding)],
    });
    if let Some(record) = record.as_object_mut() {
        optional(finding, record);
    }
    record
}

/// What only some findings have.
fn optional(finding: &Finding, record: &mut Map<String, Value>) {
    if let Some(remediation) = &finding.remediation {
        let desc = format!("remediator {}", remediation.run);
        record.insert("remediation".to_owned(), json!({"desc": desc}));
    }
    let mut unmapped = Map::new();
    if let Some(remediation) = &finding.remediation {
        unmapped.insert("remediation".to_owned(), json!(remediation));
    }
    if let Some(why) = &finding.suspect {
        unmapped.insert("suspect".to_owned(), why.clone().into());
    }
    if let Some(family) = &finding.actor.remediator {
        unmapped.insert("remediator".to_owned(), family.clone().into());
    }
    if let Some(suppression) = &finding.suppressed {
        unmapped.insert("waiver".to_owned(), json!(suppression));
        record.insert("status_detail".to_owned(), suppression.reason.clone().into());
    }
    if !unmapped.is_empty() {
        record.insert("unmapped".to_owned(), unmapped.into());
    }
}

fn compliance(finding: &Finding) -> Value {
    let (status_id, status) = match finding.status {
        ComplianceStatus::NonCompliant => (3, "Fail"),
        ComplianceStatus::Compliant => (1, "Pass"),
        ComplianceStatus::NotApplicable
        | ComplianceStatus::InsufficientData
        | ComplianceStatus::Error => (0, "Unknown"),
    };
    let standards: Vec<&String> = finding.controls.keys().collect();
    let requirements: Vec<String> = finding
        .controls
        .iter()
        .flat_map(|(framework, ids)| ids.iter().map(move |id| format!("{framework}/{id}")))
        .collect();
    json!({
        "control": finding.policy,
        "standards": standards,
        "requirements": requirements,
        "status_id": status_id,
        "status": status,
        "status_code": finding.status,
        "status_detail": finding.message,
    })
}

fn resource(finding: &Finding) -> Value {
    let resource = &finding.resource;
    json!({
        "type": resource.kind,
        "uid": resource.arn.as_ref().unwrap_or(&resource.id),
        "name": resource.id,
        "region": resource.region,
        "owner": {"account": {"uid": resource.account, "type_id": 10, "type": "AWS Account"}},
    })
}

/// What was done, by whom, and what in it shows the violation.
fn evidence(finding: &Finding) -> Value {
    let (action, actor) = (&finding.action, &finding.actor);
    let mut api = json!({
        "operation": action.event_name,
        "service": {"name": action.event_source},
        "request": {"uid": action.event_id},
    });
    if let (Some(code), Some(api)) = (&action.error_code, api.as_object_mut()) {
        api.insert("response".to_owned(), json!({"error": code}));
    }
    let user = json!({
        "uid": actor.principal,
        "type_id": 99,
        "type": actor.kind,
        "account": {"uid": actor.account, "type_id": 10, "type": "AWS Account"},
    });
    json!({
        "api": api,
        "actor": {"user": user},
        "src_endpoint": {"name": actor.source_address},
        "data": {"action_uid": action.id, "violations": finding.evidence},
    })
}

/// OCSF's `severity_id` and its caption.
fn severity(severity: Severity) -> (u8, &'static str) {
    match severity {
        Severity::Informational => (1, "Informational"),
        Severity::Low => (2, "Low"),
        Severity::Medium => (3, "Medium"),
        Severity::High => (4, "High"),
        Severity::Critical => (5, "Critical"),
    }
}

/// Where the finding is kept: `findings/class=2003/region=R/accountId=A/eventDay=YYYYMMDD/<uid>.json`.
pub fn key(finding: &Finding) -> String {
    let part = |text: &str| {
        let clean: String = text
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' })
            .collect();
        if clean.is_empty() { "unknown".to_owned() } else { clean }
    };
    let day: String =
        finding.action.event_time.chars().take(10).filter(char::is_ascii_digit).collect();
    format!(
        "findings/class=2003/region={}/accountId={}/eventDay={}/{}.json",
        part(&finding.resource.region),
        part(&finding.resource.account),
        part(&day),
        finding.uid
    )
}

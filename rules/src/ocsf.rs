//! Findings and remediations as OCSF 1.8 writes them.

mod common;
mod compliance_finding;
mod read;
mod remediation_activity;

pub use common::{Account, Cloud, Metadata, Product, VERSION};
pub use compliance_finding::{
    Analytic, Api, Compliance, ComplianceFinding, Evidence, EvidenceActor, EvidenceData,
    FindingInfo, Named, Owner, Remediation, Request, ResourceDetails, Response, Unmapped, User,
};
pub use read::read_finding;
pub use remediation_activity::{
    ActivityActor, ActivityDetails, ActivityUser, Observable, RemediationActivity,
};

use crate::evaluation::evaluate::ComplianceStatus;
use crate::evaluation::judge::milliseconds;
use crate::finding::Finding;
use crate::policy::Severity;
use crate::text::json_line;
use std::borrow::Cow;

/// The record of a finding as it is kept and printed: one line of JSON.
pub fn record(finding: &Finding) -> String {
    json_line(&ComplianceFinding::of(finding)).unwrap_or_default()
}

impl<'a> ComplianceFinding<'a> {
    /// The finding as an OCSF Compliance Finding.
    pub fn of(finding: &'a Finding) -> Self {
        let time = milliseconds(&finding.action.event_time).unwrap_or_default();
        let (severity_id, severity) = severity(finding.severity);
        let (status_id, status) =
            if finding.suppressed.is_some() { (3, "Suppressed") } else { (1, "New") };
        let resource = &finding.resource;
        ComplianceFinding {
            activity_id: 1,
            activity_name: Cow::Borrowed("Create"),
            category_uid: 2,
            category_name: Cow::Borrowed("Findings"),
            class_uid: 2003,
            class_name: Cow::Borrowed("Compliance Finding"),
            type_uid: 200_301,
            type_name: Cow::Borrowed("Compliance Finding: Create"),
            severity_id,
            severity: Cow::Borrowed(severity),
            status_id,
            status: Cow::Borrowed(status),
            time,
            message: Cow::Borrowed(&finding.message),
            metadata: Metadata::new(Some(finding.uid)),
            cloud: Cloud::aws(&resource.account, &resource.region),
            finding_info: FindingInfo {
                uid: finding.uid,
                title: Cow::Borrowed(&finding.title),
                desc: Cow::Borrowed(&finding.message),
                created_time: time,
                analytic: Analytic {
                    uid: Cow::Borrowed(&finding.policy),
                    name: Cow::Borrowed(&finding.title),
                    type_id: 1,
                    kind: Cow::Borrowed("Rule"),
                },
            },
            compliance: compliance(finding),
            resources: vec![resource_details(finding)],
            evidences: vec![evidence(finding)],
            remediation: finding.remediation.as_ref().map(|remediation| Remediation {
                desc: Cow::Owned(format!("remediator {}", remediation.run)),
            }),
            status_detail: finding.suppressed.as_ref().map(|it| Cow::Borrowed(it.reason.as_str())),
            unmapped: Unmapped {
                remediation: finding.remediation.as_ref().map(Cow::Borrowed),
                suspect: finding.suspect.as_deref().map(Cow::Borrowed),
                remediator: finding.actor.remediator.as_deref().map(Cow::Borrowed),
                waiver: finding.suppressed.as_ref().map(Cow::Borrowed),
            },
        }
    }
}

fn compliance(finding: &Finding) -> Compliance<'_> {
    let (status_id, status) = match finding.status {
        ComplianceStatus::NonCompliant => (3, "Fail"),
        ComplianceStatus::Compliant => (1, "Pass"),
        ComplianceStatus::NotApplicable
        | ComplianceStatus::InsufficientData
        | ComplianceStatus::Error => (0, "Unknown"),
    };
    let requirements = finding.controls.iter().flat_map(|(framework, ids)| {
        ids.iter().map(move |id| Cow::Owned(format!("{framework}/{id}")))
    });
    Compliance {
        control: Cow::Borrowed(&finding.policy),
        standards: finding.controls.keys().map(|name| Cow::Borrowed(name.as_str())).collect(),
        requirements: requirements.collect(),
        status_id,
        status: Cow::Borrowed(status),
        status_code: finding.status,
        status_detail: Cow::Borrowed(&finding.message),
    }
}

fn resource_details(finding: &Finding) -> ResourceDetails<'_> {
    let resource = &finding.resource;
    ResourceDetails {
        kind: Cow::Borrowed(&resource.kind),
        uid: Cow::Borrowed(resource.arn.as_ref().unwrap_or(&resource.id)),
        name: Cow::Borrowed(&resource.id),
        region: Cow::Borrowed(&resource.region),
        owner: Owner { account: Account::aws(&resource.account) },
    }
}

/// What was done, by whom, and what in it shows the violation.
fn evidence(finding: &Finding) -> Evidence<'_> {
    let (action, actor) = (&finding.action, &finding.actor);
    let error = action.error_code.as_deref();
    Evidence {
        api: Api {
            operation: Cow::Borrowed(&action.event_name),
            service: Named { name: Cow::Borrowed(&action.event_source) },
            request: Request { uid: Cow::Borrowed(&action.event_id) },
            response: error.map(|code| Response { error: Cow::Borrowed(code) }),
        },
        actor: EvidenceActor {
            user: User {
                uid: Cow::Borrowed(&actor.principal),
                type_id: 99,
                kind: Cow::Borrowed(&actor.kind),
                account: Account::aws(&actor.account),
            },
        },
        src_endpoint: Named { name: Cow::Borrowed(&actor.source_address) },
        data: EvidenceData {
            action_uid: Cow::Borrowed(&action.id),
            violations: Cow::Borrowed(&finding.evidence),
        },
    }
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

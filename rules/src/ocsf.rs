//! Converts findings and remediations to records in the format of OCSF 1.8, and reads the records.

mod common;
mod compliance_finding;
mod finding_reader;
mod remediation_activity;

pub use common::{OcsfAccount, OcsfCloud, OcsfMetadata, OcsfProduct, SCHEMA_VERSION};
pub use compliance_finding::{
    ApiCall, ApiRequest, ApiResponse, ComplianceDetails, ComplianceFinding, EvidenceActor,
    EvidenceData, EvidenceUser, FindingAnalytic, FindingEvidence, FindingInfo, FindingRemediation,
    NamedEntity, RelatedFinding, ResourceDetails, ResourceOwner, UnmappedDetails,
};
pub use finding_reader::read_finding;
pub use remediation_activity::{
    ActivityActor, ActivityDetails, ActivityObservable, ActivityUser, RemediationActivity,
};

use crate::evaluation::record_evaluator::parse_epoch_millis;
use crate::evaluation::single_evaluation::ComplianceStatus;
use crate::finding::{AttachedFinding, Finding};
use crate::policy::Severity;
use crate::text::json_line;
use std::borrow::Cow;

/// Serializes a finding as an OCSF Compliance Finding, on one line of JSON.
pub fn serialize_finding(finding: &Finding) -> String {
    json_line(&ComplianceFinding::from_finding(finding)).unwrap_or_default()
}

impl<'a> ComplianceFinding<'a> {
    /// Creates the OCSF Compliance Finding of a finding.
    pub fn from_finding(finding: &'a Finding) -> Self {
        let time = parse_epoch_millis(&finding.action.event_time).unwrap_or_default();
        let (severity_id, severity) = to_ocsf_severity(finding.severity);
        let (status_id, status) =
            if finding.waived.is_some() { (3, "Suppressed") } else { (1, "New") };
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
            metadata: OcsfMetadata::new(Some(finding.uid)),
            cloud: OcsfCloud::aws_location(&resource.account, &resource.region),
            finding_info: FindingInfo {
                uid: finding.uid,
                title: Cow::Borrowed(&finding.title),
                desc: Cow::Borrowed(&finding.message),
                created_time: time,
                analytic: FindingAnalytic {
                    uid: Cow::Borrowed(&finding.policy),
                    name: Cow::Borrowed(&finding.title),
                    type_id: 1,
                    kind: Cow::Borrowed("Rule"),
                },
                related_events: finding.attached.iter().map(build_related_finding).collect(),
            },
            compliance: build_compliance(finding),
            resources: vec![build_resource_details(finding)],
            evidences: vec![build_evidence(finding)],
            remediation: finding.remediation.as_ref().map(|remediation| FindingRemediation {
                desc: Cow::Owned(format!("remediator {}", remediation.run)),
            }),
            status_detail: finding.waived.as_ref().map(|it| Cow::Borrowed(it.reason.as_str())),
            unmapped: UnmappedDetails {
                remediation: finding.remediation.as_ref().map(Cow::Borrowed),
                possibly_forged: finding.possibly_forged.as_deref().map(Cow::Borrowed),
                remediator: finding.actor.remediator.as_deref().map(Cow::Borrowed),
                waiver: finding.waived.as_ref().map(Cow::Borrowed),
                attached_to: finding.attached_to,
            },
        }
    }
}

fn build_related_finding(attached: &AttachedFinding) -> RelatedFinding<'_> {
    let (severity_id, severity) = to_ocsf_severity(attached.severity);
    RelatedFinding {
        uid: attached.uid,
        title: Cow::Borrowed(&attached.policy),
        severity_id,
        severity: Cow::Borrowed(severity),
    }
}

fn build_compliance(finding: &Finding) -> ComplianceDetails<'_> {
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
    ComplianceDetails {
        control: Cow::Borrowed(&finding.policy),
        standards: finding.controls.keys().map(|name| Cow::Borrowed(name.as_str())).collect(),
        requirements: requirements.collect(),
        status_id,
        status: Cow::Borrowed(status),
        status_code: finding.status,
        status_detail: Cow::Borrowed(&finding.message),
    }
}

fn build_resource_details(finding: &Finding) -> ResourceDetails<'_> {
    let resource = &finding.resource;
    ResourceDetails {
        kind: Cow::Borrowed(&resource.kind),
        uid: Cow::Borrowed(resource.arn.as_ref().unwrap_or(&resource.id)),
        name: Cow::Borrowed(&resource.id),
        region: Cow::Borrowed(&resource.region),
        owner: ResourceOwner { account: OcsfAccount::aws_account(&resource.account) },
    }
}

/// Builds the evidence of a finding: the call, the caller and the violations.
fn build_evidence(finding: &Finding) -> FindingEvidence<'_> {
    let (action, actor) = (&finding.action, &finding.actor);
    let error = action.error_code.as_deref();
    FindingEvidence {
        api: ApiCall {
            operation: Cow::Borrowed(&action.event_name),
            service: NamedEntity { name: Cow::Borrowed(&action.event_source) },
            request: ApiRequest { uid: Cow::Borrowed(&action.event_id) },
            response: error.map(|code| ApiResponse { error: Cow::Borrowed(code) }),
        },
        actor: EvidenceActor {
            user: EvidenceUser {
                uid: Cow::Borrowed(&actor.principal),
                type_id: 99,
                kind: Cow::Borrowed(&actor.kind),
                account: OcsfAccount::aws_account(&actor.account),
            },
        },
        src_endpoint: NamedEntity { name: Cow::Borrowed(&actor.source_address) },
        data: EvidenceData {
            action_uid: Cow::Borrowed(&action.id),
            violations: Cow::Borrowed(&finding.evidence),
        },
    }
}

/// Returns the `severity_id` of OCSF and its caption.
fn to_ocsf_severity(severity: Severity) -> (u8, &'static str) {
    match severity {
        Severity::Informational => (1, "Informational"),
        Severity::Low => (2, "Low"),
        Severity::Medium => (3, "Medium"),
        Severity::High => (4, "High"),
        Severity::Critical => (5, "Critical"),
    }
}

/// Returns the key of a finding in the ledger:
/// `findings/class=2003/region=R/accountId=A/eventDay=YYYYMMDD/<uid>.json`.
pub fn finding_key(finding: &Finding) -> String {
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

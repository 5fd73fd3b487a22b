//! Converts the OCSF record of a finding back to the finding.

use super::compliance_finding::{ComplianceFinding, RelatedFinding};
use crate::evaluation::single_evaluation::ResourceIdentity;
use crate::finding::{AttachedFinding, Finding, FindingAction, FindingActor};
use crate::policy::Severity;
use chrono::{DateTime, SecondsFormat};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Parses the record of a finding.
///
/// # Errors
/// Returns the error of `serde_json` if the bytes are not a Compliance Finding.
pub fn read_finding(record: &[u8]) -> Result<Finding, serde_json::Error> {
    serde_json::from_slice(record).map(ComplianceFinding::into_finding)
}

impl ComplianceFinding<'_> {
    /// Converts the record to a finding.
    ///
    /// The user agent of the finding is empty, because records do not contain it. A field that is
    /// missing in the record is empty in the finding.
    pub fn into_finding(self) -> Finding {
        let owned = Cow::into_owned;
        let controls = group_controls(&self.compliance.standards, &self.compliance.requirements);
        let resource = self.resources.into_iter().next().unwrap_or_default();
        let evidence = self.evidences.into_iter().next().unwrap_or_default();
        let (api, user) = (evidence.api, evidence.actor.user);
        let arn = Some(owned(resource.uid));
        Finding {
            uid: self.finding_info.uid,
            policy: owned(self.finding_info.analytic.uid),
            title: owned(self.finding_info.title),
            severity: from_ocsf_severity(self.severity_id),
            status: self.compliance.status_code,
            message: owned(self.message),
            resource: ResourceIdentity {
                kind: owned(resource.kind),
                arn: arn.filter(|uid| !uid.is_empty() && *uid != resource.name),
                id: owned(resource.name),
                account: owned(self.cloud.account.uid),
                region: owned(self.cloud.region),
            },
            action: FindingAction {
                id: owned(evidence.data.action_uid),
                event_id: owned(api.request.uid),
                event_source: owned(api.service.name),
                event_name: owned(api.operation),
                event_time: format_event_time(self.time),
                error_code: api.response.map(|response| owned(response.error)),
            },
            actor: FindingActor {
                kind: owned(user.kind),
                principal: owned(user.uid),
                account: owned(user.account.uid),
                source_address: owned(evidence.src_endpoint.name),
                user_agent: String::new(),
                remediator: self.unmapped.remediator.map(owned),
            },
            evidence: evidence.data.violations.into_owned(),
            controls,
            remediation: self.unmapped.remediation.map(Cow::into_owned),
            possibly_forged: self.unmapped.possibly_forged.map(owned),
            waived: self.unmapped.waiver.map(Cow::into_owned),
            attached_to: self.unmapped.attached_to,
            attached: self.finding_info.related_events.into_iter().map(to_attached).collect(),
        }
    }
}

fn to_attached(related: RelatedFinding<'_>) -> AttachedFinding {
    AttachedFinding {
        uid: related.uid,
        policy: related.title.into_owned(),
        severity: from_ocsf_severity(related.severity_id),
    }
}

fn from_ocsf_severity(id: u8) -> Severity {
    match id {
        5 => Severity::Critical,
        4 => Severity::High,
        3 => Severity::Medium,
        2 => Severity::Low,
        _ => Severity::Informational,
    }
}

/// Formats a time, given in milliseconds since 1970, as CloudTrail writes it. Returns an empty
/// string for 0.
fn format_event_time(milliseconds: i64) -> String {
    let time = Some(milliseconds).filter(|time| *time != 0);
    let time = time.and_then(DateTime::from_timestamp_millis);
    time.map(|time| time.to_rfc3339_opts(SecondsFormat::AutoSi, true)).unwrap_or_default()
}

fn group_controls(
    standards: &[Cow<'_, str>],
    requirements: &[Cow<'_, str>],
) -> BTreeMap<String, Vec<String>> {
    let of = |framework: &Cow<'_, str>| {
        let prefix = format!("{framework}/");
        let ids = requirements.iter().filter_map(|one| one.strip_prefix(&prefix));
        (framework.to_string(), ids.map(str::to_owned).collect())
    };
    standards.iter().map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluation::single_evaluation::ComplianceStatus;
    use crate::finding::AppliedWaiver;
    use crate::policy::{RemediationHeader, RemediationMode, SafetyTier};
    use serde_json::json;
    use uuid::Uuid;

    /// Returns a remediation with all fields.
    fn remediation() -> RemediationHeader {
        RemediationHeader {
            run: "s3-x".to_owned(),
            mode: RemediationMode::Auto,
            tier: Some(SafetyTier::A),
            actions: vec!["s3:PutX".to_owned()],
            checks: vec!["c".to_owned()],
            patch: Some([("P".to_owned(), json!(true))].into_iter().collect()),
            with: [("level".to_owned(), json!("INFO"))].into(),
            ask: Some("q".to_owned()),
        }
    }

    #[test]
    fn a_finding_is_equal_after_it_was_written_and_read() {
        let mut finding = Finding {
            uid: Uuid::from_u128(7),
            policy: "s3-bucket-policy-public".to_owned(),
            title: "t".to_owned(),
            severity: Severity::High,
            status: ComplianceStatus::NonCompliant,
            message: "m".to_owned(),
            resource: ResourceIdentity {
                kind: "AWS::S3::Bucket".to_owned(),
                id: "b".to_owned(),
                arn: Some("arn:aws:s3:::b".to_owned()),
                account: "111122223333".to_owned(),
                region: "eu-central-1".to_owned(),
            },
            action: FindingAction {
                id: "a".to_owned(),
                event_id: "e".to_owned(),
                event_source: "s3.amazonaws.com".to_owned(),
                event_name: "PutBucketPolicy".to_owned(),
                event_time: "2026-03-11T14:45:33Z".to_owned(),
                error_code: Some("AccessDenied".to_owned()),
            },
            actor: FindingActor {
                kind: "IAMUser".to_owned(),
                principal: "arn:aws:iam::111122223333:user/mara".to_owned(),
                account: "111122223333".to_owned(),
                source_address: "192.0.2.1".to_owned(),
                user_agent: String::new(),
                remediator: Some("s3".to_owned()),
            },
            evidence: vec![json!({"Sid": "x"})],
            controls: [("NIST".to_owned(), vec!["AC-3".to_owned(), "AC-4".to_owned()])].into(),
            remediation: Some(remediation()),
            possibly_forged: Some("s".to_owned()),
            waived: Some(AppliedWaiver {
                waiver: "w".to_owned(),
                reason: "r".to_owned(),
                ticket: None,
            }),
            attached_to: Some(Uuid::from_u128(8)),
            attached: vec![AttachedFinding {
                uid: Uuid::from_u128(9),
                policy: "s3-bucket-policy-changed".to_owned(),
                severity: Severity::Low,
            }],
        };
        let read =
            |one: &Finding| read_finding(super::super::serialize_finding(one).as_bytes()).unwrap();
        assert_eq!(read(&finding), finding);
        (finding.resource.arn, finding.waived, finding.remediation) = (None, None, None);
        assert_eq!(read(&finding), finding);
        assert!(read_finding(br#"{"class_uid": 2003}"#).is_err());
    }
}

//! The finding data that a remediator needs, read from the ledger record of the finding.

use std::collections::BTreeMap;

use evenkeel_aws::Arn;
use evenkeel_rules::ocsf::ComplianceFinding;
use evenkeel_rules::policy::{RemediationHeader, RemediationMode, SafetyTier, Severity};
use evenkeel_rules::{ComplianceStatus, Finding};
use serde_json::{Map, Value};
use uuid::Uuid;

/// The resource that a remediation changes. All values come from the ledger record of the finding.
/// The account and the Region in that record are those of the event's envelope.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TargetResource {
    /// The id of the violated policy.
    pub policy: String,
    /// The id of the remediator that the policy names.
    pub remediator: String,
    /// The CloudFormation type, such as `AWS::S3::Bucket`.
    pub kind: String,
    /// The id of the resource, unique within its type, account and region.
    pub id: String,
    /// The account id.
    pub account: String,
    /// The region.
    pub region: String,
    /// The parameters of the remediation (`with` in the policy header).
    pub parameters: BTreeMap<String, Value>,
    /// The ARN, if the finding contains it.
    pub arn: Option<String>,
    /// The safety tier, if the policy header defines it.
    pub tier: Option<SafetyTier>,
    /// The IAM actions that AWS needs to change the resource on behalf of the caller, if the policy
    /// header lists them.
    pub actions: Vec<String>,
    /// The names of the checks before the change, if the policy header lists them.
    pub checks: Vec<String>,
    /// The required values of properties as a merge patch, if the policy header contains it.
    pub patch: Option<Map<String, Value>>,
    /// The text of `ask` in the policy header: what a person must check before an approval.
    pub approval_reason: Option<String>,
    /// The violations that the finding lists. Empty if the policy lists none.
    pub evidence: Vec<Value>,
}

impl TargetResource {
    /// Returns the ARN of a resource of a service, in the account and the Region of the target.
    pub fn build_arn(&self, service: &str, resource: &str) -> String {
        Arn::in_region(&self.region, &self.account, service, resource).to_string()
    }

    /// Returns a UUID that is the same for all findings whose remediation changes the same property
    /// of the same resource, whatever their policies. Limits, locks and undo refer to it.
    pub fn target_uid(&self) -> Uuid {
        let remediator = self.remediator_key();
        let parts = [&remediator, &self.account, &self.region, &self.kind, &self.id];
        // The lengths make the concatenation unambiguous.
        let parts: Vec<String> =
            parts.iter().map(|part| format!("{}:{part}", part.len())).collect();
        let name = parts.concat();
        Uuid::new_v5(&Uuid::new_v5(&Uuid::NAMESPACE_DNS, b"targets.evenkeel"), name.as_bytes())
    }

    /// Returns the id of the remediator, with the names of the properties that a patch changes. The
    /// remediator `cloud-control` changes different properties for different policies.
    pub(crate) fn remediator_key(&self) -> String {
        let properties = self.patch.iter().flat_map(Map::keys).map(String::as_str);
        let mut properties: Vec<&str> = properties.collect();
        properties.sort_unstable();
        [&[self.remediator.as_str()], properties.as_slice()].concat().join(" ")
    }
}

/// A finding that can be remediated.
#[derive(Clone, Debug, PartialEq)]
pub struct PolicyViolation {
    /// The finding's uid.
    pub finding: Uuid,
    /// The ledger key of the finding; empty if the caller did not set it.
    pub key: String,
    /// The resource to remediate.
    pub target: TargetResource,
    /// The mode in the policy header.
    pub mode: RemediationMode,
    /// The principal that violated the policy.
    pub actor: String,
    /// The time of the violation in milliseconds since 1970.
    pub time: i64,
    /// The finding without the evidence and the remediation header. The other fields contain these.
    rest: Finding,
}

/// The reason why a finding cannot be remediated, independent of all settings.
#[derive(Debug, thiserror::Error)]
pub enum PolicyViolationError {
    /// The record is not a finding.
    #[error("the record is not a valid finding: {0}")]
    InvalidRecord(#[from] serde_json::Error),
    /// The status of the finding is not `NON_COMPLIANT`. Contains the status.
    #[error("the status of the finding is {0}; only NON_COMPLIANT findings are remediated")]
    Status(String),
    /// The event is possibly forged. Contains the reason.
    #[error("the event of the finding is possibly forged, so the finding is never remediated: {0}")]
    PossiblyForged(String),
    /// A waiver covers the finding.
    #[error("the finding is waived")]
    Waived,
    /// The policy has no remediation.
    #[error(
        "the policy of the finding does not name a remediator; add `remediation` to the policy \
         header, or remediate the resource by hand"
    )]
    NoRemediator,
    /// The resource id, the account or the region is missing.
    #[error(
        "the resource id, the account or the Region is missing in the finding; a remediation \
         requires all three"
    )]
    UnnamedResource,
}

impl PolicyViolation {
    /// Reads the ledger record of a finding.
    ///
    /// # Errors
    /// [`PolicyViolationError`] if the record is not a finding, or the finding cannot be
    /// remediated.
    pub fn from_record(record: &[u8]) -> Result<PolicyViolation, PolicyViolationError> {
        let record: ComplianceFinding<'_> = serde_json::from_slice(record)?;
        let time = record.time;
        let first = record.resources.first().ok_or(PolicyViolationError::UnnamedResource)?;
        // If the resource id is an ARN, the finding contains no separate ARN.
        let arn = Some(first.uid.to_string()).filter(|uid| uid.starts_with("arn:"));
        let mut finding = record.into_finding();
        if let Some(why) = &finding.possibly_forged {
            return Err(PolicyViolationError::PossiblyForged(why.clone()));
        }
        if finding.waived.is_some() {
            return Err(PolicyViolationError::Waived);
        }
        if finding.status != ComplianceStatus::NonCompliant {
            return Err(PolicyViolationError::Status(finding.status.to_string()));
        }
        let remediation = finding.remediation.take().ok_or(PolicyViolationError::NoRemediator)?;
        let target = TargetResource {
            policy: finding.policy.clone(),
            remediator: remediation.run.clone(),
            kind: finding.resource.kind.clone(),
            id: finding.resource.id.clone(),
            account: finding.resource.account.clone(),
            region: finding.resource.region.clone(),
            parameters: remediation.with,
            arn,
            tier: remediation.tier,
            actions: remediation.actions,
            checks: remediation.checks,
            patch: remediation.patch,
            approval_reason: remediation.ask,
            evidence: std::mem::take(&mut finding.evidence),
        };
        if [&target.id, &target.account, &target.region].iter().any(|part| part.is_empty()) {
            return Err(PolicyViolationError::UnnamedResource);
        }
        Ok(PolicyViolation {
            finding: finding.uid,
            key: String::new(),
            target,
            mode: remediation.mode,
            actor: finding.actor.principal.clone(),
            time,
            rest: finding,
        })
    }

    /// Returns the violation with the ledger key of its finding.
    #[must_use]
    pub fn with_key(self, key: &str) -> PolicyViolation {
        PolicyViolation { key: key.to_owned(), ..self }
    }

    /// Returns the severity of the finding.
    pub fn severity(&self) -> Severity {
        self.rest.severity
    }

    /// Returns the texts of the finding: the title, the message and the severity.
    pub(crate) fn finding_details(&self) -> &Finding {
        &self.rest
    }

    /// Returns the complete finding, because the evaluation of waivers needs all its fields.
    pub(crate) fn to_finding(&self) -> Finding {
        let TargetResource {
            parameters: with,
            tier,
            actions,
            checks,
            patch,
            approval_reason: ask,
            evidence: found,
            remediator: run,
            ..
        } = self.target.clone();
        let mode = self.mode;
        let remediation = RemediationHeader { run, mode, tier, actions, checks, patch, with, ask };
        Finding { evidence: found, remediation: Some(remediation), ..self.rest.clone() }
    }
}

//! A finding as a remediator needs it, read back from the ledger's record.

use std::collections::BTreeMap;

use evenkeel_aws::Arn;
use evenkeel_rules::ocsf::ComplianceFinding;
use evenkeel_rules::policy::{RemediationHeader, RemediationMode, SafetyTier};
use evenkeel_rules::{ComplianceStatus, Finding};
use serde_json::{Map, Value};
use uuid::Uuid;

/// Which resource, of which account: from the ledger's record alone, whose account and region are the
/// envelope's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TargetResource {
    /// The policy that was violated.
    pub policy: String,
    /// The CloudFormation type.
    pub kind: String,
    /// What identifies it within its type, account and region.
    pub id: String,
    /// The account.
    pub account: String,
    /// The region.
    pub region: String,
    /// What the policy's header says about the repair.
    pub parameters: BTreeMap<String, Value>,
    /// Its ARN, where the finding has it.
    pub arn: Option<String>,
    /// How safe the repair is, where the policy's header says so.
    pub tier: Option<SafetyTier>,
    /// The IAM actions by which AWS repairs it in the caller's name, where the policy's header says so.
    pub actions: Vec<String>,
    /// What its properties must be, where the policy's header says so.
    pub patch: Option<Map<String, Value>>,
    /// What a person must look at first, where the policy's header says so.
    pub approval_reason: Option<String>,
    /// The violations that the finding lists: what exactly was found. Empty where the policy's body lists nothing.
    pub evidence: Vec<Value>,
}

impl TargetResource {
    /// The ARN of a resource of a service, in the account and region.
    pub fn build_arn(&self, service: &str, resource: &str) -> String {
        Arn::in_region(&self.region, &self.account, service, resource).to_string()
    }

    /// The same for every finding about this policy and resource.
    pub fn target_uid(&self) -> Uuid {
        let parts = [&self.policy, &self.account, &self.region, &self.kind, &self.id];
        // Lengths keep the parts apart, whatever characters they hold.
        let parts: Vec<String> =
            parts.iter().map(|part| format!("{}:{part}", part.len())).collect();
        let name = parts.concat();
        Uuid::new_v5(&Uuid::new_v5(&Uuid::NAMESPACE_DNS, b"targets.evenkeel"), name.as_bytes())
    }
}

/// A finding that something may be done about.
#[derive(Clone, Debug, PartialEq)]
pub struct PolicyViolation {
    /// The finding's uid.
    pub finding: Uuid,
    /// What is to be repaired.
    pub target: TargetResource,
    /// The remediator that the policy names.
    pub remediator: String,
    /// How far the policy lets it go.
    pub mode: RemediationMode,
    /// Who did it.
    pub actor: String,
    /// When: milliseconds since 1970.
    pub time: i64,
    /// The rest of the finding. What repairs need of it is in the target: what shows it, and the policy's header.
    rest: Finding,
}

/// Why nothing may be done about a finding, whatever the settings.
#[derive(Debug, thiserror::Error)]
pub enum PolicyViolationError {
    /// The record is not that of a finding.
    #[error("the record is no finding: {0}")]
    InvalidRecord(#[from] serde_json::Error),
    /// It says that a policy could not tell.
    #[error("the finding says {0}, and only what violates is repaired")]
    Status(String),
    /// The event may be forged.
    #[error("the finding's event may be forged: {0}")]
    PossiblyForged(String),
    /// A waiver accepts it.
    #[error("the finding is accepted by a waiver")]
    Waived,
    /// The policy names none.
    #[error("the policy names no remediator")]
    NoRemediator,
    /// Something by which it could be found is missing.
    #[error("the finding does not name the resource")]
    UnnamedResource,
}

impl PolicyViolation {
    /// Reads a finding's record.
    ///
    /// # Errors
    /// When it is none, or is one about which nothing may be done.
    pub fn from_record(record: &[u8]) -> Result<PolicyViolation, PolicyViolationError> {
        let record: ComplianceFinding<'_> = serde_json::from_slice(record)?;
        let time = record.time;
        let first = record.resources.first().ok_or(PolicyViolationError::UnnamedResource)?;
        // A resource may be named by its ARN: then the finding tells of no other.
        let arn = Some(first.uid.to_string()).filter(|uid| uid.starts_with("arn:"));
        let mut finding = record.into_finding();
        if let Some(why) = &finding.suspect {
            return Err(PolicyViolationError::PossiblyForged(why.clone()));
        }
        if finding.suppressed.is_some() {
            return Err(PolicyViolationError::Waived);
        }
        if finding.status != ComplianceStatus::NonCompliant {
            return Err(PolicyViolationError::Status(finding.status.to_string()));
        }
        let remediation = finding.remediation.take().ok_or(PolicyViolationError::NoRemediator)?;
        let target = TargetResource {
            policy: finding.policy.clone(),
            kind: finding.resource.kind.clone(),
            id: finding.resource.id.clone(),
            account: finding.resource.account.clone(),
            region: finding.resource.region.clone(),
            parameters: remediation.with,
            arn,
            tier: remediation.tier,
            actions: remediation.actions,
            patch: remediation.patch,
            approval_reason: remediation.ask,
            evidence: std::mem::take(&mut finding.evidence),
        };
        if [&target.id, &target.account, &target.region].iter().any(|part| part.is_empty()) {
            return Err(PolicyViolationError::UnnamedResource);
        }
        Ok(PolicyViolation {
            finding: finding.uid,
            target,
            remediator: remediation.run,
            mode: remediation.mode,
            actor: finding.actor.principal.clone(),
            time,
            rest: finding,
        })
    }

    /// The whole finding again, for waivers.
    pub(crate) fn to_finding(&self) -> Finding {
        let TargetResource {
            parameters: with,
            tier,
            actions,
            patch,
            approval_reason: ask,
            evidence: found,
            ..
        } = self.target.clone();
        let (run, mode) = (self.remediator.clone(), self.mode);
        let remediation = RemediationHeader { run, mode, tier, actions, patch, with, ask };
        Finding { evidence: found, remediation: Some(remediation), ..self.rest.clone() }
    }
}

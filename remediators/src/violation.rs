//! A finding as a remediator needs it, read back from the ledger's record.

use std::collections::BTreeMap;

use evenkeel_aws::Arn;
use evenkeel_rules::policy::{Mode, Tier};
use evenkeel_rules::{ComplianceStatus, Finding};
use serde::Deserialize;
use serde_json::{Map, Value};
use uuid::Uuid;

/// Which resource, of which account: from the ledger's record alone, whose account and region are the
/// envelope's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Target {
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
    pub with: BTreeMap<String, Value>,
    /// Its ARN, where the finding has it.
    pub arn: Option<String>,
    /// How safe the repair is, where the policy's header says so.
    pub tier: Option<Tier>,
    /// The IAM actions by which AWS repairs it in the caller's name, where the policy's header says so.
    pub actions: Vec<String>,
    /// What its properties must be, where the policy's header says so.
    pub patch: Option<Map<String, Value>>,
    /// What a person must look at first, where the policy's header says so.
    pub ask: Option<String>,
    /// The violations that the finding lists: what exactly was found. Empty where the policy's body lists nothing.
    pub found: Vec<Value>,
}

impl Target {
    /// The ARN of a resource of a service, in the account and region.
    pub fn arn(&self, service: &str, resource: &str) -> String {
        Arn::in_region(&self.region, &self.account, service, resource).to_string()
    }

    /// The same for every finding about this policy and resource.
    pub fn uid(&self) -> Uuid {
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
pub struct Violation {
    /// The finding's uid.
    pub finding: Uuid,
    /// What is to be repaired.
    pub target: Target,
    /// The remediator that the policy names.
    pub remediator: String,
    /// How far the policy lets it go.
    pub mode: Mode,
    /// Who did it.
    pub actor: String,
    /// When: milliseconds since 1970.
    pub time: i64,
    /// The whole finding, for waivers.
    pub told: Finding,
}

/// Why nothing may be done about a finding, whatever the settings.
#[derive(Debug, thiserror::Error)]
pub enum ViolationError {
    /// The record is not that of a finding.
    #[error("the record is no finding: {0}")]
    Record(#[from] serde_json::Error),
    /// It says that a policy could not tell.
    #[error("the finding says {0}, and only what violates is repaired")]
    Status(String),
    /// The event may be forged.
    #[error("the finding's event may be forged: {0}")]
    Suspect(String),
    /// A waiver accepts it.
    #[error("the finding is accepted by a waiver")]
    Waived,
    /// The policy names none.
    #[error("the policy names no remediator")]
    NoRemediator,
    /// Something by which it could be found is missing.
    #[error("the finding does not name the resource")]
    Nameless,
}

impl Violation {
    /// Reads a finding's record.
    ///
    /// # Errors
    /// When it is none, or is one about which nothing may be done.
    pub fn read(record: &[u8]) -> Result<Violation, ViolationError> {
        let whole: Value = serde_json::from_slice(record)?;
        let told = evenkeel_rules::ocsf::read(&whole).ok_or(ViolationError::Nameless)?;
        let record: Record = serde_json::from_value(whole)?;
        let Unmapped { remediation, suspect, waiver } = record.unmapped;
        if let Some(why) = suspect {
            return Err(ViolationError::Suspect(why));
        }
        if waiver.is_some() {
            return Err(ViolationError::Waived);
        }
        let status = record.compliance.status_code;
        if status != ComplianceStatus::NonCompliant {
            return Err(ViolationError::Status(status.to_string()));
        }
        let remediation = remediation.ok_or(ViolationError::NoRemediator)?;
        let resource = record.resources.into_iter().next().ok_or(ViolationError::Nameless)?;
        let target = Target {
            policy: record.finding_info.analytic.uid,
            kind: resource.kind,
            id: resource.name,
            account: record.cloud.account.uid,
            region: record.cloud.region,
            with: remediation.with,
            arn: Some(resource.uid).filter(|uid| uid.starts_with("arn:")),
            tier: remediation.tier,
            actions: remediation.actions,
            patch: remediation.patch,
            ask: remediation.ask,
            found: told.evidence.clone(),
        };
        if [&target.id, &target.account, &target.region].iter().any(|part| part.is_empty()) {
            return Err(ViolationError::Nameless);
        }
        let actor = record.evidences.into_iter().next().map(|one| one.actor.user.uid);
        Ok(Violation {
            finding: record.finding_info.uid,
            target,
            remediator: remediation.run,
            mode: remediation.mode,
            actor: actor.unwrap_or_default(),
            time: record.time,
            told,
        })
    }
}

/// What is needed of an OCSF Compliance Finding.
#[derive(Deserialize)]
struct Record {
    time: i64,
    finding_info: FindingInfo,
    compliance: Compliance,
    cloud: Cloud,
    resources: Vec<ResourceDetails>,
    #[serde(default)]
    evidences: Vec<Evidence>,
    #[serde(default)]
    unmapped: Unmapped,
}

#[derive(Deserialize)]
struct FindingInfo {
    uid: Uuid,
    analytic: Named,
}

#[derive(Deserialize)]
struct Compliance {
    status_code: ComplianceStatus,
}

#[derive(Deserialize)]
struct Cloud {
    account: Named,
    region: String,
}

#[derive(Deserialize)]
struct Named {
    uid: String,
}

#[derive(Deserialize)]
struct ResourceDetails {
    #[serde(rename = "type")]
    kind: String,
    name: String,
    #[serde(default)]
    uid: String,
}

#[derive(Deserialize)]
struct Evidence {
    actor: Actor,
}

#[derive(Deserialize)]
struct Actor {
    user: Named,
}

#[derive(Default, Deserialize)]
struct Unmapped {
    remediation: Option<evenkeel_rules::policy::RemediationHeader>,
    suspect: Option<String>,
    waiver: Option<serde_json::Value>,
}

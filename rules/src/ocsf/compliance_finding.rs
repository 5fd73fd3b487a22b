//! OCSF's class 2003, Compliance Finding, as it is written and read.
//!
//! Source: OCSF schema 1.8.0, class `compliance_finding`, profile `cloud`.

use super::common::{OcsfAccount, OcsfCloud, OcsfMetadata};
use crate::evaluation::single_evaluation::ComplianceStatus;
use crate::finding::AppliedWaiver;
use crate::policy::RemediationHeader;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::borrow::Cow;
use uuid::Uuid;

/// A Compliance Finding. Names and meanings are the schema's; what is read may lack what identifies nothing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the schema documents its attributes")]
pub struct ComplianceFinding<'a> {
    #[serde(default)]
    pub activity_id: u8,
    #[serde(default)]
    pub activity_name: Cow<'a, str>,
    #[serde(default)]
    pub category_uid: u8,
    #[serde(default)]
    pub category_name: Cow<'a, str>,
    #[serde(default)]
    pub class_uid: u16,
    #[serde(default)]
    pub class_name: Cow<'a, str>,
    #[serde(default)]
    pub type_uid: u32,
    #[serde(default)]
    pub type_name: Cow<'a, str>,
    #[serde(default)]
    pub severity_id: u8,
    #[serde(default)]
    pub severity: Cow<'a, str>,
    #[serde(default)]
    pub status_id: u8,
    #[serde(default)]
    pub status: Cow<'a, str>,
    /// Milliseconds since 1970; 0 where nobody knows.
    #[serde(default)]
    pub time: i64,
    #[serde(default)]
    pub message: Cow<'a, str>,
    #[serde(default)]
    pub metadata: OcsfMetadata<'a>,
    #[serde(default)]
    pub cloud: OcsfCloud<'a>,
    pub finding_info: FindingInfo<'a>,
    pub compliance: ComplianceDetails<'a>,
    #[serde(default)]
    pub resources: Vec<ResourceDetails<'a>>,
    #[serde(default)]
    pub evidences: Vec<FindingEvidence<'a>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remediation: Option<FindingRemediation<'a>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status_detail: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "UnmappedDetails::is_empty")]
    pub unmapped: UnmappedDetails<'a>,
}

/// What the finding is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FindingInfo<'a> {
    /// The finding's uid.
    pub uid: Uuid,
    /// The policy's title.
    #[serde(default)]
    pub title: Cow<'a, str>,
    /// The finding's message.
    #[serde(default)]
    pub desc: Cow<'a, str>,
    /// As [`ComplianceFinding::time`].
    #[serde(default)]
    pub created_time: i64,
    /// The policy.
    pub analytic: FindingAnalytic<'a>,
}

/// What found it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FindingAnalytic<'a> {
    /// The policy's id.
    pub uid: Cow<'a, str>,
    /// The policy's title.
    #[serde(default)]
    pub name: Cow<'a, str>,
    /// 1: a rule.
    #[serde(default)]
    pub type_id: u8,
    /// `Rule`.
    #[serde(rename = "type", default)]
    pub kind: Cow<'a, str>,
}

/// What does not comply, and with what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComplianceDetails<'a> {
    /// The policy's id.
    #[serde(default)]
    pub control: Cow<'a, str>,
    /// Frameworks.
    #[serde(default)]
    pub standards: Vec<Cow<'a, str>>,
    /// `<framework>/<control>`.
    #[serde(default)]
    pub requirements: Vec<Cow<'a, str>>,
    /// 1 where it passes, 3 where it fails, else 0.
    #[serde(default)]
    pub status_id: u8,
    /// The same in a word.
    #[serde(default)]
    pub status: Cow<'a, str>,
    /// What the policy said.
    pub status_code: ComplianceStatus,
    /// The finding's message.
    #[serde(default)]
    pub status_detail: Cow<'a, str>,
}

/// A resource that the finding is about.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ResourceDetails<'a> {
    /// The CloudFormation type.
    #[serde(rename = "type")]
    pub kind: Cow<'a, str>,
    /// Its ARN, or else its name.
    pub uid: Cow<'a, str>,
    /// What identifies it within its type, account and Region.
    pub name: Cow<'a, str>,
    /// Its Region.
    pub region: Cow<'a, str>,
    /// Whose it is.
    pub owner: ResourceOwner<'a>,
}

/// Whose a resource is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ResourceOwner<'a> {
    /// The account.
    pub account: OcsfAccount<'a>,
}

/// What was done, by whom, and what in it shows the violation.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct FindingEvidence<'a> {
    /// The call.
    pub api: ApiCall<'a>,
    /// Who called.
    pub actor: EvidenceActor<'a>,
    /// From where.
    pub src_endpoint: NamedEntity<'a>,
    /// What shows it.
    pub data: EvidenceData<'a>,
}

/// A call.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ApiCall<'a> {
    /// `eventName`.
    pub operation: Cow<'a, str>,
    /// `eventSource`.
    pub service: NamedEntity<'a>,
    /// `eventID`.
    pub request: ApiRequest<'a>,
    /// What it answered, where that was an error.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response: Option<ApiResponse<'a>>,
}

/// Something with a name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct NamedEntity<'a> {
    /// Its name.
    pub name: Cow<'a, str>,
}

/// The request of a call.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ApiRequest<'a> {
    /// What identifies it.
    pub uid: Cow<'a, str>,
}

/// The answer to a call.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ApiResponse<'a> {
    /// `errorCode`.
    pub error: Cow<'a, str>,
}

/// Who called.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct EvidenceActor<'a> {
    /// The caller.
    pub user: EvidenceUser<'a>,
}

/// A caller.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct EvidenceUser<'a> {
    /// An ARN, a service's name, or what little the record has.
    pub uid: Cow<'a, str>,
    /// 99: of a kind that the schema does not list.
    pub type_id: u8,
    /// `userIdentity.type`.
    #[serde(rename = "type")]
    pub kind: Cow<'a, str>,
    /// The caller's account.
    pub account: OcsfAccount<'a>,
}

/// What shows a violation.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct EvidenceData<'a> {
    /// What happened, the same in every record of it.
    pub action_uid: Cow<'a, str>,
    /// The elements of a policy's list-valued body.
    pub violations: Cow<'a, [Value]>,
}

/// What can repair it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct FindingRemediation<'a> {
    /// In words.
    pub desc: Cow<'a, str>,
}

/// What the schema has no attribute for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct UnmappedDetails<'a> {
    /// Which remediator repairs it, and how far it may go.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remediation: Option<Cow<'a, RemediationHeader>>,
    /// Why the event may be forged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suspect: Option<Cow<'a, str>>,
    /// The family of our own remediators in whose role it was done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remediator: Option<Cow<'a, str>>,
    /// The waiver that accepts it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waiver: Option<Cow<'a, AppliedWaiver>>,
}

impl UnmappedDetails<'_> {
    fn is_empty(&self) -> bool {
        *self == UnmappedDetails::default()
    }
}

//! The OCSF class 2003, Compliance Finding.
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

/// A Compliance Finding. The names and meanings of the fields are those of the schema. When a
/// record is read, fields that do not identify the finding may be missing.
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
    /// The time of the event in milliseconds since 1970; 0 if unknown.
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

/// The identity of a finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FindingInfo<'a> {
    /// The uid of the finding.
    pub uid: Uuid,
    /// The title of the policy.
    #[serde(default)]
    pub title: Cow<'a, str>,
    /// The message of the finding.
    #[serde(default)]
    pub desc: Cow<'a, str>,
    /// The value of [`ComplianceFinding::time`].
    #[serde(default)]
    pub created_time: i64,
    /// The policy.
    pub analytic: FindingAnalytic<'a>,
    /// The less severe findings of the same action.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub related_events: Vec<RelatedFinding<'a>>,
}

/// A less severe finding of the same action.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RelatedFinding<'a> {
    /// The uid of the finding.
    pub uid: Uuid,
    /// The id of the policy.
    #[serde(default)]
    pub title: Cow<'a, str>,
    /// The OCSF severity.
    #[serde(default)]
    pub severity_id: u8,
    /// The caption of the OCSF severity.
    #[serde(default)]
    pub severity: Cow<'a, str>,
}

/// The policy that produced a finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FindingAnalytic<'a> {
    /// The id of the policy.
    pub uid: Cow<'a, str>,
    /// The title of the policy.
    #[serde(default)]
    pub name: Cow<'a, str>,
    /// The type of the analytic; 1 is a rule.
    #[serde(default)]
    pub type_id: u8,
    /// The caption of the type, `Rule`.
    #[serde(rename = "type", default)]
    pub kind: Cow<'a, str>,
}

/// The compliance status of a finding and the controls to which it refers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComplianceDetails<'a> {
    /// The id of the policy.
    #[serde(default)]
    pub control: Cow<'a, str>,
    /// The names of the frameworks.
    #[serde(default)]
    pub standards: Vec<Cow<'a, str>>,
    /// The controls, as `<framework>/<control>`.
    #[serde(default)]
    pub requirements: Vec<Cow<'a, str>>,
    /// The OCSF status: 1 is pass, 3 is fail, 0 is unknown.
    #[serde(default)]
    pub status_id: u8,
    /// The caption of the OCSF status.
    #[serde(default)]
    pub status: Cow<'a, str>,
    /// The status that the policy returned.
    pub status_code: ComplianceStatus,
    /// The message of the finding.
    #[serde(default)]
    pub status_detail: Cow<'a, str>,
}

/// The resource of a finding.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ResourceDetails<'a> {
    /// The CloudFormation type.
    #[serde(rename = "type")]
    pub kind: Cow<'a, str>,
    /// The ARN of the resource, or else its id.
    pub uid: Cow<'a, str>,
    /// The id of the resource, unique within its type, account and Region.
    pub name: Cow<'a, str>,
    /// The Region of the resource.
    pub region: Cow<'a, str>,
    /// The owner of the resource.
    pub owner: ResourceOwner<'a>,
}

/// The owner of a resource.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ResourceOwner<'a> {
    /// The account of the resource.
    pub account: OcsfAccount<'a>,
}

/// The evidence of a finding: the call, the caller and the violations.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct FindingEvidence<'a> {
    /// The API call.
    pub api: ApiCall<'a>,
    /// The caller.
    pub actor: EvidenceActor<'a>,
    /// The `sourceIPAddress` of the call.
    pub src_endpoint: NamedEntity<'a>,
    /// The violations.
    pub data: EvidenceData<'a>,
}

/// An API call.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ApiCall<'a> {
    /// The `eventName` of the record.
    pub operation: Cow<'a, str>,
    /// The `eventSource` of the record.
    pub service: NamedEntity<'a>,
    /// The `eventID` of the record.
    pub request: ApiRequest<'a>,
    /// The error of the call, if it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response: Option<ApiResponse<'a>>,
}

/// An object that has only a name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct NamedEntity<'a> {
    /// The name.
    pub name: Cow<'a, str>,
}

/// The request of an API call.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ApiRequest<'a> {
    /// The id of the request.
    pub uid: Cow<'a, str>,
}

/// The response to an API call.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ApiResponse<'a> {
    /// The `errorCode` of the record.
    pub error: Cow<'a, str>,
}

/// The actor of the evidence, which contains the caller.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct EvidenceActor<'a> {
    /// The caller.
    pub user: EvidenceUser<'a>,
}

/// The caller of an API call.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct EvidenceUser<'a> {
    /// The ARN of the caller, the name of an AWS service, the principal id or the account id.
    pub uid: Cow<'a, str>,
    /// The type of the user; 99 is a type that the schema does not list.
    pub type_id: u8,
    /// The `userIdentity.type` of the record.
    #[serde(rename = "type")]
    pub kind: Cow<'a, str>,
    /// The account of the caller.
    pub account: OcsfAccount<'a>,
}

/// The data that proves a violation.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct EvidenceData<'a> {
    /// The id of the action, which is equal in every record of the action.
    pub action_uid: Cow<'a, str>,
    /// The elements of the list that the body of the policy returned.
    pub violations: Cow<'a, [Value]>,
}

/// The remediation of a finding.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct FindingRemediation<'a> {
    /// The description of the remediation.
    pub desc: Cow<'a, str>,
}

/// The fields for which the schema has no attribute.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct UnmappedDetails<'a> {
    /// The remediator, its mode and its settings.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remediation: Option<Cow<'a, RemediationHeader>>,
    /// The reason why the event is possibly forged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub possibly_forged: Option<Cow<'a, str>>,
    /// The family of remediators whose role made the call, if Evenkeel itself made it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remediator: Option<Cow<'a, str>>,
    /// The waiver that applies to the finding.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waiver: Option<Cow<'a, AppliedWaiver>>,
    /// The uid of the most severe finding of the same action.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attached_to: Option<Uuid>,
}

impl UnmappedDetails<'_> {
    fn is_empty(&self) -> bool {
        *self == UnmappedDetails::default()
    }
}

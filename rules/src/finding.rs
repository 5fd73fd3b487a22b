//! Findings: one finding for each policy, resource and action that is not compliant.

use crate::evaluation::single_evaluation::{ComplianceStatus, Evaluation, ResourceIdentity};
use crate::event::CloudTrailEvent;
use crate::json::JsonNode;
use crate::policy::{FilledValues, Policy, RemediationHeader, Severity};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use uuid::Uuid;

/// Returns the namespace of finding uids: the UUIDv5 of `findings.evenkeel` in the DNS namespace.
fn finding_namespace() -> Uuid {
    Uuid::new_v5(&Uuid::NAMESPACE_DNS, b"findings.evenkeel")
}

/// The action that caused a finding, as CloudTrail recorded it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FindingAction {
    /// The id of the action, which is equal in every record of the action.
    pub id: String,
    /// `eventID` of the record.
    pub event_id: String,
    /// `eventSource`.
    pub event_source: String,
    /// `eventName`.
    pub event_name: String,
    /// `eventTime`.
    pub event_time: String,
    /// `errorCode`, if the record contains one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_code: Option<String>,
}

/// The caller of an action, as CloudTrail recorded it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FindingActor {
    /// `userIdentity.type`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The ARN of the caller, the name of an AWS service, the principal id or the account id; empty
    /// if the record contains none of them.
    pub principal: String,
    /// The account id of the caller, which can differ from the account of the resource.
    pub account: String,
    /// `sourceIPAddress`: an IP address, or the name of an AWS service.
    pub source_address: String,
    /// `userAgent`.
    pub user_agent: String,
    /// The family of remediators whose role made the call, if Evenkeel made the call. Evenkeel does
    /// not remediate such a finding, because one remediation could otherwise cause the next without
    /// end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remediator: Option<String>,
}

/// The prefix of the names of remediator roles. The name of the family follows it.
pub const REMEDIATOR_ROLE: &str = "evenkeel-remediate-";

/// The waiver that applies to a finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AppliedWaiver {
    /// The id of the waiver.
    #[serde(default)]
    pub waiver: String,
    /// The reason for the waiver. It is empty if a record of the ledger contains none.
    #[serde(default)]
    pub reason: String,
    /// The ticket with more information.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ticket: Option<String>,
}

/// A finding of the same action that is attached to a more severe finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttachedFinding {
    /// The uid of the attached finding.
    pub uid: Uuid,
    /// The id of its policy.
    pub policy: String,
    /// Its severity.
    pub severity: Severity,
}

impl From<&Finding> for AttachedFinding {
    fn from(finding: &Finding) -> Self {
        let (uid, severity) = (finding.uid, finding.severity);
        AttachedFinding { uid, policy: finding.policy.clone(), severity }
    }
}

/// A finding: the result of a policy that is not compliant, with the resource, the action and the
/// caller.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// The UUIDv5 of the policy, the resource and the action. A possibly forged finding has a
    /// different uid.
    pub uid: Uuid,
    /// The id of the policy.
    pub policy: String,
    /// The title of the policy.
    pub title: String,
    /// The severity of the policy.
    pub severity: Severity,
    /// The status, which is never `COMPLIANT` or `NOT_APPLICABLE`.
    pub status: ComplianceStatus,
    /// The message, which describes the violation or gives the reason for another status.
    pub message: String,
    /// The resource that was evaluated.
    pub resource: ResourceIdentity,
    /// The action that caused the finding.
    pub action: FindingAction,
    /// The caller of the action.
    pub actor: FindingActor,
    /// The elements of the list that the body of the policy returned.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<serde_json::Value>,
    /// The ids of the violated controls, by the name of the framework.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub controls: BTreeMap<String, Vec<String>>,
    /// The remediation for the finding, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remediation: Option<RemediationHeader>,
    /// The reason why the event is possibly forged. Evenkeel records such a finding and never
    /// remediates it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub possibly_forged: Option<String>,
    /// The waiver that applies to the finding.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waived: Option<AppliedWaiver>,
    /// The uid of the most severe finding of the same action, to which this finding is attached.
    /// People are notified only of that finding.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attached_to: Option<Uuid>,
    /// The less severe findings of the same action.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub attached: Vec<AttachedFinding>,
}

impl Finding {
    /// Creates the finding of an evaluation. Returns `None` if the status is `COMPLIANT` or
    /// `NOT_APPLICABLE`.
    pub fn from_evaluation(
        policy: &Policy,
        event: &CloudTrailEvent<'_>,
        evaluation: Evaluation,
    ) -> Option<Finding> {
        match evaluation.status {
            ComplianceStatus::Compliant | ComplianceStatus::NotApplicable => return None,
            ComplianceStatus::NonCompliant
            | ComplianceStatus::InsufficientData
            | ComplianceStatus::Error => {}
        }
        let action = build_action(event);
        let (remediation, note) =
            fill_remediation(policy, evaluation.patch, evaluation.remediator_inputs);
        let finding = Finding {
            uid: compute_finding_uid(&policy.id, &evaluation.resource, &action.id),
            policy: policy.id.clone(),
            title: policy.title.clone(),
            severity: policy.severity,
            status: evaluation.status,
            message: evaluation.message + &note,
            resource: evaluation.resource,
            action,
            actor: build_actor(event),
            evidence: evaluation.evidence,
            controls: policy.controls.clone(),
            remediation,
            possibly_forged: None,
            waived: None,
            attached_to: None,
            attached: Vec::new(),
        };
        Some(match find_forgery_sign(event) {
            Some(why) => finding.into_possibly_forged(why),
            None => finding,
        })
    }

    /// Marks the finding as possibly forged, with the reason `why`. A finding that is already
    /// marked keeps its first reason.
    ///
    /// The function changes the uid. Therefore, the record, the revisions and the announcement of a
    /// finding from an authentic event are not affected.
    #[must_use]
    pub fn into_possibly_forged(self, why: &str) -> Finding {
        if self.possibly_forged.is_some() {
            return self;
        }
        let forged_uid = |uid: Uuid| Uuid::new_v5(&uid, POSSIBLY_FORGED);
        let attached = self.attached.into_iter();
        Finding {
            uid: forged_uid(self.uid),
            possibly_forged: Some(why.to_owned()),
            attached_to: self.attached_to.map(forged_uid),
            attached: attached
                .map(|one| AttachedFinding { uid: forged_uid(one.uid), ..one })
                .collect(),
            ..self
        }
    }
}

/// The name from which the uid of a possibly forged finding is derived.
const POSSIBLY_FORGED: &[u8] = b"possibly forged";

/// Returns the remediation with its patch and its inputs for this event. If one of their
/// expressions failed, the function returns no remediation, and a note for the message of the
/// finding.
fn fill_remediation(
    policy: &Policy,
    patch: Option<FilledValues>,
    with: Option<FilledValues>,
) -> (Option<RemediationHeader>, String) {
    let Some(header) = policy.remediation.clone() else { return (None, String::new()) };
    match (patch.transpose(), with.transpose()) {
        (Ok(patch), Ok(with)) => {
            let with = with.map_or(header.with, |with| with.into_iter().collect());
            let patch = patch.or(header.patch);
            (Some(RemediationHeader { with, patch, ..header }), String::new())
        }
        (Err(why), _) | (_, Err(why)) => {
            (None, format!("; automatic remediation is not possible: {why}"))
        }
    }
}

/// Returns the reason why CloudTrail cannot have written the record: the `eventID` of a call is
/// always a UUID.
///
/// Source: AWS CloudTrail User Guide, "CloudTrail record contents", `eventID`.
fn find_forgery_sign(event: &CloudTrailEvent<'_>) -> Option<&'static str> {
    let call = event
        .raw
        .get_member("eventType")
        .and_then(JsonNode::as_str)
        .is_some_and(|it| it == "AwsApiCall");
    // `try_parse` also accepts a UUID without hyphens, but AWS always writes 36 characters.
    let is_uuid = event.id.len() == 36 && Uuid::try_parse(&event.id).is_ok();
    (call && !is_uuid).then_some("the record's eventID is not a UUID")
}

/// Returns the uid of a finding. The uid depends only on the policy, the resource and the action.
/// It does not depend on the source of the event, so that copies from several sources are one
/// finding.
fn compute_finding_uid(policy: &str, resource: &ResourceIdentity, action: &str) -> Uuid {
    // Each part is preceded by its length. Otherwise, different parts could form the same name.
    let parts = [policy, &resource.account, &resource.region, &resource.kind, &resource.id, action];
    let mut name = String::new();
    for part in parts {
        name.push_str(&part.len().to_string());
        name.push(':');
        name.push_str(part);
        name.push('\n');
    }
    Uuid::new_v5(&finding_namespace(), name.as_bytes())
}

fn get_text_at(node: JsonNode<'_>, path: &[&str]) -> String {
    node.get_path(path).and_then(JsonNode::as_str).unwrap_or_default().into_owned()
}

fn build_action(event: &CloudTrailEvent<'_>) -> FindingAction {
    let error_code = event.raw.get_member("errorCode").and_then(JsonNode::as_str);
    FindingAction {
        id: event.action_id().into_owned(),
        event_id: event.id.clone().into_owned(),
        event_source: event.source.clone().into_owned(),
        event_name: event.name.clone().into_owned(),
        event_time: event.time.clone().into_owned(),
        error_code: error_code.map(std::borrow::Cow::into_owned),
    }
}

fn build_actor(event: &CloudTrailEvent<'_>) -> FindingActor {
    FindingActor {
        kind: get_text_at(event.raw, &["userIdentity", "type"]),
        principal: event.caller_identity().into_owned(),
        account: get_text_at(event.raw, &["userIdentity", "accountId"]),
        source_address: get_text_at(event.raw, &["sourceIPAddress"]),
        user_agent: get_text_at(event.raw, &["userAgent"]),
        remediator: remediator_family(event),
    }
}

/// Returns the family of remediators whose role made the call. The role must belong to the account
/// of the event: a role with the same name in another account is not a role of Evenkeel.
fn remediator_family(event: &CloudTrailEvent<'_>) -> Option<String> {
    let issuer =
        |field| get_text_at(event.raw, &["userIdentity", "sessionContext", "sessionIssuer", field]);
    let family = issuer("userName").strip_prefix(REMEDIATOR_ROLE)?.to_owned();
    (issuer("type") == "Role" && issuer("accountId") == event.account).then_some(family)
}

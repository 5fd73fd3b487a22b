//! What is written when a policy does not hold: one record for one policy, resource and action.

use crate::evaluation::single_evaluation::{ComplianceStatus, Evaluation, ResourceIdentity};
use crate::event::CloudTrailEvent;
use crate::json::JsonNode;
use crate::policy::{FilledValues, Policy, RemediationHeader, Severity};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use uuid::Uuid;

/// The namespace of finding uids: the UUIDv5 of `findings.evenkeel` in the DNS namespace.
fn finding_namespace() -> Uuid {
    Uuid::new_v5(&Uuid::NAMESPACE_DNS, b"findings.evenkeel")
}

/// The action that a finding is about, as CloudTrail recorded it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FindingAction {
    /// What happened, the same in every record of it.
    pub id: String,
    /// `eventID` of the record.
    pub event_id: String,
    /// `eventSource`.
    pub event_source: String,
    /// `eventName`.
    pub event_name: String,
    /// `eventTime`.
    pub event_time: String,
    /// `errorCode`, where the call failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_code: Option<String>,
}

/// Who acted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FindingActor {
    /// `userIdentity.type`.
    #[serde(rename = "type")]
    pub kind: String,
    /// An ARN, a service's name, or what little the record has.
    pub principal: String,
    /// The account of the actor, which may not be that of the resource.
    pub account: String,
    /// `sourceIPAddress`: an address, or a service's name.
    pub source_address: String,
    /// `userAgent`.
    pub user_agent: String,
    /// The family of our own remediators in whose role this was done: nothing is done about it, or one
    /// remediation would cause the next.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remediator: Option<String>,
}

/// The role of a family of remediators has this, and then the family's name.
pub const REMEDIATOR_ROLE: &str = "evenkeel-remediate-";

/// The waiver under which a finding was accepted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AppliedWaiver {
    /// The waiver's id.
    #[serde(default)]
    pub waiver: String,
    /// Why it was accepted. A record that lacks it is of an accepted finding all the same.
    #[serde(default)]
    pub reason: String,
    /// The ticket that says more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ticket: Option<String>,
}

/// A finding.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// UUIDv5 of the policy, the resource and the action; of what may be forged, another than of what is not.
    pub uid: Uuid,
    /// The policy's id.
    pub policy: String,
    /// The policy's title.
    pub title: String,
    /// The policy's severity.
    pub severity: Severity,
    /// Never `COMPLIANT` or `NOT_APPLICABLE`.
    pub status: ComplianceStatus,
    /// What it is about, in words.
    pub message: String,
    /// What it is about.
    pub resource: ResourceIdentity,
    /// What was done.
    pub action: FindingAction,
    /// Who did it.
    pub actor: FindingActor,
    /// What shows it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<serde_json::Value>,
    /// Frameworks' controls that it shows to be broken.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub controls: BTreeMap<String, Vec<String>>,
    /// What can repair it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remediation: Option<RemediationHeader>,
    /// Why the event may be forged: it is recorded, and nothing is done about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suspect: Option<String>,
    /// The waiver that accepts it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suppressed: Option<AppliedWaiver>,
}

impl Finding {
    /// The finding of an evaluation; none where the policy holds or does not apply.
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
        let (remediation, doubt) =
            fill_remediation(policy, evaluation.patch, evaluation.remediator_inputs);
        let finding = Finding {
            uid: compute_finding_uid(&policy.id, &evaluation.resource, &action.id),
            policy: policy.id.clone(),
            title: policy.title.clone(),
            severity: policy.severity,
            status: evaluation.status,
            message: evaluation.message + &doubt,
            resource: evaluation.resource,
            action,
            actor: build_actor(event),
            evidence: evaluation.evidence,
            controls: policy.controls.clone(),
            remediation,
            suspect: None,
            suppressed: None,
        };
        Some(match find_forgery_sign(event) {
            Some(why) => finding.into_possibly_forged(why),
            None => finding,
        })
    }

    /// The same finding of an event that may be forged; the first reason holds.
    ///
    /// Its uid becomes another, so that it takes no record, no revision and no announcement from the finding of
    /// an event that is not forged.
    #[must_use]
    pub fn into_possibly_forged(self, why: &str) -> Finding {
        if self.suspect.is_some() {
            return self;
        }
        let uid = Uuid::new_v5(&self.uid, POSSIBLY_FORGED);
        Finding { uid, suspect: Some(why.to_owned()), ..self }
    }
}

/// What tells the uid of a finding that may be forged from that of one that is not.
const POSSIBLY_FORGED: &[u8] = b"possibly forged";

/// What can repair it, with the patch and what the remediator is told for this event. Without what it needs, nothing can:
/// the message says why.
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
        (Err(why), _) | (_, Err(why)) => (None, format!("; it cannot be repaired: {why}")),
    }
}

/// What a record cannot have if CloudTrail wrote it: the id of a call is a UUID.
///
/// Source: AWS CloudTrail User Guide, "CloudTrail record contents", `eventID`.
fn find_forgery_sign(event: &CloudTrailEvent<'_>) -> Option<&'static str> {
    let call = event
        .raw
        .get_member("eventType")
        .and_then(JsonNode::as_str)
        .is_some_and(|it| it == "AwsApiCall");
    // As AWS writes them, with four hyphens.
    let is_uuid = event.id.len() == 36 && Uuid::try_parse(&event.id).is_ok();
    (call && !is_uuid).then_some("the record's eventID is not a UUID")
}

/// The same for the same policy, resource and action, whichever door the event came through.
fn compute_finding_uid(policy: &str, resource: &ResourceIdentity, action: &str) -> Uuid {
    // Lengths keep the parts apart, whatever characters they hold.
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

/// The family of remediators whose role acted, in the account that the event is of: a role of another
/// account that is called so is none of ours.
fn remediator_family(event: &CloudTrailEvent<'_>) -> Option<String> {
    let issuer =
        |field| get_text_at(event.raw, &["userIdentity", "sessionContext", "sessionIssuer", field]);
    let family = issuer("userName").strip_prefix(REMEDIATOR_ROLE)?.to_owned();
    (issuer("type") == "Role" && issuer("accountId") == event.account).then_some(family)
}

//! What is written when a policy does not hold: one record for one policy, resource and action.

use crate::evaluation::evaluate::{ComplianceStatus, Evaluation, Resource};
use crate::event::Event;
use crate::json::Node;
use crate::policy::{FilledValues, Policy, RemediationHeader, Severity};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use uuid::Uuid;

/// The namespace of finding uids: the UUIDv5 of `findings.evenkeel` in the DNS namespace.
fn namespace() -> Uuid {
    Uuid::new_v5(&Uuid::NAMESPACE_DNS, b"findings.evenkeel")
}

/// The action that a finding is about, as CloudTrail recorded it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Action {
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
pub struct Actor {
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
pub struct Suppression {
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
    pub resource: Resource,
    /// What was done.
    pub action: Action,
    /// Who did it.
    pub actor: Actor,
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
    pub suppressed: Option<Suppression>,
}

impl Finding {
    /// The finding of an evaluation; none where the policy holds or does not apply.
    pub fn of(policy: &Policy, event: &Event<'_>, evaluation: Evaluation) -> Option<Finding> {
        match evaluation.status {
            ComplianceStatus::Compliant | ComplianceStatus::NotApplicable => return None,
            ComplianceStatus::NonCompliant
            | ComplianceStatus::InsufficientData
            | ComplianceStatus::Error => {}
        }
        let action = action(event);
        let (remediation, doubt) = repair(policy, evaluation.patch, evaluation.with);
        let finding = Finding {
            uid: uid(&policy.id, &evaluation.resource, &action.id),
            policy: policy.id.clone(),
            title: policy.title.clone(),
            severity: policy.severity,
            status: evaluation.status,
            message: evaluation.message + &doubt,
            resource: evaluation.resource,
            action,
            actor: actor(event),
            evidence: evaluation.evidence,
            controls: policy.controls.clone(),
            remediation,
            suspect: None,
            suppressed: None,
        };
        Some(match untrue(event) {
            Some(why) => finding.suspected(why),
            None => finding,
        })
    }

    /// The same finding of an event that may be forged; the first reason holds.
    ///
    /// Its uid becomes another, so that it takes no record, no revision and no announcement from the finding of
    /// an event that is not forged.
    #[must_use]
    pub fn suspected(self, why: &str) -> Finding {
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
fn repair(
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
fn untrue(event: &Event<'_>) -> Option<&'static str> {
    let call =
        event.raw.get("eventType").and_then(Node::as_str).is_some_and(|it| it == "AwsApiCall");
    // As AWS writes them, with four hyphens.
    let is_uuid = event.id.len() == 36 && Uuid::try_parse(&event.id).is_ok();
    (call && !is_uuid).then_some("the record's eventID is not a UUID")
}

/// The same for the same policy, resource and action, whichever door the event came through.
fn uid(policy: &str, resource: &Resource, action: &str) -> Uuid {
    // Lengths keep the parts apart, whatever characters they hold.
    let parts = [policy, &resource.account, &resource.region, &resource.kind, &resource.id, action];
    let mut name = String::new();
    for part in parts {
        name.push_str(&part.len().to_string());
        name.push(':');
        name.push_str(part);
        name.push('\n');
    }
    Uuid::new_v5(&namespace(), name.as_bytes())
}

fn text(node: Node<'_>, path: &[&str]) -> String {
    node.at(path).and_then(Node::as_str).unwrap_or_default().into_owned()
}

fn action(event: &Event<'_>) -> Action {
    let error_code = event.raw.get("errorCode").and_then(Node::as_str);
    Action {
        id: event.action_id().into_owned(),
        event_id: event.id.clone().into_owned(),
        event_source: event.source.clone().into_owned(),
        event_name: event.name.clone().into_owned(),
        event_time: event.time.clone().into_owned(),
        error_code: error_code.map(std::borrow::Cow::into_owned),
    }
}

fn actor(event: &Event<'_>) -> Actor {
    Actor {
        kind: text(event.raw, &["userIdentity", "type"]),
        principal: event.actor().into_owned(),
        account: text(event.raw, &["userIdentity", "accountId"]),
        source_address: text(event.raw, &["sourceIPAddress"]),
        user_agent: text(event.raw, &["userAgent"]),
        remediator: remediator(event),
    }
}

/// The family of remediators whose role acted, in the account that the event is of: a role of another
/// account that is called so is none of ours.
fn remediator(event: &Event<'_>) -> Option<String> {
    let issuer =
        |field| text(event.raw, &["userIdentity", "sessionContext", "sessionIssuer", field]);
    let family = issuer("userName").strip_prefix(REMEDIATOR_ROLE)?.to_owned();
    (issuer("type") == "Role" && issuer("accountId") == event.account).then_some(family)
}

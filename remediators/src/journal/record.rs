//! The ledger records of a remediation: the intent with the prior state, and the outcome.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;

use evenkeel_rules::ocsf::{
    ActivityDetails, ActivityObservable, OcsfCloud, OcsfMetadata, RemediationActivity,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::journal::plan_record::PlanRecord;
use crate::violation::{PolicyViolation, TargetResource};
use crate::workflow::limits::AttemptRecord;
use crate::workflow::refusal_reason::RefusalReason;

/// The intent of an attempt. The ledger stores it before the attempt writes to AWS.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RemediationIntent {
    /// The uid of the finding.
    pub finding: Uuid,
    /// The id of the remediator.
    pub remediator: String,
    /// The policy id.
    #[serde(default)]
    pub policy: String,
    /// The attempt, as the retry limits count it.
    pub attempt: AttemptRecord,
    /// The hash of the plan, which an approval refers to.
    pub plan: String,
    /// The complete state before the change.
    pub before: Value,
    /// The complete state after the change.
    pub after: Value,
    /// The reason why the precondition check requires an approval, even in mode `auto`. `None` if
    /// the check requires no approval.
    #[serde(default)]
    pub asked: Option<String>,
    /// The key of the approval that the attempt used. `None` if the mode needs no approval.
    #[serde(default)]
    pub approval: Option<String>,
}

/// The intent of an undo. The ledger stores it before the undo writes to AWS.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UndoIntent {
    /// The uid of the finding whose remediation is undone.
    pub finding: Uuid,
    /// The number of the attempt that is undone.
    pub attempt: u32,
    /// The ARN of the person, from AWS STS.
    pub by: String,
    /// The reason for the undo.
    pub reason: String,
    /// The start of the undo in milliseconds since 1970.
    pub time: i64,
    /// The complete state before the undo.
    pub before: Value,
    /// The complete state that the undo restores.
    pub after: Value,
}

/// A mark that a person undid the change of an attempt, or approved the undone change again. The
/// latest mark of an attempt is valid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UndoMark {
    /// The key of the attempt's intent.
    pub intent: String,
    /// The parts of the state that the attempt changed: the paths of changed values, and the added
    /// or removed elements of lists.
    pub changes: BTreeSet<String>,
    /// True if the change is undone. Otherwise a person approved it again.
    pub is_undone: bool,
    /// The ARN of the person who undid the change, or the key of the approval.
    pub by: String,
    /// The reason.
    pub reason: String,
    /// The time of the mark in milliseconds since 1970.
    pub time: i64,
}

/// The result of a remediation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RemediationResult {
    /// The resource has the planned state, and a read after the write confirmed it.
    Restored,
    /// The resource was already compliant.
    Compliant,
    /// The resource does not exist any more.
    ResourceGone,
    /// The effective mode does not allow changes. Contains a text with the hash of the plan.
    Planned(String),
    /// The plan waits for approval. Contains a text with the hash of the plan and the reasons.
    AwaitingApproval(String),
    /// The plan is applied later without a further decision: after the waiting time of the mode
    /// `warn`, or in the next maintenance window. Contains a text with the time.
    Scheduled(String),
    /// Nobody decided on the plan in time. Contains a text with the hash of the plan.
    Expired(String),
    /// Nothing was written, and nothing will be written. Contains the reason.
    Refused(RefusalReason),
    /// The resource or a precondition changed between planning and writing. The change was not
    /// overwritten.
    Superseded,
    /// A part was written and then rolled back. Contains the reason.
    RolledBack(String),
    /// The attempt was stopped after a part was written. The attempt stays open. Contains the
    /// reason.
    Halted(RefusalReason),
    /// The resource does not have the planned state. Contains the reason.
    Failed(String),
}

impl RemediationResult {
    /// Returns the reason of a refusal, for the results `Refused` and `Halted`.
    pub fn refusal_reason(&self) -> Option<&RefusalReason> {
        match self {
            RemediationResult::Refused(reason) | RemediationResult::Halted(reason) => Some(reason),
            RemediationResult::Restored
            | RemediationResult::Compliant
            | RemediationResult::ResourceGone
            | RemediationResult::Planned(_)
            | RemediationResult::AwaitingApproval(_)
            | RemediationResult::Scheduled(_)
            | RemediationResult::Expired(_)
            | RemediationResult::Superseded
            | RemediationResult::RolledBack(_)
            | RemediationResult::Failed(_) => None,
        }
    }

    /// Returns the stable code of the result, such as `RESTORED`, for logs, notices and alarms.
    pub fn result_code(&self) -> &'static str {
        match self {
            RemediationResult::Restored => "RESTORED",
            RemediationResult::Compliant => "COMPLIANT",
            RemediationResult::ResourceGone => "GONE",
            RemediationResult::Planned(_) => "PLANNED",
            RemediationResult::AwaitingApproval(_) => "WAITING_FOR_APPROVAL",
            RemediationResult::Scheduled(_) => "SCHEDULED",
            RemediationResult::Expired(_) => "EXPIRED",
            RemediationResult::Refused(_) => "REFUSED",
            RemediationResult::Superseded => "SUPERSEDED",
            RemediationResult::RolledBack(_) => "ROLLED_BACK",
            RemediationResult::Halted(_) => "HALTED",
            RemediationResult::Failed(_) => "FAILED",
        }
    }
}

impl fmt::Display for RemediationResult {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            RemediationResult::Refused(reason) => return write!(to, "{reason}"),
            RemediationResult::RolledBack(why) => {
                return write!(to, "rolled back to the prior state: {why}");
            }
            RemediationResult::Halted(reason) => {
                let open = "a part of the change was already written, so the attempt stays open; \
                            finish it with `evenkeel apply` or reverse it with `evenkeel undo`";
                return write!(to, "{reason}; {open}");
            }
            RemediationResult::Restored => "restored: a read of the resource confirmed the state",
            RemediationResult::Compliant => {
                "the resource is already compliant; nothing was changed"
            }
            RemediationResult::ResourceGone => {
                "the resource no longer exists; nothing to remediate"
            }
            RemediationResult::Superseded => {
                "the resource changed after planning and was not overwritten; a new plan is made"
            }
            RemediationResult::Planned(text)
            | RemediationResult::AwaitingApproval(text)
            | RemediationResult::Scheduled(text)
            | RemediationResult::Expired(text)
            | RemediationResult::Failed(text) => text,
        };
        to.write_str(text)
    }
}

/// The outcome of a remediation.
#[derive(Clone, Debug, PartialEq)]
pub struct RemediationOutcome {
    /// The uid of the finding.
    pub finding: Uuid,
    /// The number of the attempt. `None` if the remediation ended without an attempt.
    pub attempt: Option<u32>,
    /// The result.
    pub result: RemediationResult,
    /// The state at the end of an executed attempt. An undo starts from it.
    pub state: Option<Value>,
    /// The plan that was made and not applied.
    pub plan: Option<Box<PlanRecord>>,
}

/// The ledger keys of the records of one target.
#[derive(Clone, Debug)]
pub struct JournalKeys {
    target: TargetResource,
    uid: Uuid,
}

impl JournalKeys {
    /// Returns the keys for `target`.
    pub fn for_target(target: &TargetResource) -> JournalKeys {
        JournalKeys { target: target.clone(), uid: target.target_uid() }
    }

    /// Returns the key prefix of all intents.
    pub fn intents_prefix(&self) -> String {
        format!("intents/{}", self.uid)
    }

    /// Returns the key of the intent of an attempt. Attempts are numbered without gaps, so that
    /// only one worker can claim each number.
    pub fn intent_key(&self, attempt: u32) -> String {
        format!("intents/{}/{attempt:06}.json", self.uid)
    }

    /// Returns the idempotency token of an attempt for one purpose, such as `apply`. The token is
    /// the same when an interrupted attempt repeats its calls.
    pub(crate) fn idempotency_token(&self, attempt: u32, purpose: &str) -> String {
        Uuid::new_v5(&self.uid, format!("{attempt} {purpose}").as_bytes()).to_string()
    }

    /// Returns the key of the outcome of an attempt.
    pub fn outcome_key(&self, attempt: u32) -> String {
        format!("outcomes/{}/{attempt:06}.json", self.uid)
    }

    /// Returns the key of the outcome of a finding whose remediation ended without an attempt.
    pub fn finding_outcome_key(&self, finding: Uuid) -> String {
        format!("outcomes/{}/{finding}.json", self.uid)
    }

    /// Returns the key of the outcome of a plan on which nobody decided.
    pub fn expiry_key(&self, finding: Uuid, plan: usize) -> String {
        format!("outcomes/{}/{finding}-expired-{plan:06}.json", self.uid)
    }

    /// Returns the key of the outcome of the undo of an attempt.
    pub fn undo_outcome_key(&self, attempt: u32) -> String {
        format!("outcomes/{}/{attempt:06}-undo.json", self.uid)
    }

    /// Returns the key prefix of all undo intents of an attempt.
    pub fn undo_intents_prefix(&self, attempt: u32) -> String {
        format!("undos/{}/{attempt:06}", self.uid)
    }

    /// Returns the key prefix of the undo marks of a resource. The policy is not part of the
    /// prefix, because an undo applies to the resource, for all policies.
    pub fn undo_marks_prefix(&self, remediator: &str) -> String {
        let TargetResource { account, region, kind, id, .. } = &self.target;
        format!("undone/{}", hash_parts(&[remediator, account, region, kind, id]))
    }

    /// Returns the key of the record which states that an outcome was published. Each plan of a finding
    /// is published.
    pub fn notified_key(&self, outcome: &RemediationOutcome) -> String {
        let attempt = outcome.attempt.map(|attempt| format!("-{attempt:06}")).unwrap_or_default();
        let plan = outcome.plan.as_ref().map(|plan| format!("-plan-{:06}", plan.number));
        let (plan, code) = (plan.unwrap_or_default(), outcome.result.result_code());
        format!("notified/{}/{}{attempt}{plan}-{code}.json", self.uid, outcome.finding)
    }

    /// Returns the key of the verification `after` seconds after an attempt.
    pub fn verification_key(&self, attempt: u32, after: u32) -> String {
        format!("outcomes/{}/{attempt:06}-after-{after:06}.json", self.uid)
    }

    /// Returns an outcome as an OCSF Remediation Activity (`class_uid` 7001). `time` is in
    /// milliseconds since 1970.
    ///
    /// Source: OCSF schema 1.8.0, class `remediation_activity`, profile `cloud`.
    pub fn build_activity<'a>(
        &'a self,
        remediator: &'a str,
        outcome: &'a RemediationOutcome,
        time: i64,
    ) -> RemediationActivity<'a> {
        let (status_id, status) = ocsf_status(&outcome.result);
        let attempt = outcome.attempt.unwrap_or_default();
        let target = &self.target;
        RemediationActivity {
            activity_id: 3,
            activity_name: Cow::Borrowed("Restore"),
            category_uid: 7,
            class_uid: 7001,
            type_uid: 700_103,
            severity_id: 1,
            time,
            status_id,
            status: Cow::Borrowed(status),
            status_detail: Cow::Owned(outcome.result.to_string()),
            command_uid: Cow::Owned(format!("{}/{attempt:06}", self.uid)),
            metadata: OcsfMetadata::new(None),
            cloud: OcsfCloud::aws_location(&target.account, &target.region),
            observables: vec![ActivityObservable {
                name: Cow::Borrowed(&target.kind),
                type_id: 10,
                value: Cow::Borrowed(&target.id),
            }],
            unmapped: ActivityDetails {
                finding: outcome.finding,
                policy: Cow::Borrowed(&target.policy),
                remediator: Cow::Borrowed(remediator),
                attempt: outcome.attempt,
                state: outcome.state.as_ref().map(Cow::Borrowed),
                reason: None,
            },
            status_code: outcome
                .result
                .refusal_reason()
                .map(|reason| reason.refusal_code().as_str().into()),
            actor: None,
        }
    }
}

/// Returns the OCSF `status_id` of a result, and its caption.
fn ocsf_status(result: &RemediationResult) -> (u8, &'static str) {
    match result {
        RemediationResult::Restored | RemediationResult::Compliant => (1, "Success"),
        RemediationResult::ResourceGone => (3, "Does Not Exist"),
        RemediationResult::Planned(_) | RemediationResult::Refused(_) => (5, "Unsupported"),
        RemediationResult::AwaitingApproval(_) => (99, "Waiting for approval"),
        RemediationResult::Scheduled(_) => (99, "Scheduled"),
        RemediationResult::Expired(_) => (99, "Expired"),
        RemediationResult::Superseded
        | RemediationResult::RolledBack(_)
        | RemediationResult::Halted(_)
        | RemediationResult::Failed(_) => (2, "Failure"),
    }
}

/// Returns the key of the backup of a prior state. The key contains the digest of the state, so
/// equal states have one backup.
pub(crate) fn before_image_key(before: &Value) -> String {
    format!("before/{}.json", digest_text(&before.to_string()))
}

/// Returns the hash of a plan. The hash covers the target, the remediator, both states and the
/// reasons for an approval. If one of them changes, an approval of the former plan is not valid.
pub(crate) fn plan_hash(
    violation: &PolicyViolation,
    before: &Value,
    after: &Value,
    questions: &[String],
) -> String {
    let (target, remediator) = (violation.target.target_uid(), &violation.target.remediator);
    digest_text(&json!([target, remediator, before, after, questions]).to_string())
}

/// Returns a UUID that depends only on the parts. The lengths of the parts make the concatenation
/// unambiguous.
fn hash_parts(parts: &[&str]) -> Uuid {
    let parts: Vec<String> = parts.iter().map(|part| format!("{}:{part}", part.len())).collect();
    let name = parts.concat();
    Uuid::new_v5(&Uuid::new_v5(&Uuid::NAMESPACE_DNS, b"resources.evenkeel"), name.as_bytes())
}

/// Returns the SHA-256 digest of a text in lower-case hexadecimal.
pub(crate) fn digest_text(text: &str) -> String {
    digest_bytes(text.as_bytes())
}

/// Returns the SHA-256 digest of bytes in lower-case hexadecimal.
pub(crate) fn digest_bytes(bytes: &[u8]) -> String {
    format!("{:x}", Sha256::digest(bytes))
}

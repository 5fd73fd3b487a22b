//! What is kept of a remediation: the intent with its before-image, and the outcome.

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

use crate::violation::{PolicyViolation, TargetResource};
use crate::workflow::limits::AttemptRecord;
use crate::workflow::refusal_reason::RefusalReason;

/// Durable before anything is written to AWS: what will be done, and what was there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RemediationIntent {
    /// The finding that is acted on.
    pub finding: Uuid,
    /// The remediator.
    pub remediator: String,
    /// For the guard.
    pub attempt: AttemptRecord,
    /// The hash that an approval binds to.
    pub plan: String,
    /// The whole state before.
    pub before: Value,
    /// The whole state after.
    pub after: Value,
    /// Why a person had to say yes, whatever the mode.
    #[serde(default)]
    pub asked: Option<String>,
    /// The record of the approval that it used up; none where the mode needs none.
    #[serde(default)]
    pub approval: Option<String>,
}

/// Durable before an undo writes anything to AWS: who wants it, why, what is there, and what will be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UndoIntent {
    /// The finding whose repair is undone.
    pub finding: Uuid,
    /// The attempt that is undone.
    pub attempt: u32,
    /// Who wants it, as AWS tells it.
    pub by: String,
    /// Why.
    pub reason: String,
    /// When: milliseconds since 1970.
    pub time: i64,
    /// The whole state that is there.
    pub before: Value,
    /// The whole state that is restored.
    pub after: Value,
}

/// That a person undid what an attempt changed, or that a person approved such a change again afterwards: of several
/// about one attempt, the latest holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UndoMark {
    /// The intent of the attempt.
    pub intent: String,
    /// What the attempt changed: the paths of values, and of lists the elements that came or went.
    pub changes: BTreeSet<String>,
    /// Whether it is undone; otherwise it was approved again.
    pub is_undone: bool,
    /// Who undid it, or the record of the approval.
    pub by: String,
    /// Why.
    pub reason: String,
    /// When: milliseconds since 1970.
    pub time: i64,
}

/// How a remediation ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RemediationResult {
    /// The state is as planned, and was seen to be.
    Restored,
    /// Nothing was to be done.
    Compliant,
    /// The resource is gone.
    ResourceGone,
    /// The mode lets nothing be done: this is what would be.
    Planned(String),
    /// The plan waits for approval.
    AwaitingApproval(String),
    /// Nothing was written, and will not be.
    Refused(RefusalReason),
    /// The state was changed by somebody between the two reads: nothing was written.
    Superseded,
    /// It was written in part, and set back.
    RolledBack(String),
    /// It was stopped after a part was written: the attempt stays open.
    Halted(RefusalReason),
    /// It is not as it should be.
    Failed(String),
}

impl RemediationResult {
    /// Why nothing more was written, where that was refused.
    pub fn refusal_reason(&self) -> Option<&RefusalReason> {
        match self {
            RemediationResult::Refused(reason) | RemediationResult::Halted(reason) => Some(reason),
            RemediationResult::Restored
            | RemediationResult::Compliant
            | RemediationResult::ResourceGone
            | RemediationResult::Planned(_)
            | RemediationResult::AwaitingApproval(_)
            | RemediationResult::Superseded
            | RemediationResult::RolledBack(_)
            | RemediationResult::Failed(_) => None,
        }
    }

    /// In a word or two.
    pub fn result_code(&self) -> &'static str {
        match self {
            RemediationResult::Restored => "RESTORED",
            RemediationResult::Compliant => "COMPLIANT",
            RemediationResult::ResourceGone => "GONE",
            RemediationResult::Planned(_) => "PLANNED",
            RemediationResult::AwaitingApproval(_) => "WAITING_FOR_APPROVAL",
            RemediationResult::Refused(_) => "REFUSED",
            RemediationResult::Superseded => "SUPERSEDED",
            RemediationResult::RolledBack(_) => "SET_BACK",
            RemediationResult::Halted(_) => "HALTED",
            RemediationResult::Failed(_) => "FAILED",
        }
    }
}

impl fmt::Display for RemediationResult {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            RemediationResult::Refused(reason) => return write!(to, "{reason}"),
            RemediationResult::Halted(reason) => {
                let open =
                    "a part was written before, and the attempt stays open: apply it or undo it";
                return write!(to, "{reason}; {open}");
            }
            RemediationResult::Restored => "restored, and seen to be",
            RemediationResult::Compliant => "nothing was to be done",
            RemediationResult::ResourceGone => "the resource is gone",
            RemediationResult::Superseded => "changed by somebody between the two reads",
            RemediationResult::Planned(text)
            | RemediationResult::AwaitingApproval(text)
            | RemediationResult::RolledBack(text)
            | RemediationResult::Failed(text) => text,
        };
        to.write_str(text)
    }
}

/// A remediation that ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemediationOutcome {
    /// The finding.
    pub finding: Uuid,
    /// The number of the attempt; none where none was begun.
    pub attempt: Option<u32>,
    /// How it ended.
    pub result: RemediationResult,
    /// The state that was seen at the end of an attempt that was carried out: what an undo starts from.
    pub state: Option<Value>,
}

/// Where the records of one target are.
#[derive(Clone, Debug)]
pub struct JournalKeys {
    target: TargetResource,
    uid: Uuid,
}

impl JournalKeys {
    /// The records of remediations of `target`.
    pub fn for_target(target: &TargetResource) -> JournalKeys {
        JournalKeys { target: target.clone(), uid: target.target_uid() }
    }

    /// What the keys of all intents begin with.
    pub fn intents_prefix(&self) -> String {
        format!("intents/{}", self.uid)
    }

    /// The intent of an attempt: attempts are numbered without a gap, so that of two workers one has each.
    pub fn intent_key(&self, attempt: u32) -> String {
        format!("intents/{}/{attempt:06}.json", self.uid)
    }

    /// The same for each call that is made in an attempt for one purpose, and for no other.
    pub(crate) fn idempotency_token(&self, attempt: u32, purpose: &str) -> String {
        Uuid::new_v5(&self.uid, format!("{attempt} {purpose}").as_bytes()).to_string()
    }

    /// The outcome of an attempt.
    pub fn outcome_key(&self, attempt: u32) -> String {
        format!("outcomes/{}/{attempt:06}.json", self.uid)
    }

    /// The outcome for a finding for which no attempt was begun.
    pub fn finding_outcome_key(&self, finding: Uuid) -> String {
        format!("outcomes/{}/{finding}.json", self.uid)
    }

    /// The outcome of an attempt's undo.
    pub fn undo_outcome_key(&self, attempt: u32) -> String {
        format!("outcomes/{}/{attempt:06}-undo.json", self.uid)
    }

    /// What the keys of all intents to undo an attempt begin with.
    pub fn undo_intents_prefix(&self, attempt: u32) -> String {
        format!("undos/{}/{attempt:06}", self.uid)
    }

    /// What the keys of a resource's undo marks begin with, whatever the policy: undone is a repair of the resource.
    pub fn undo_marks_prefix(&self, remediator: &str) -> String {
        let TargetResource { account, region, kind, id, .. } = &self.target;
        format!("undone/{}", hash_parts(&[remediator, account, region, kind, id]))
    }

    /// The mark that an outcome was announced.
    pub fn notified_key(&self, outcome: &RemediationOutcome) -> String {
        let attempt = outcome.attempt.map(|attempt| format!("-{attempt:06}")).unwrap_or_default();
        let (uid, finding, word) = (self.uid, outcome.finding, outcome.result.result_code());
        format!("told/{uid}/{finding}{attempt}-{word}.json")
    }

    /// What was seen so many seconds after an attempt.
    pub fn verification_key(&self, attempt: u32, after: u32) -> String {
        format!("outcomes/{}/{attempt:06}-after-{after:06}.json", self.uid)
    }

    /// An outcome as an OCSF Remediation Activity (`class_uid` 7001).
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

/// OCSF's `status_id` and its caption.
fn ocsf_status(result: &RemediationResult) -> (u8, &'static str) {
    match result {
        RemediationResult::Restored | RemediationResult::Compliant => (1, "Success"),
        RemediationResult::ResourceGone => (3, "Does Not Exist"),
        RemediationResult::Planned(_) | RemediationResult::Refused(_) => (5, "Unsupported"),
        RemediationResult::AwaitingApproval(_) => (99, "Waiting for approval"),
        RemediationResult::Superseded
        | RemediationResult::RolledBack(_)
        | RemediationResult::Halted(_)
        | RemediationResult::Failed(_) => (2, "Failure"),
    }
}

/// Where a before-image lies, by what it holds.
pub(crate) fn before_image_key(before: &Value) -> String {
    format!("before/{}.json", digest_text(&before.to_string()))
}

/// The hash of a plan: of what it is for, what it found, what it will leave, and what a person is asked about it.
pub(crate) fn plan_hash(
    violation: &PolicyViolation,
    before: &Value,
    after: &Value,
    questions: &[String],
) -> String {
    let (target, remediator) = (violation.target.target_uid(), &violation.remediator);
    digest_text(&json!([target, remediator, before, after, questions]).to_string())
}

/// The same UUID for the same parts. Their lengths keep them apart, whatever characters they hold.
fn hash_parts(parts: &[&str]) -> Uuid {
    let parts: Vec<String> = parts.iter().map(|part| format!("{}:{part}", part.len())).collect();
    let name = parts.concat();
    Uuid::new_v5(&Uuid::new_v5(&Uuid::NAMESPACE_DNS, b"resources.evenkeel"), name.as_bytes())
}

/// The SHA-256 of a text, in lower-case hexadecimal.
pub(crate) fn digest_text(text: &str) -> String {
    digest_bytes(text.as_bytes())
}

/// The SHA-256 of bytes, in lower-case hexadecimal.
pub(crate) fn digest_bytes(bytes: &[u8]) -> String {
    format!("{:x}", Sha256::digest(bytes))
}

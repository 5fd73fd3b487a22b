//! What is kept of a remediation: the intent with its before-image, and the outcome.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;

use evenkeel_rules::ocsf::{ActivityDetails, Cloud, Metadata, Observable, RemediationActivity};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::violation::{Target, Violation};
use crate::workflow::limits::Attempt;
use crate::workflow::refusal_reason::RefusalReason;

/// Durable before anything is written to AWS: what will be done, and what was there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Intent {
    /// The finding that is acted on.
    pub finding: Uuid,
    /// The remediator.
    pub remediator: String,
    /// For the guard.
    pub attempt: Attempt,
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
pub enum Ended {
    /// The state is as planned, and was seen to be.
    Done,
    /// Nothing was to be done.
    Compliant,
    /// The resource is gone.
    Gone,
    /// The mode lets nothing be done: this is what would be.
    Planned(String),
    /// The plan waits for approval.
    Waiting(String),
    /// Nothing was written, and will not be.
    Refused(RefusalReason),
    /// The state was changed by somebody between the two reads: nothing was written.
    Superseded,
    /// It was written in part, and set back.
    Undone(String),
    /// It was stopped after a part was written: the attempt stays open.
    Halted(RefusalReason),
    /// It is not as it should be.
    Failed(String),
}

impl Ended {
    /// Why nothing more was written, where that was refused.
    pub fn refusal(&self) -> Option<&RefusalReason> {
        match self {
            Ended::Refused(reason) | Ended::Halted(reason) => Some(reason),
            Ended::Done
            | Ended::Compliant
            | Ended::Gone
            | Ended::Planned(_)
            | Ended::Waiting(_)
            | Ended::Superseded
            | Ended::Undone(_)
            | Ended::Failed(_) => None,
        }
    }

    /// In a word or two.
    pub fn word(&self) -> &'static str {
        match self {
            Ended::Done => "RESTORED",
            Ended::Compliant => "COMPLIANT",
            Ended::Gone => "GONE",
            Ended::Planned(_) => "PLANNED",
            Ended::Waiting(_) => "WAITING_FOR_APPROVAL",
            Ended::Refused(_) => "REFUSED",
            Ended::Superseded => "SUPERSEDED",
            Ended::Undone(_) => "SET_BACK",
            Ended::Halted(_) => "HALTED",
            Ended::Failed(_) => "FAILED",
        }
    }
}

impl fmt::Display for Ended {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Ended::Refused(reason) => return write!(to, "{reason}"),
            Ended::Halted(reason) => {
                let open =
                    "a part was written before, and the attempt stays open: apply it or undo it";
                return write!(to, "{reason}; {open}");
            }
            Ended::Done => "restored, and seen to be",
            Ended::Compliant => "nothing was to be done",
            Ended::Gone => "the resource is gone",
            Ended::Superseded => "changed by somebody between the two reads",
            Ended::Planned(text)
            | Ended::Waiting(text)
            | Ended::Undone(text)
            | Ended::Failed(text) => text,
        };
        to.write_str(text)
    }
}

/// A remediation that ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The finding.
    pub finding: Uuid,
    /// The number of the attempt; none where none was begun.
    pub attempt: Option<u32>,
    /// How it ended.
    pub result: Ended,
    /// The state that was seen at the end of an attempt that was carried out: what an undo starts from.
    pub state: Option<Value>,
}

/// Where the records of one target are.
#[derive(Clone, Debug)]
pub struct Records {
    target: Target,
    uid: Uuid,
}

impl Records {
    /// The records of remediations of `target`.
    pub fn of(target: &Target) -> Records {
        Records { target: target.clone(), uid: target.uid() }
    }

    /// What the keys of all intents begin with.
    pub fn intents(&self) -> String {
        format!("intents/{}", self.uid)
    }

    /// The intent of an attempt: attempts are numbered without a gap, so that of two workers one has each.
    pub fn intent(&self, attempt: u32) -> String {
        format!("intents/{}/{attempt:06}.json", self.uid)
    }

    /// The same for each call that is made in an attempt for one purpose, and for no other.
    pub(crate) fn token(&self, attempt: u32, purpose: &str) -> String {
        Uuid::new_v5(&self.uid, format!("{attempt} {purpose}").as_bytes()).to_string()
    }

    /// The outcome of an attempt.
    pub fn outcome(&self, attempt: u32) -> String {
        format!("outcomes/{}/{attempt:06}.json", self.uid)
    }

    /// The outcome for a finding for which no attempt was begun.
    pub fn closed(&self, finding: Uuid) -> String {
        format!("outcomes/{}/{finding}.json", self.uid)
    }

    /// The outcome of an attempt's undo.
    pub fn undone(&self, attempt: u32) -> String {
        format!("outcomes/{}/{attempt:06}-undo.json", self.uid)
    }

    /// What the keys of all intents to undo an attempt begin with.
    pub fn undo_intents(&self, attempt: u32) -> String {
        format!("undos/{}/{attempt:06}", self.uid)
    }

    /// What the keys of a resource's undo marks begin with, whatever the policy: undone is a repair of the resource.
    pub fn undo_marks(&self, remediator: &str) -> String {
        let Target { account, region, kind, id, .. } = &self.target;
        format!("undone/{}", name_parts(&[remediator, account, region, kind, id]))
    }

    /// The mark that an outcome was announced.
    pub fn told(&self, outcome: &Outcome) -> String {
        let attempt = outcome.attempt.map(|attempt| format!("-{attempt:06}")).unwrap_or_default();
        let (uid, finding, word) = (self.uid, outcome.finding, outcome.result.word());
        format!("told/{uid}/{finding}{attempt}-{word}.json")
    }

    /// What was seen so many seconds after an attempt.
    pub fn verified(&self, attempt: u32, after: u32) -> String {
        format!("outcomes/{}/{attempt:06}-after-{after:06}.json", self.uid)
    }

    /// An outcome as an OCSF Remediation Activity (`class_uid` 7001).
    ///
    /// Source: OCSF schema 1.8.0, class `remediation_activity`, profile `cloud`.
    pub fn activity<'a>(
        &'a self,
        remediator: &'a str,
        outcome: &'a Outcome,
        time: i64,
    ) -> RemediationActivity<'a> {
        let (status_id, status) = status_of(&outcome.result);
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
            metadata: Metadata::new(None),
            cloud: Cloud::aws(&target.account, &target.region),
            observables: vec![Observable {
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
            status_code: outcome.result.refusal().map(|reason| reason.code().as_str().into()),
            actor: None,
        }
    }
}

/// OCSF's `status_id` and its caption.
fn status_of(result: &Ended) -> (u8, &'static str) {
    match result {
        Ended::Done | Ended::Compliant => (1, "Success"),
        Ended::Gone => (3, "Does Not Exist"),
        Ended::Planned(_) | Ended::Refused(_) => (5, "Unsupported"),
        Ended::Waiting(_) => (99, "Waiting for approval"),
        Ended::Superseded | Ended::Undone(_) | Ended::Halted(_) | Ended::Failed(_) => {
            (2, "Failure")
        }
    }
}

/// Where a before-image lies, by what it holds.
pub(crate) fn before_key(before: &Value) -> String {
    format!("before/{}.json", digest(&before.to_string()))
}

/// The hash of a plan: of what it is for, what it found, what it will leave, and what a person is asked about it.
pub(crate) fn plan_hash(
    violation: &Violation,
    before: &Value,
    after: &Value,
    questions: &[String],
) -> String {
    let (target, remediator) = (violation.target.uid(), &violation.remediator);
    digest(&json!([target, remediator, before, after, questions]).to_string())
}

/// The same UUID for the same parts. Their lengths keep them apart, whatever characters they hold.
fn name_parts(parts: &[&str]) -> Uuid {
    let parts: Vec<String> = parts.iter().map(|part| format!("{}:{part}", part.len())).collect();
    let name = parts.concat();
    Uuid::new_v5(&Uuid::new_v5(&Uuid::NAMESPACE_DNS, b"resources.evenkeel"), name.as_bytes())
}

/// The SHA-256 of a text, in lower-case hexadecimal.
pub(crate) fn digest(text: &str) -> String {
    digest_of(text.as_bytes())
}

/// The SHA-256 of bytes, in lower-case hexadecimal.
pub(crate) fn digest_of(bytes: &[u8]) -> String {
    format!("{:x}", Sha256::digest(bytes))
}

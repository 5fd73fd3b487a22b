//! What is kept of a remediation: the intent with its before-image, and the outcome.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::guard::Attempt;
use crate::violation::{Target, Violation};

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
    Refused(String),
    /// The state was changed by somebody between the two reads: nothing was written.
    Superseded,
    /// It was written in part, and set back.
    Undone(String),
    /// It is not as it should be.
    Failed(String),
}

impl Ended {
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
            Ended::Failed(_) => "FAILED",
        }
    }
}

impl fmt::Display for Ended {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(match self {
            Ended::Done => "restored, and seen to be",
            Ended::Compliant => "nothing was to be done",
            Ended::Gone => "the resource is gone",
            Ended::Superseded => "changed by somebody between the two reads",
            Ended::Planned(text)
            | Ended::Waiting(text)
            | Ended::Refused(text)
            | Ended::Undone(text)
            | Ended::Failed(text) => text,
        })
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
    pub fn activity(&self, remediator: &str, outcome: &Outcome, time: i64) -> Value {
        let (status_id, status) = match &outcome.result {
            Ended::Done | Ended::Compliant => (1, "Success"),
            Ended::Gone => (3, "Does Not Exist"),
            Ended::Planned(_) | Ended::Refused(_) => (5, "Unsupported"),
            Ended::Waiting(_) => (99, "Waiting for approval"),
            Ended::Superseded | Ended::Undone(_) | Ended::Failed(_) => (2, "Failure"),
        };
        let attempt = outcome.attempt.unwrap_or_default();
        json!({
            "activity_id": 3,
            "activity_name": "Restore",
            "category_uid": 7,
            "class_uid": 7001,
            "type_uid": 700_103,
            "severity_id": 1,
            "time": time,
            "status_id": status_id,
            "status": status,
            "status_detail": outcome.result.to_string(),
            "command_uid": format!("{}/{attempt:06}", self.uid),
            "metadata": {
                "version": evenkeel_rules::ocsf::VERSION,
                "product": {"name": "Evenkeel", "vendor_name": "Evenkeel"},
                "profiles": ["cloud"],
            },
            "cloud": {
                "provider": "AWS",
                "account": {"uid": self.target.account, "type_id": 10, "type": "AWS Account"},
                "region": self.target.region,
            },
            "observables": [{"name": self.target.kind, "type_id": 10, "value": self.target.id}],
            "unmapped": {
                "finding": outcome.finding,
                "policy": self.target.policy,
                "remediator": remediator,
                "attempt": outcome.attempt,
                "state": outcome.state,
            },
        })
    }
}

/// Where a before-image lies, by what it holds.
pub(crate) fn before_key(before: &Value) -> String {
    format!("before/{}.json", digest(&before.to_string()))
}

/// The hash of a plan: of what it is for, what it found, and what it will leave.
pub(crate) fn plan_hash(violation: &Violation, before: &Value, after: &Value) -> String {
    digest(&json!([violation.target.uid(), violation.remediator, before, after]).to_string())
}

/// The SHA-256 of a text, in lower-case hexadecimal.
pub(crate) fn digest(text: &str) -> String {
    digest_of(text.as_bytes())
}

/// The SHA-256 of bytes, in lower-case hexadecimal.
pub(crate) fn digest_of(bytes: &[u8]) -> String {
    format!("{:x}", Sha256::digest(bytes))
}

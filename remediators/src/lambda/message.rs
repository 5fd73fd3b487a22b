//! What comes from the queue: a pointer to a finding, as SNS or we ourselves sent it.

use std::borrow::Cow;
use std::fmt;

use evenkeel_ledger::CanaryId;
use serde::Deserialize;
use serde_json::json;

/// Why a message cannot be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MessageError {
    /// It is no pointer.
    #[error("the message points to no finding: {0}")]
    NoPointer(#[from] serde_json::Error),
    /// It points to another kind of record.
    #[error("the message points to something that is no finding")]
    NotFinding,
    /// It is a canary's, which has no id.
    #[error("the message points to a canary without an id")]
    Canary,
}

/// What is to be done about a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct QueueMessage {
    /// Where the finding is in the ledger.
    pub(crate) key: String,
    /// What to do.
    pub(crate) task: RemediationTask,
}

/// What to do about a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RemediationTask {
    /// Repair what it tells of.
    Repair,
    /// Look whether what an attempt left is still so.
    Verify {
        /// The attempt.
        attempt: u32,
        /// So many seconds after it.
        after: u32,
    },
}

#[derive(Deserialize)]
struct SnsEnvelope {
    #[serde(rename = "Message")]
    message: String,
}

#[derive(Deserialize)]
struct FindingPointer {
    key: String,
    attempt: Option<u32>,
    after: Option<u32>,
}

#[derive(Deserialize)]
struct CanaryPointer {
    canary: String,
}

/// The canary that a message's body points to, if it does to one.
pub(crate) fn find_canary(body: &str) -> Result<Option<CanaryId>, MessageError> {
    let Ok(CanaryPointer { canary }) = serde_json::from_str(&unwrap_envelope(body)) else {
        return Ok(None);
    };
    let canary = CanaryId::parse_id(&canary);
    canary.map(Some).ok_or(MessageError::Canary)
}

/// Without raw delivery, SNS wraps its message.
fn unwrap_envelope(body: &str) -> Cow<'_, str> {
    match serde_json::from_str::<SnsEnvelope>(body) {
        Ok(envelope) => Cow::Owned(envelope.message),
        Err(_) => Cow::Borrowed(body),
    }
}

impl QueueMessage {
    /// Reads a message's body.
    pub(crate) fn parse_body(body: &str) -> Result<QueueMessage, MessageError> {
        let body = unwrap_envelope(body);
        let FindingPointer { key, attempt, after } = serde_json::from_str(&body)?;
        if !key.starts_with("findings/") {
            return Err(MessageError::NotFinding);
        }
        let task = match (attempt, after) {
            (Some(attempt), Some(after)) => RemediationTask::Verify { attempt, after },
            _ => RemediationTask::Repair,
        };
        Ok(QueueMessage { key, task })
    }
}

impl fmt::Display for QueueMessage {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let message = match self.task {
            RemediationTask::Repair => json!({"key": self.key}),
            RemediationTask::Verify { attempt, after } => {
                json!({"key": self.key, "attempt": attempt, "after": after})
            }
        };
        write!(to, "{message}")
    }
}

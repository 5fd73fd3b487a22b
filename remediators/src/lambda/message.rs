//! Messages of the queue: pointers to findings, sent by SNS or by the function itself.

use std::borrow::Cow;
use std::fmt;

use evenkeel_ledger::CanaryId;
use serde::Deserialize;
use serde_json::json;

/// The reason why a message cannot be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MessageError {
    /// The message is not a pointer to a finding.
    #[error("the message does not contain the key of a finding: {0}")]
    NoPointer(#[from] serde_json::Error),
    /// The key is not the key of a finding.
    #[error("the key in the message does not begin with `findings/`")]
    NotFinding,
    /// The message is a canary without a valid id.
    #[error("the message is a canary without a valid id")]
    Canary,
}

/// A message with a task for a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct QueueMessage {
    /// The ledger key of the finding.
    pub(crate) key: String,
    /// The task.
    pub(crate) task: RemediationTask,
}

/// The task for a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RemediationTask {
    /// Remediate the violation.
    Remediate,
    /// Verify that the resource still has the state that an attempt left.
    Verify {
        /// The number of the attempt.
        attempt: u32,
        /// The seconds between the attempt and the verification.
        after: u32,
    },
    /// Do what a person asked, in the request with this number.
    Request(usize),
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
    request: Option<usize>,
}

#[derive(Deserialize)]
struct CanaryPointer {
    canary: String,
}

/// Returns the canary in the body of a message, or `None` if the message is not a canary.
pub(crate) fn find_canary(body: &str) -> Result<Option<CanaryId>, MessageError> {
    let Ok(CanaryPointer { canary }) = serde_json::from_str(&unwrap_envelope(body)) else {
        return Ok(None);
    };
    let canary = CanaryId::parse_id(&canary);
    canary.map(Some).ok_or(MessageError::Canary)
}

/// Returns the message in an SNS envelope. With raw message delivery there is no envelope, and the
/// function returns the body.
fn unwrap_envelope(body: &str) -> Cow<'_, str> {
    match serde_json::from_str::<SnsEnvelope>(body) {
        Ok(envelope) => Cow::Owned(envelope.message),
        Err(_) => Cow::Borrowed(body),
    }
}

impl QueueMessage {
    /// Parses the body of a message.
    pub(crate) fn parse_body(body: &str) -> Result<QueueMessage, MessageError> {
        let body = unwrap_envelope(body);
        let FindingPointer { key, attempt, after, request } = serde_json::from_str(&body)?;
        if !key.starts_with("findings/") {
            return Err(MessageError::NotFinding);
        }
        let task = match (attempt, after, request) {
            (Some(attempt), Some(after), _) => RemediationTask::Verify { attempt, after },
            (_, _, Some(number)) => RemediationTask::Request(number),
            _ => RemediationTask::Remediate,
        };
        Ok(QueueMessage { key, task })
    }
}

impl fmt::Display for QueueMessage {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let message = match self.task {
            RemediationTask::Remediate => json!({"key": self.key}),
            RemediationTask::Request(number) => json!({"key": self.key, "request": number}),
            RemediationTask::Verify { attempt, after } => {
                json!({"key": self.key, "attempt": attempt, "after": after})
            }
        };
        write!(to, "{message}")
    }
}

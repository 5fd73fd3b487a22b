//! What comes from the queue: a pointer to a finding, as SNS or we ourselves sent it.

use std::borrow::Cow;
use std::fmt;

use evenkeel_ledger::Canary;
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
    Elsewhere,
    /// It is a canary's, which has no id.
    #[error("the message points to a canary without an id")]
    Canary,
}

/// What is to be done about a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Message {
    /// Where the finding is in the ledger.
    pub(crate) key: String,
    /// What to do.
    pub(crate) task: Task,
}

/// What to do about a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Task {
    /// Repair what it tells of.
    Repair,
    /// Look whether what an attempt left is still so.
    LookAgain {
        /// The attempt.
        attempt: u32,
        /// So many seconds after it.
        after: u32,
    },
}

#[derive(Deserialize)]
struct Envelope {
    #[serde(rename = "Message")]
    message: String,
}

#[derive(Deserialize)]
struct Pointer {
    key: String,
    attempt: Option<u32>,
    after: Option<u32>,
}

#[derive(Deserialize)]
struct Flown {
    canary: String,
}

/// The canary that a message's body points to, if it does to one.
pub(crate) fn canary(body: &str) -> Result<Option<Canary>, MessageError> {
    let Ok(Flown { canary }) = serde_json::from_str(&unwrapped(body)) else { return Ok(None) };
    let canary = Canary::read(&canary);
    canary.map(Some).ok_or(MessageError::Canary)
}

/// Without raw delivery, SNS wraps its message.
fn unwrapped(body: &str) -> Cow<'_, str> {
    match serde_json::from_str::<Envelope>(body) {
        Ok(envelope) => Cow::Owned(envelope.message),
        Err(_) => Cow::Borrowed(body),
    }
}

impl Message {
    /// Reads a message's body.
    pub(crate) fn read(body: &str) -> Result<Message, MessageError> {
        let body = unwrapped(body);
        let Pointer { key, attempt, after } = serde_json::from_str(&body)?;
        if !key.starts_with("findings/") {
            return Err(MessageError::Elsewhere);
        }
        let task = match (attempt, after) {
            (Some(attempt), Some(after)) => Task::LookAgain { attempt, after },
            _ => Task::Repair,
        };
        Ok(Message { key, task })
    }
}

impl fmt::Display for Message {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let message = match self.task {
            Task::Repair => json!({"key": self.key}),
            Task::LookAgain { attempt, after } => {
                json!({"key": self.key, "attempt": attempt, "after": after})
            }
        };
        write!(to, "{message}")
    }
}

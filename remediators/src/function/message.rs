//! What comes from the queue: a pointer to a finding, as SNS or we ourselves sent it.

use std::fmt;

use serde::Deserialize;
use serde_json::json;

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

impl Message {
    /// Reads a message's body.
    pub(crate) fn read(body: &str) -> Result<Message, String> {
        // Without raw delivery, SNS wraps its message.
        let inner = serde_json::from_str::<Envelope>(body).map(|envelope| envelope.message);
        let body = inner.as_deref().unwrap_or(body);
        let Pointer { key, attempt, after } = serde_json::from_str(body)
            .map_err(|error| format!("the message points to no finding: {error}"))?;
        if !key.starts_with("findings/") {
            return Err("the message points to something that is no finding".to_owned());
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

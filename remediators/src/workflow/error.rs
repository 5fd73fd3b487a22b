//! Why a remediation has not ended.

use evenkeel_ledger::LedgerError;

use crate::remediator::type_erasure::StateError;

/// Why a remediation has not ended: its message must come again.
#[derive(Debug, thiserror::Error)]
pub enum ExecutorError {
    /// The ledger refused.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// AWS refused for now.
    #[error("{0}")]
    Retryable(String),
    /// Somebody else is at it.
    #[error("another worker, or a person, changes the resource at this moment")]
    Busy,
    /// A record of the ledger cannot be read.
    #[error("the record `{0}` cannot be read: {1}")]
    UnreadableRecord(String, serde_json::Error),
    /// A state cannot be read.
    #[error(transparent)]
    State(#[from] StateError),
    /// The message is not for this remediator.
    #[error("the finding is for remediator `{0}`")]
    OtherRemediator(String),
    /// There is no such attempt, or it was not carried out.
    #[error("attempt {0} was not carried out")]
    NoAttempt(u32),
}

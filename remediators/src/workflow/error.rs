//! The errors of the executor.

use evenkeel_ledger::LedgerError;

use crate::remediator::type_erasure::StateError;

/// The reason why a remediation has not ended. The message of the finding must be delivered again.
#[derive(Debug, thiserror::Error)]
pub enum ExecutorError {
    /// The ledger returned an error.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// AWS did not confirm the change yet. Contains the reason.
    #[error("{0}")]
    Retryable(String),
    /// Somebody else is changing the resource.
    #[error("another worker or a person is changing the resource; try again in a few minutes")]
    Busy,
    /// A record of the ledger cannot be read. Contains the key of the record and the error.
    #[error("the ledger record `{0}` cannot be read: {1}")]
    UnreadableRecord(String, serde_json::Error),
    /// A state in the ledger cannot be read.
    #[error(transparent)]
    State(#[from] StateError),
    /// The finding is for another remediator. Contains the id of that remediator.
    #[error("the finding is for remediator `{0}`, and the executor is for another remediator")]
    OtherRemediator(String),
    /// The attempt with this number does not exist or changed nothing.
    #[error("attempt {0} does not exist or changed nothing, so it cannot be undone or verified")]
    NoAttempt(u32),
}

impl ExecutorError {
    /// Returns the error for a write that a later read does not show yet.
    pub(super) fn not_visible_yet() -> ExecutorError {
        let why = "a read of the resource does not show the change yet; try again in a few minutes";
        ExecutorError::Retryable(why.to_owned())
    }
}

//! The errors of the operate function, with the codes and HTTP statuses of its responses.

use evenkeel_client::CallError;
use evenkeel_ledger::{AnnounceError, FindingError, LedgerError};
use evenkeel_remediators::{ExecutorError, OperatorFileError, PolicyViolationError};

/// The reason why a request is refused or failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum OperateError {
    /// The event contains no identity that AWS authenticated.
    #[error("the request has no IAM identity; sign it with AWS Signature Version 4")]
    NoIdentity,
    /// The body is not a request.
    #[error("the body is not a valid request: {0}")]
    InvalidRequest(String),
    /// The finding does not exist.
    #[error(transparent)]
    Finding(#[from] FindingError),
    /// The finding cannot be remediated.
    #[error("the finding cannot be remediated: {0}")]
    Violation(#[from] PolicyViolationError),
    /// The finding has no plan that waits for a decision.
    #[error("the finding has no plan that waits for a decision; run `evenkeel plan`")]
    NoPlan,
    /// The plan is not the one that the person saw.
    #[error("the plan has changed since you saw it; look at the new plan and decide again")]
    PlanChanged,
    /// The caller violated the policy.
    #[error(
        "you violated the policy, so you cannot approve the remediation; another person must \
         approve it"
    )]
    Violator,
    /// The caller is not in the list of approvers.
    #[error("you are not in the list of approvers for this remediation")]
    NotListed,
    /// The operator's settings cannot be loaded.
    #[error(transparent)]
    OperatorFile(#[from] OperatorFileError),
    /// The ledger returned an error.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// A record cannot be read or written now.
    #[error(transparent)]
    Record(#[from] ExecutorError),
    /// The queue did not accept the message.
    #[error("the queue of the remediate function did not accept the message: {0}")]
    Queue(#[from] CallError),
    /// A notice was not published.
    #[error(transparent)]
    Announce(#[from] AnnounceError),
}

impl OperateError {
    /// Returns the HTTP status and the stable code of the error.
    pub(super) fn status_and_code(&self) -> (u16, &'static str) {
        match self {
            OperateError::NoIdentity => (403, "identity-missing"),
            OperateError::InvalidRequest(_) => (400, "request-invalid"),
            OperateError::Finding(FindingError::Unknown(_)) => (404, "finding-unknown"),
            OperateError::Finding(FindingError::Ambiguous { .. }) => (400, "finding-ambiguous"),
            OperateError::Violation(_) => (409, "not-remediable"),
            OperateError::NoPlan => (409, "no-plan"),
            OperateError::PlanChanged => (409, "plan-changed"),
            OperateError::Violator => (403, "approver-violated"),
            OperateError::NotListed => (403, "approver-not-listed"),
            OperateError::Record(ExecutorError::Busy) => (409, "busy"),
            OperateError::OperatorFile(_) => (500, "settings-unreadable"),
            OperateError::Finding(FindingError::Ledger(_))
            | OperateError::Ledger(_)
            | OperateError::Record(_) => (502, "ledger-unavailable"),
            OperateError::Queue(_) => (502, "queue-unavailable"),
            OperateError::Announce(_) => (502, "topic-unavailable"),
        }
    }
}

//! Why something outside could not be read or told.

use crate::failure::FailureKind;
use crate::payload::PayloadErrorKind;

/// Something outside that could not be read or told. What it says becomes part of findings: it is the same
/// whenever the same happens again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CloudContextError {
    /// A local run reads nothing.
    #[error("{what}: not read from a local run")]
    LocalRun {
        /// What would have been read.
        what: String,
    },
    /// AWS Config refused a call, or was not heard.
    #[error("{task}: {why}")]
    Call {
        /// What was not done.
        task: &'static str,
        /// AWS's code, or what the client says where AWS gave none.
        why: String,
        /// The same call may succeed later.
        is_retryable: bool,
    },
    /// A call cannot be made of what is known.
    #[error("{0}")]
    Request(String),
    /// A log object cannot be read.
    #[error("cannot read {object}: {why}")]
    Object {
        /// Its bucket and key.
        object: String,
        /// What the store says.
        why: String,
        /// The same may succeed later.
        is_retryable: bool,
    },
    /// A log object is larger than any is.
    #[error("{object} has {size} bytes, more than any log object")]
    ObjectTooLarge {
        /// Its bucket and key.
        object: String,
        /// In bytes.
        size: u64,
    },
    /// Another account is not read.
    #[error("account {account} is not read: no role for it is configured")]
    NoRole {
        /// The account.
        account: String,
    },
    /// An event names an account that is none.
    #[error("the event's account is no account number")]
    NoAccount,
    /// AWS Config does not know the resource.
    #[error("AWS Config has not recorded the resource")]
    NotRecorded,
    /// AWS Config knows the resource, and no state of it.
    #[error("AWS Config has no state of the resource")]
    NoState,
    /// AWS Config returned something that is no configuration item.
    #[error("AWS Config returned an item that {0}")]
    Item(PayloadErrorKind),
    /// AWS Config did not take one of the evaluations.
    #[error("AWS Config did not take the evaluation of `{resource}`")]
    Evaluation {
        /// The resource's id.
        resource: String,
    },
    /// An evaluation cannot be ordered among others.
    #[error("`{resource}` has no time of capture")]
    NoTime {
        /// The resource's id.
        resource: String,
    },
}

impl CloudContextError {
    /// What logs and metrics call it.
    pub fn error_code(&self) -> &'static str {
        match self {
            CloudContextError::LocalRun { .. } => "local-run",
            CloudContextError::Call { .. } => "call-failed",
            CloudContextError::Request(_) => "request-invalid",
            CloudContextError::Object { .. } => "object-unreadable",
            CloudContextError::ObjectTooLarge { .. } => "object-too-large",
            CloudContextError::NoRole { .. } => "role-not-configured",
            CloudContextError::NoAccount => "account-invalid",
            CloudContextError::NotRecorded => "resource-not-recorded",
            CloudContextError::NoState => "resource-without-state",
            CloudContextError::Item(_) => "item-unreadable",
            CloudContextError::Evaluation { .. } => "evaluation-refused",
            CloudContextError::NoTime { .. } => "evaluation-without-time",
        }
    }

    /// What may help.
    pub fn failure_kind(&self) -> FailureKind {
        match self {
            CloudContextError::Call { is_retryable: true, .. }
            | CloudContextError::Object { is_retryable: true, .. }
            | CloudContextError::Evaluation { .. } => FailureKind::Retryable,
            CloudContextError::Call { .. }
            | CloudContextError::Object { .. }
            | CloudContextError::LocalRun { .. }
            | CloudContextError::NoRole { .. }
            | CloudContextError::NotRecorded
            | CloudContextError::NoState => FailureKind::Misconfigured,
            CloudContextError::Request(_)
            | CloudContextError::ObjectTooLarge { .. }
            | CloudContextError::NoAccount
            | CloudContextError::Item(_)
            | CloudContextError::NoTime { .. } => FailureKind::Poisoned,
        }
    }
}

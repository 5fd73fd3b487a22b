//! The errors of AWS operations.

use crate::failure::FailureKind;
use crate::payload::PayloadErrorKind;

/// An error of an AWS operation. Its text becomes part of findings, so the same error always has
/// the same text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CloudContextError {
    /// A local run does not read from AWS.
    #[error("a local run does not read {what}")]
    LocalRun {
        /// The object or service that would have been read.
        what: String,
    },
    /// AWS Config returned an error, or did not respond.
    #[error("{task}: {why}")]
    Call {
        /// The task that failed.
        task: &'static str,
        /// The error code from AWS, or the message of the client if there is no code.
        why: String,
        /// True if the same call may succeed later.
        is_retryable: bool,
    },
    /// The parameters of a call are invalid.
    #[error("{0}")]
    Request(String),
    /// A log object cannot be read.
    #[error("cannot read {object}: {why}")]
    Object {
        /// The bucket and the key of the object, as an `s3://` URL.
        object: String,
        /// The message of the object store.
        why: String,
        /// True if the same request may succeed later.
        is_retryable: bool,
    },
    /// A log object exceeds the size limit.
    #[error("{object} has {size} bytes and exceeds the limit of 64 MiB for log objects")]
    ObjectTooLarge {
        /// The bucket and the key of the object, as an `s3://` URL.
        object: String,
        /// The size of the object in bytes.
        size: u64,
    },
    /// The resource is in another account, and no role for other accounts is configured.
    #[error(
        "cannot read account {account}: no role for other accounts is configured; set \
         EVENKEEL_READ_ROLE"
    )]
    NoRole {
        /// The id of the account.
        account: String,
    },
    /// The account of an event is not a valid account id.
    #[error("the account of the event is not a valid account id")]
    NoAccount,
    /// AWS Config has not recorded the resource.
    #[error("AWS Config has not recorded the resource")]
    NotRecorded,
    /// AWS Config has recorded the resource, but has no state of it.
    #[error("AWS Config has no state of the resource")]
    NoState,
    /// AWS Config returned an invalid configuration item.
    #[error("AWS Config returned an item that {0}")]
    Item(PayloadErrorKind),
    /// AWS Config did not accept an evaluation.
    #[error("AWS Config did not accept the evaluation of `{resource}`")]
    Evaluation {
        /// The id of the resource.
        resource: String,
    },
    /// An assessment has no valid time, which AWS Config needs to order the evaluations.
    #[error("the assessment of `{resource}` has no valid time")]
    NoTime {
        /// The id of the resource.
        resource: String,
    },
}

impl CloudContextError {
    /// Returns the code of the error in logs and metrics.
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

    /// Returns the class of the error, which determines how to recover.
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

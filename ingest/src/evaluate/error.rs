//! The errors of handling a part of a payload, and the class of each error.

use std::sync::Arc;

use evenkeel_ledger::{AnnounceError, LedgerError, RecordError};
use evenkeel_rules::event::EventError;

use crate::environment::CloudContextError;
use crate::failure::FailureKind;
use crate::logs::{InputProblem, InvalidRecordError, ProblemKind, ReadError};
use crate::payload::PayloadError;

/// An error in the handling of a part of a payload.
#[derive(Clone, Debug, thiserror::Error)]
pub enum EvaluateError {
    /// The part cannot be parsed.
    #[error(transparent)]
    Payload(#[from] PayloadError),
    /// The record or configuration item cannot be evaluated.
    #[error(transparent)]
    Event(#[from] EventError),
    /// A configuration item for a rule of AWS Config cannot be evaluated.
    #[error("{resource_type} {resource}: {why}")]
    Item {
        /// The resource type, such as `AWS::S3::Bucket`.
        resource_type: String,
        /// The id of the resource.
        resource: String,
        /// The cause.
        why: EventError,
    },
    /// A call of AWS failed.
    #[error(transparent)]
    Cloud(#[from] CloudContextError),
    /// A log object cannot be read, or cannot be read completely.
    #[error("{0}")]
    Log(InputProblem),
    /// A record of a log object cannot be evaluated.
    #[error("{object}: record {number}: {why}")]
    LogRecord {
        /// The bucket and the key of the object, as an `s3://` URL.
        object: String,
        /// The position of the record in the object, counted from 1.
        number: u64,
        /// The cause.
        why: LogRecordError,
    },
    /// The evaluation of a log object ended before the end of the object.
    #[error("{object}: the evaluation ended before the end of the log object")]
    LogEnded {
        /// The bucket and the key of the object, as an `s3://` URL.
        object: String,
    },
    /// A finding or a canary is not recorded, or not announced.
    #[error("{0}")]
    Record(Arc<RecordError>),
    /// The parameters of a rule of AWS Config name a policy that does not exist.
    #[error(
        "the rule's parameter `{parameter}` names `{policy}`, which is not a policy of the bundle"
    )]
    UnknownPolicy {
        /// The name of the parameter.
        parameter: &'static str,
        /// The name of the policy.
        policy: String,
    },
    /// The handling of the message did not begin before the deadline.
    #[error("less than one second was left for this message, so its evaluation did not begin")]
    NotBegun,
    /// The handling of the message did not finish before the deadline.
    #[error("the time limit for this message ended before its evaluation was finished")]
    NotFinished,
}

/// An error in the evaluation of one record of a log object.
#[derive(Clone, Debug, thiserror::Error)]
pub enum LogRecordError {
    /// The element is not a record.
    #[error(transparent)]
    Invalid(#[from] InvalidRecordError),
    /// The record or the configuration item cannot be evaluated.
    #[error(transparent)]
    Event(#[from] EventError),
}

impl From<RecordError> for EvaluateError {
    fn from(error: RecordError) -> Self {
        EvaluateError::Record(Arc::new(error))
    }
}

impl EvaluateError {
    /// Returns the code of the error in logs and metrics.
    pub fn error_code(&self) -> &'static str {
        match self {
            EvaluateError::Payload(_) => "payload-unreadable",
            EvaluateError::Event(_) | EvaluateError::Item { .. } => "event-unreadable",
            EvaluateError::Cloud(error) => error.error_code(),
            EvaluateError::Log(_) => "log-unreadable",
            EvaluateError::LogRecord { .. } => "log-record-unreadable",
            EvaluateError::LogEnded { .. } => "log-not-finished",
            EvaluateError::Record(error) => match **error {
                RecordError::Ledger(_) => "ledger-refused",
                RecordError::Announce(_) => "not-announced",
            },
            EvaluateError::UnknownPolicy { .. } => "unknown-policy",
            EvaluateError::NotBegun => "not-begun",
            EvaluateError::NotFinished => "not-finished",
        }
    }

    /// Returns the class of the error, which determines how to recover.
    pub fn failure_kind(&self) -> FailureKind {
        match self {
            EvaluateError::Cloud(error) => error.failure_kind(),
            EvaluateError::Record(error) => match **error {
                RecordError::Ledger(LedgerError::Revisions(_))
                | RecordError::Announce(AnnounceError::TooLarge(_)) => FailureKind::Poisoned,
                RecordError::Announce(AnnounceError::Refused(ref error))
                    if !error.is_retryable() =>
                {
                    FailureKind::Misconfigured
                }
                RecordError::Ledger(LedgerError::Folder { .. }) => FailureKind::Misconfigured,
                RecordError::Ledger(_) | RecordError::Announce(_) => FailureKind::Retryable,
            },
            EvaluateError::Log(InputProblem { kind: what, .. }) => match what {
                ProblemKind::Read(ReadError::Failed(_)) => FailureKind::Retryable,
                _ => FailureKind::Poisoned,
            },
            EvaluateError::UnknownPolicy { .. } => FailureKind::Misconfigured,
            EvaluateError::NotBegun
            | EvaluateError::NotFinished
            | EvaluateError::LogEnded { .. } => FailureKind::Retryable,
            EvaluateError::Payload(_)
            | EvaluateError::Event(_)
            | EvaluateError::Item { .. }
            | EvaluateError::LogRecord { .. } => FailureKind::Poisoned,
        }
    }
}

//! Why a part of a payload is not done, and what may help.

use std::sync::Arc;

use evenkeel_ledger::{AnnounceError, LedgerError, RecordError};
use evenkeel_rules::event::EventError;

use crate::environment::CloudContextError;
use crate::failure::FailureKind;
use crate::logs::{InputProblem, InvalidRecordError, ProblemKind, ReadError};
use crate::payload::PayloadError;

/// Why a part of a payload is not done.
#[derive(Clone, Debug, thiserror::Error)]
pub enum EvaluateError {
    /// It cannot be opened.
    #[error(transparent)]
    Payload(#[from] PayloadError),
    /// Its record or configuration item cannot be judged.
    #[error(transparent)]
    Event(#[from] EventError),
    /// A configuration item that a rule asks about cannot be judged.
    #[error("{resource_type} {resource}: {why}")]
    Item {
        /// The resource's type.
        resource_type: String,
        /// The resource's id.
        resource: String,
        /// Why.
        why: EventError,
    },
    /// Something outside could not be read or told.
    #[error(transparent)]
    Cloud(#[from] CloudContextError),
    /// A log object is not what it should be, or not all of it.
    #[error("{0}")]
    Log(InputProblem),
    /// A record of a log object cannot be judged.
    #[error("{object}: record {number}: {why}")]
    LogRecord {
        /// The object's bucket and key.
        object: String,
        /// The record's place, counted from 1.
        number: u64,
        /// Why.
        why: LogRecordError,
    },
    /// The reading of a log object ended before the object did.
    #[error("{object}: the handling of it ended early")]
    LogEnded {
        /// The object's bucket and key.
        object: String,
    },
    /// A finding or a canary is not durable, or not announced.
    #[error("{0}")]
    Record(Arc<RecordError>),
    /// A rule of AWS Config names a policy that there is not.
    #[error("the rule's parameter `{parameter}` names `{policy}`, which is no policy")]
    UnknownPolicy {
        /// The parameter of the rule.
        parameter: &'static str,
        /// What it names.
        policy: String,
    },
    /// It was not begun.
    #[error("too little time was left to begin it")]
    NotBegun,
    /// It was begun, and not finished.
    #[error("the time of the invocation was up before it was done")]
    NotFinished,
}

/// Why a record of a log object cannot be judged.
#[derive(Clone, Debug, thiserror::Error)]
pub enum LogRecordError {
    /// It is no record.
    #[error(transparent)]
    Invalid(#[from] InvalidRecordError),
    /// It is a record, or a configuration item, that cannot be judged.
    #[error(transparent)]
    Event(#[from] EventError),
}

impl From<RecordError> for EvaluateError {
    fn from(error: RecordError) -> Self {
        EvaluateError::Record(Arc::new(error))
    }
}

impl EvaluateError {
    /// What logs and metrics call it.
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

    /// What may help.
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

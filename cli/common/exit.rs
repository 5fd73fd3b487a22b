//! The exit codes of the program, and the error that ends a command.
//!
//! Scripts depend on the exit codes, so the codes must not change.

use std::process::ExitCode;

/// The exit status of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ExitStatus {
    /// Success: exit code 0.
    Success,
    /// A violation, a failed case or an invalid policy was found: exit code 1.
    Findings,
    /// Invalid usage: exit code 2.
    UsageError,
    /// A read, a write or a call of a service failed: exit code 3.
    InputError,
}

impl From<ExitStatus> for ExitCode {
    fn from(exit: ExitStatus) -> ExitCode {
        ExitCode::from(match exit {
            ExitStatus::Success => 0,
            ExitStatus::Findings => 1,
            ExitStatus::UsageError => 2,
            ExitStatus::InputError => 3,
        })
    }
}

/// An error that ends a command.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CommandError {
    /// Policies, waivers or other files are invalid.
    #[error("{0}")]
    Invalid(String),
    /// The arguments are invalid, or the requested action is not possible.
    #[error("{0}")]
    Usage(String),
    /// A read, a write or a call failed.
    #[error("{what}: {error}")]
    Io {
        /// The action that failed, with the file or the service.
        what: String,
        /// The cause.
        error: std::io::Error,
    },
}

impl CommandError {
    /// Returns the exit status for this error.
    pub(crate) fn exit_status(&self) -> ExitStatus {
        match self {
            CommandError::Invalid(_) => ExitStatus::Findings,
            CommandError::Usage(_) => ExitStatus::UsageError,
            CommandError::Io { .. } => ExitStatus::InputError,
        }
    }

    /// Returns a function that converts an I/O error; `what` describes the action that failed.
    pub(crate) fn io_error(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> CommandError {
        let what = what.into();
        move |error| CommandError::Io { what, error }
    }
}

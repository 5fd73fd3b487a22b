//! How a command ends: the exit codes, which stay what they are.

use std::process::ExitCode;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ExitStatus {
    /// All is well.
    Success,
    /// Something was found: a violation, a failed case, a wrong policy.
    Findings,
    /// The command was not used as it is meant to be.
    UsageError,
    /// Some input could not be read.
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

/// Why a command could not do its work.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CommandError {
    /// Policies or waivers are wrong; what is wrong has been shown.
    #[error("{0}")]
    Invalid(String),
    /// An argument makes no sense.
    #[error("{0}")]
    Usage(String),
    /// Something could not be read or written.
    #[error("{what}: {error}")]
    Io {
        /// What was attempted, on which file.
        what: String,
        /// Why it failed.
        error: std::io::Error,
    },
}

impl CommandError {
    /// The exit code that goes with it.
    pub(crate) fn exit_status(&self) -> ExitStatus {
        match self {
            CommandError::Invalid(_) => ExitStatus::Findings,
            CommandError::Usage(_) => ExitStatus::UsageError,
            CommandError::Io { .. } => ExitStatus::InputError,
        }
    }

    /// An I/O error while doing something.
    pub(crate) fn io_error(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> CommandError {
        let what = what.into();
        move |error| CommandError::Io { what, error }
    }
}

//! How a command ends: the exit codes, which stay what they are.

use std::process::ExitCode;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// All is well.
    Well,
    /// Something was found: a violation, a failed case, a wrong policy.
    Found,
    /// The command was not used as it is meant to be.
    Usage,
    /// Some input could not be read.
    Input,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(match exit {
            Exit::Well => 0,
            Exit::Found => 1,
            Exit::Usage => 2,
            Exit::Input => 3,
        })
    }
}

/// Why a command could not do its work.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Stopped {
    /// Policies or waivers are wrong; what is wrong has been shown.
    #[error("{0}")]
    Wrong(String),
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

impl Stopped {
    /// The exit code that goes with it.
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Stopped::Wrong(_) => Exit::Found,
            Stopped::Usage(_) => Exit::Usage,
            Stopped::Io { .. } => Exit::Input,
        }
    }

    /// An I/O error while doing something.
    pub(crate) fn io(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> Stopped {
        let what = what.into();
        move |error| Stopped::Io { what, error }
    }
}

//! The classes of failures.

use std::fmt;

/// A class of failures. The class determines how to recover. Logs and metrics contain its code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FailureKind {
    /// The same operation can succeed later. Retry it.
    Retryable,
    /// The input is invalid. A retry fails again.
    Poisoned,
    /// Settings, permissions or policies prevent the operation. Correct them, and then retry.
    Misconfigured,
}

impl FailureKind {
    /// Returns the code of the class in logs and metrics, such as `retryable`.
    pub fn kind_code(self) -> &'static str {
        match self {
            FailureKind::Retryable => "retryable",
            FailureKind::Poisoned => "poisoned",
            FailureKind::Misconfigured => "misconfigured",
        }
    }
}

impl fmt::Display for FailureKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind_code())
    }
}

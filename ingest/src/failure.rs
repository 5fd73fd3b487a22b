//! What may help when something failed.

use std::fmt;

/// What may help when something failed, as logs and metrics call it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FailureKind {
    /// To bring the same again.
    Retryable,
    /// Nothing: the input is wrong, and stays so.
    Poisoned,
    /// To change settings, permissions or policies, and then to bring the same again.
    Misconfigured,
}

impl FailureKind {
    /// The word for it.
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

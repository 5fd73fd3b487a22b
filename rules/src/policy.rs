//! Policies: one `.cel` file each, its header, and the set that is indexed by event.

mod file;
mod header;
mod index;
mod load;
mod message;
mod patch;
mod set;
mod settings;

pub use file::PolicyFile;
pub use header::{
    Match, Mode, OutcomeMatch, Parameter, RemediationHeader, Severity, Tier, is_lint, split,
};
pub use load::{ExpressionError, FilledValues, Policy, Role, UnknownParameterError, Written};
pub use set::PolicySet;

pub(crate) use header::Ordered;

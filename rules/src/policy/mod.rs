//! Policies: one `.cel` file each, its header, and the set that is indexed by event.

mod header;
mod index;
mod load;
mod message;
mod set;

pub use header::{Match, Mode, OutcomeMatch, Parameter, RemediationHeader, Severity};
pub use load::{Policy, PolicyFile};
pub use set::PolicySet;

pub(crate) use header::Ordered;

//! Commands about a finding: what would be done about it, doing it, undoing it, and who agreed.

pub(crate) mod apply;
pub(crate) mod approve;
mod decision;
pub(crate) mod plan;
pub(crate) mod reject;
mod session;
pub(crate) mod status;
pub(crate) mod undo;

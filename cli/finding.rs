//! Commands that remediate a finding: plan, apply, undo, approve, reject, and show the outcomes.

pub(crate) mod apply;
pub(crate) mod approve;
mod decision;
pub(crate) mod plan;
pub(crate) mod reject;
mod session;
mod stack_client;
pub(crate) mod status;
pub(crate) mod undo;

//! Evaluates one event or configuration item with one policy, or one record with all policies that
//! match it.

pub(crate) mod configuration_item;
pub(crate) mod event_evaluation;
mod finding_groups;
pub(crate) mod record_evaluator;
mod record_kinds;
pub(crate) mod single_evaluation;

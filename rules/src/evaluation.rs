//! Evaluation of one policy against one event or configuration item, and of all policies that match
//! one record.

pub(crate) mod configuration_item;
pub(crate) mod record_evaluator;
pub(crate) mod single_evaluation;

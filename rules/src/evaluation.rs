//! Evaluating: one policy and one event or item, and all policies that want one record.

pub(crate) mod configuration_item;
pub(crate) mod record_evaluator;
pub(crate) mod single_evaluation;

//! Evaluating: one policy and one event or item, and all policies that want one record.

pub(crate) mod evaluate;
pub(crate) mod item;
pub(crate) mod judge;

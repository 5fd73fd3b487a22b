//! Searches for a request that satisfies conditions on its parts.

pub(crate) mod candidates;
pub(crate) mod domain;
pub(crate) mod key;
pub(crate) mod pattern;
pub(crate) mod problem;
pub(crate) mod search;
pub(crate) mod steps;
pub(crate) mod texts;

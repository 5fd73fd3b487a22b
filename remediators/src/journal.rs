//! What is kept of remediations.

pub(crate) mod activity;
pub(crate) mod record;

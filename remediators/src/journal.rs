//! The ledger records of remediations.

pub(crate) mod activity;
pub(crate) mod record;

//! The ledger records of remediations.

pub(crate) mod activity;
pub(crate) mod plan_record;
pub(crate) mod plan_text;
pub(crate) mod record;
pub(crate) mod request_record;

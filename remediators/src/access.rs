//! How the accounts of findings and backends are reached, and how often.

pub(crate) mod aws;
mod local;
pub(crate) mod operator;
pub(crate) mod pace;
pub(crate) mod probe;

//! How the accounts of findings and backends are reached, and how often.

pub(crate) mod account_access;
pub(crate) mod connection;
mod local_access;
pub(crate) mod rate_limit;
pub(crate) mod tls_probe;

//! Access to the accounts of findings and to backends, with rate limits.

pub(crate) mod account_access;
pub(crate) mod connection;
mod local_access;
pub(crate) mod operator_file;
pub(crate) mod ownership;
pub(crate) mod rate_limit;
pub(crate) mod tls_probe;

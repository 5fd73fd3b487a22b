//! Remediators of Amazon SNS.

pub mod deny_insecure_transport;

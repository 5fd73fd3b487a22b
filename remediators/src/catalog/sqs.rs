//! Remediators of Amazon SQS.

pub mod deny_insecure_transport;

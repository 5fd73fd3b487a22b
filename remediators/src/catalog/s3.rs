//! Remediators of Amazon S3.

pub mod block_public_access;
mod bucket;
pub mod default_encryption;
pub mod deny_insecure_transport;

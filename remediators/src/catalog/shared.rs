//! What remediators of several services share.

pub mod public_sharing;
pub(crate) mod tls_only;

//! What remediators of several services share.

pub mod sharing;
pub(crate) mod tls_only;

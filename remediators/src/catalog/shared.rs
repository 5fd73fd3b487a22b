//! Code that remediators of several services share.

pub(crate) mod deny_insecure_transport;
pub mod public_sharing;

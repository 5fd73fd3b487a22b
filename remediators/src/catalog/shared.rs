//! Code that remediators of several services share.

pub(crate) mod deny_insecure_transport;
pub(crate) mod policy_documents;
pub mod public_sharing;

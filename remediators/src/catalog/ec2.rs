//! Remediators of Amazon EC2.

pub mod ebs_default_encryption;
pub mod image_private;
pub mod revoke_ingress;
mod sharing;
pub mod snapshot_private;

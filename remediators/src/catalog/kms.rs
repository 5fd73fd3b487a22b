//! Remediators of AWS KMS.

pub mod cancel_key_deletion;
pub mod enable_key;
pub mod enable_rotation;
pub mod key;

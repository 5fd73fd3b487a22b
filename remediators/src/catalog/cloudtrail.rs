//! Remediators of AWS CloudTrail.

pub mod restore_trail;

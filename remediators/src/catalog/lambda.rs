//! Remediators of AWS Lambda.

pub mod remove_public_permission;

//! Remediators of AWS IAM.

pub mod password_policy;

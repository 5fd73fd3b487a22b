//! Remediators of AWS Config.

pub mod start_recorder;

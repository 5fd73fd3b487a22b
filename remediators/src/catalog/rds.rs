//! Remediators of Amazon RDS.

pub mod cluster_snapshot_private;
pub mod instance_private;
pub mod snapshot_private;

//! A snapshot of a database is not shared with everyone.

use crate::catalog::shared::public_sharing::{PublicSharing, SharedResource, SharingAttribute};
use crate::violation::TargetResource;

/// Takes everyone off those who may restore a snapshot of a database.
pub type DatabaseSnapshotPrivate = PublicSharing<DatabaseSnapshot>;

/// A snapshot of a database.
#[derive(Debug)]
pub struct DatabaseSnapshot;

impl SharedResource for DatabaseSnapshot {
    const ID: &'static str = "rds-snapshot-private";
    const ACTIONS: &'static [&'static str; 2] =
        &["rds:DescribeDBSnapshotAttributes", "rds:ModifyDBSnapshotAttribute"];
    const ID_PARAMETER: &'static str = "DBSnapshotIdentifier";
    const ATTRIBUTE: SharingAttribute = SharingAttribute::Rds([
        "DescribeDBSnapshotAttributesResult",
        "DBSnapshotAttributesResult",
        "DBSnapshotAttributes",
    ]);

    fn resource_arn(target: &TargetResource) -> String {
        target.build_arn("rds", &format!("snapshot:{}", target.id))
    }
}

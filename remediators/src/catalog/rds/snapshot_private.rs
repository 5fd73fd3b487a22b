//! Removes public sharing from DB snapshots.

use crate::catalog::shared::public_sharing::{PublicSharing, SharedResource, SharingAttribute};
use crate::violation::TargetResource;

/// A remediator that removes the public restore permission of a DB snapshot.
pub type DatabaseSnapshotPrivate = PublicSharing<DatabaseSnapshot>;

/// The resource type DB snapshot.
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

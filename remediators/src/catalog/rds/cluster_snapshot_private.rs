//! Removes public sharing from DB cluster snapshots.

use crate::catalog::shared::public_sharing::{PublicSharing, SharedResource, SharingAttribute};
use crate::violation::TargetResource;

/// A remediator that removes the public restore permission of a DB cluster snapshot.
///
/// The remediator also works for other engines that use the same API, such as Amazon Neptune.
pub type ClusterSnapshotPrivate = PublicSharing<ClusterSnapshot>;

/// The resource type DB cluster snapshot.
#[derive(Debug)]
pub struct ClusterSnapshot;

impl SharedResource for ClusterSnapshot {
    const ID: &'static str = "rds-cluster-snapshot-private";
    const ACTIONS: &'static [&'static str; 2] =
        &["rds:DescribeDBClusterSnapshotAttributes", "rds:ModifyDBClusterSnapshotAttribute"];
    const ID_PARAMETER: &'static str = "DBClusterSnapshotIdentifier";
    const ATTRIBUTE: SharingAttribute = SharingAttribute::Rds([
        "DescribeDBClusterSnapshotAttributesResult",
        "DBClusterSnapshotAttributesResult",
        "DBClusterSnapshotAttributes",
    ]);

    fn resource_arn(target: &TargetResource) -> String {
        target.build_arn("rds", &format!("cluster-snapshot:{}", target.id))
    }
}

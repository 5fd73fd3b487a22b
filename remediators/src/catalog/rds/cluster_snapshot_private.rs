//! A snapshot of a cluster is not shared with everyone.

use crate::catalog::shared::public_sharing::{PublicSharing, SharedResource, SharingAttribute};
use crate::violation::TargetResource;

/// Takes everyone off those who may restore a snapshot of a cluster.
///
/// Clusters of the other engines that share the API, such as Amazon Neptune, answer the same calls.
pub type ClusterSnapshotPrivate = PublicSharing<ClusterSnapshot>;

/// A snapshot of a cluster.
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

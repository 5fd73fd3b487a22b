//! Removes public sharing from EBS snapshots.

use super::arn_without_account;
use crate::catalog::shared::public_sharing::{PublicSharing, SharedResource, SharingAttribute};
use crate::violation::TargetResource;

/// A remediator that removes the public permission to create volumes from a snapshot.
pub type VolumeSnapshotPrivate = PublicSharing<VolumeSnapshot>;

/// The resource type EBS snapshot.
#[derive(Debug)]
pub struct VolumeSnapshot;

impl SharedResource for VolumeSnapshot {
    const ID: &'static str = "ec2-snapshot-private";
    const ACTIONS: &'static [&'static str; 2] =
        &["ec2:DescribeSnapshotAttribute", "ec2:ModifySnapshotAttribute"];
    const ID_PARAMETER: &'static str = "SnapshotId";
    const ATTRIBUTE: SharingAttribute = SharingAttribute::Ec2("createVolumePermission");

    fn resource_arn(target: &TargetResource) -> String {
        arn_without_account(target, "snapshot")
    }
}

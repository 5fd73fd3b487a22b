//! Removes public sharing from Amazon Machine Images (AMIs).

use super::arn_without_account;
use crate::catalog::shared::public_sharing::{PublicSharing, SharedResource, SharingAttribute};
use crate::violation::TargetResource;

/// A remediator that removes the public launch permission of an image.
pub type ImagePrivate = PublicSharing<MachineImage>;

/// The resource type Amazon Machine Image.
#[derive(Debug)]
pub struct MachineImage;

impl SharedResource for MachineImage {
    const ID: &'static str = "ec2-image-private";
    const ACTIONS: &'static [&'static str; 2] =
        &["ec2:DescribeImageAttribute", "ec2:ModifyImageAttribute"];
    const ID_PARAMETER: &'static str = "ImageId";
    const ATTRIBUTE: SharingAttribute = SharingAttribute::Ec2("launchPermission");

    fn resource_arn(target: &TargetResource) -> String {
        arn_without_account(target, "image")
    }
}

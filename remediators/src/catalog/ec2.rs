//! Remediators of Amazon EC2.

pub mod ebs_default_encryption;
pub mod image_private;
pub mod revoke_ingress;
pub mod snapshot_private;

use evenkeel_aws::Arn;

use crate::violation::TargetResource;

/// Returns the ARN of a snapshot or an image. Such an ARN contains no account id.
///
/// Source: Service Authorization Reference, "Resource types defined by Amazon EC2".
fn arn_without_account(target: &TargetResource, resource: &str) -> String {
    let resource = format!("{resource}/{}", target.id);
    Arn::in_region(&target.region, "", "ec2", &resource).to_string()
}

//! What the remediators of buckets share.

use evenkeel_aws::Arn;
use evenkeel_client::{CallError, Method, RestCall, ServiceClient};

use crate::remediator::aws_failure::classify_error;
use crate::remediator::{AwsFailure, PrecheckResult};
use crate::violation::TargetResource;

/// A call about a setting of the bucket, such as `policy`. It names the account, too: a bucket whose name somebody else
/// took meanwhile is denied.
///
/// Source: Amazon S3 User Guide, "Verifying bucket ownership with bucket owner condition".
pub(super) fn build_bucket_call<'s>(
    s3: &'s ServiceClient,
    method: Method,
    target: &TargetResource,
    setting: &str,
) -> RestCall<'s> {
    let call = s3.rest_call(method, &[&target.id]).with_query(setting, None);
    call.with_header("x-amz-expected-bucket-owner", &target.account)
}

/// The bucket's ARN, which names neither account nor region.
pub(super) fn bucket_arn(target: &TargetResource) -> String {
    Arn::s3_bucket(&target.region, &target.id)
}

/// Source: Amazon S3 API Reference, "Error responses".
pub(super) fn classify_bucket_error(error: CallError) -> AwsFailure {
    classify_error(error, &["NoSuchBucket"], &["AllAccessDisabled"])
}

/// Asks a person where the bucket serves a website: `harm` says what would become of it.
///
/// Source: Amazon S3 User Guide, "Website endpoints".
pub(super) async fn ask_about_website(
    s3: &ServiceClient,
    target: &TargetResource,
    harm: &str,
) -> Result<PrecheckResult, AwsFailure> {
    match build_bucket_call(s3, Method::GET, target, "website").send_rest().await {
        Ok(_) => {
            Ok(PrecheckResult::RequireApproval(format!("the bucket serves a website, {harm}")))
        }
        Err(error) if error.error_code() == Some("NoSuchWebsiteConfiguration") => {
            Ok(PrecheckResult::Proceed)
        }
        Err(error) => Err(classify_bucket_error(error)),
    }
}

//! Shared code of the remediators of S3 buckets.

use evenkeel_aws::Arn;
use evenkeel_client::{CallError, Method, RestCall, ServiceClient};

use crate::remediator::aws_failure::classify_error;
use crate::remediator::{AwsFailure, PrecheckResult};
use crate::violation::TargetResource;

/// Returns a call for a setting of the bucket, such as `policy`. The call contains the expected
/// account, so AWS denies it if another account now owns the bucket name.
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

/// Returns the ARN of the bucket. The ARN of a bucket contains neither an account nor a Region.
pub(super) fn bucket_arn(target: &TargetResource) -> String {
    Arn::s3_bucket(&target.region, &target.id)
}

/// Classifies an error.
///
/// Source: Amazon S3 API Reference, "Error responses".
pub(super) fn classify_bucket_error(error: CallError) -> AwsFailure {
    classify_error(error, &["NoSuchBucket"], &["AllAccessDisabled"])
}

/// Asks for an approval if the bucket serves a website. `harm` describes the effect on the website.
///
/// Source: Amazon S3 User Guide, "Website endpoints".
pub(super) async fn ask_about_website(
    s3: &ServiceClient,
    target: &TargetResource,
    harm: &str,
) -> Result<PrecheckResult, AwsFailure> {
    match build_bucket_call(s3, Method::GET, target, "website").send_rest().await {
        Ok(_) => {
            Ok(PrecheckResult::RequireApproval(format!("the S3 bucket serves a website, {harm}")))
        }
        Err(error) if error.error_code() == Some("NoSuchWebsiteConfiguration") => {
            Ok(PrecheckResult::Proceed)
        }
        Err(error) => Err(classify_bucket_error(error)),
    }
}

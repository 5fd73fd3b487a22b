//! What the remediators of buckets share.

use evenkeel_aws::Arn;
use evenkeel_client::{CallError, Method, RestCall, Service};

use crate::remediator::aws_failure::refusal;
use crate::remediator::{Check, RefusedByAws};
use crate::violation::Target;

/// A call about a setting of the bucket, such as `policy`. It names the account, too: a bucket whose name somebody else
/// took meanwhile is denied.
///
/// Source: Amazon S3 User Guide, "Verifying bucket ownership with bucket owner condition".
pub(super) fn call<'s>(
    s3: &'s Service,
    method: Method,
    target: &Target,
    setting: &str,
) -> RestCall<'s> {
    let call = s3.rest(method, &[&target.id]).with_query(setting, None);
    call.with_header("x-amz-expected-bucket-owner", &target.account)
}

/// The bucket's ARN, which names neither account nor region.
pub(super) fn arn(target: &Target) -> String {
    Arn::bucket(&target.region, &target.id)
}

/// Source: Amazon S3 API Reference, "Error responses".
pub(super) fn refused(error: CallError) -> RefusedByAws {
    refusal(error, &["NoSuchBucket"], &["AllAccessDisabled"])
}

/// Asks a person where the bucket serves a website: `harm` says what would become of it.
///
/// Source: Amazon S3 User Guide, "Website endpoints".
pub(super) async fn ask_about_website(
    s3: &Service,
    target: &Target,
    harm: &str,
) -> Result<Check, RefusedByAws> {
    match call(s3, Method::GET, target, "website").send().await {
        Ok(_) => Ok(Check::Ask(format!("the bucket serves a website, {harm}"))),
        Err(error) if error.code() == Some("NoSuchWebsiteConfiguration") => Ok(Check::Go),
        Err(error) => Err(refused(error)),
    }
}

//! What the remediators of buckets share.

use std::fmt::Debug;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::Builder;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};

use evenkeel_aws::Arn;

use crate::aws::Aws;
use crate::refusal::{ServiceError, refusal};
use crate::remediator::{Check, RefusedByAws};
use crate::violation::Target;

/// A client. An endpoint of its own has no names for buckets.
pub(super) fn client(aws: &Aws) -> Client {
    let config = Builder::from(&aws.config);
    let config = config.force_path_style(aws.config.endpoint_url().is_some());
    Client::from_conf(config.build())
}

/// The bucket's ARN, which names neither account nor region.
pub(super) fn arn(target: &Target) -> String {
    Arn::bucket(&target.region, &target.id)
}

/// Each call also names the account: a name that somebody else took meanwhile is denied.
///
/// Source: Amazon S3 API Reference, "Error responses"; User Guide, "Verifying bucket ownership with bucket
/// owner condition".
pub(super) fn refused<E: ServiceError, R: Debug + 'static>(error: SdkError<E, R>) -> RefusedByAws {
    refusal(error, &["NoSuchBucket"], &["AllAccessDisabled"])
}

/// Asks a person where the bucket serves a website: `harm` says what would become of it.
///
/// Source: Amazon S3 User Guide, "Website endpoints".
pub(super) async fn ask_about_website(
    client: &Client,
    target: &Target,
    harm: &str,
) -> Result<Check, RefusedByAws> {
    let call = client.get_bucket_website().bucket(&target.id);
    match call.expected_bucket_owner(&target.account).send().await {
        Ok(_) => Ok(Check::Ask(format!("the bucket serves a website, {harm}"))),
        Err(error) if error.code() == Some("NoSuchWebsiteConfiguration") => Ok(Check::Go),
        Err(error) => Err(refused(error)),
    }
}

//! Builds the stores of S3 buckets, with the credentials and the HTTP client of the AWS SDK.

mod credentials;
mod http;

use std::sync::Arc;
use std::time::Duration;

use aws_types::SdkConfig;
use object_store::aws::AmazonS3Builder;
use object_store::{BackoffConfig, RetryConfig};

use credentials::CachedCredentials;
use http::SdkHttp;

/// The maximum number of retries of a request.
const RETRIES: usize = 5;
/// The maximum time for a request with its retries. The request must end before the timeout of the
/// Lambda function.
const RETRY_TIMEOUT: Duration = Duration::from_secs(20);

/// Returns a builder for the store of a bucket, with the Region, the credentials and the endpoint
/// of `config`. `timeout` is the maximum time for a request and its response. To encrypt with a KMS
/// key, set the environment variables `AWS_SERVER_SIDE_ENCRYPTION=aws:kms` and
/// `AWS_SSE_KMS_KEY_ID`.
pub fn s3_builder(config: &SdkConfig, bucket: &str, timeout: Duration) -> AmazonS3Builder {
    let retry = RetryConfig {
        max_retries: RETRIES,
        retry_timeout: RETRY_TIMEOUT,
        backoff: BackoffConfig::default(),
    };
    let mut builder = AmazonS3Builder::from_env()
        .with_bucket_name(bucket)
        .with_http_connector(SdkHttp::new(timeout))
        .with_retry(retry);
    if let Some(credentials) = config.credentials_provider() {
        builder = builder.with_credentials(Arc::new(CachedCredentials::new(credentials)));
    }
    if let Some(region) = config.region() {
        builder = builder.with_region(region.as_ref());
    }
    match evenkeel_client::call::s3_url(config) {
        Some(url) => builder.with_allow_http(url.starts_with("http://")).with_endpoint(url),
        None => builder,
    }
}

//! Buckets, reached with the credentials and over the HTTP client of everything else that calls AWS.

mod credentials;
mod http;

use std::sync::Arc;
use std::time::Duration;

use aws_types::SdkConfig;
use object_store::aws::AmazonS3Builder;
use object_store::{BackoffConfig, RetryConfig};

use credentials::CachedCredentials;
use http::SdkHttp;

/// What a store is asked again for, and how long: an invocation must end before its function does.
const RETRIES: usize = 5;
const RETRY_TIMEOUT: Duration = Duration::from_secs(20);

/// How a bucket is reached: with the Region, the credentials and the endpoint of `config`. A request takes `timeout` at
/// most, with its answer. A key of KMS comes from the environment: `AWS_SERVER_SIDE_ENCRYPTION=aws:kms` and
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

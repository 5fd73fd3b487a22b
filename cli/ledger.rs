//! The ledger, with the credentials, the profile and the Region that a person's other AWS tools take.

use std::time::Duration;

use aws_config::{BehaviorVersion, SdkConfig};
use aws_credential_types::provider::ProvideCredentials;
use evenkeel_ledger::{Ledger, s3_builder};

use crate::exit::Stopped;

/// A record is small.
const PATIENCE: Duration = Duration::from_secs(5);

/// The ledger at `place`: `s3://bucket/prefix`, or a folder.
pub(crate) async fn open(place: &str) -> Result<Ledger, Stopped> {
    let wrong = |error: String| Stopped::Usage(format!("{place}: {error}"));
    match bucket(place) {
        Some((bucket, prefix)) => {
            let config = aws_config::load_defaults(BehaviorVersion::latest()).await;
            within(&config, bucket, prefix).await.map_err(wrong)
        }
        None => Ledger::at(place).map_err(|error| wrong(error.to_string())),
    }
}

/// The bucket that a place names, and what its records lie below.
pub(crate) fn bucket(place: &str) -> Option<(&str, &str)> {
    let rest = place.strip_prefix("s3://")?;
    Some(rest.split_once('/').unwrap_or((rest, "")))
}

/// The ledger in a bucket. The credentials are taken once: a command ends before they do.
pub(crate) async fn within(
    config: &SdkConfig,
    bucket: &str,
    prefix: &str,
) -> Result<Ledger, String> {
    let provider = config.credentials_provider().ok_or("there are no credentials")?;
    let keys = provider.provide_credentials().await.map_err(|error| {
        format!("no credentials: {}", aws_sdk_sts::error::DisplayErrorContext(error))
    })?;
    let mut builder = s3_builder(bucket, PATIENCE)
        .with_access_key_id(keys.access_key_id())
        .with_secret_access_key(keys.secret_access_key());
    if let Some(region) = config.region() {
        builder = builder.with_region(region.as_ref());
    }
    if let Some(token) = keys.session_token() {
        builder = builder.with_token(token);
    }
    Ledger::within(builder, prefix).map_err(|error| error.to_string())
}

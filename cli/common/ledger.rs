//! The ledger, with the credentials, the profile and the Region that a person's other AWS tools take.

use std::io::Error;
use std::time::Duration;

use aws_config::{BehaviorVersion, SdkConfig};
use aws_credential_types::provider::ProvideCredentials;
use evenkeel_ledger::{Ledger, LedgerError, s3_builder};

use crate::common::exit::Stopped;

/// A record is small.
const PATIENCE: Duration = Duration::from_secs(5);

/// The ledger at `place`: `s3://bucket/prefix`, or a folder.
pub(crate) async fn open(place: &str) -> Result<Ledger, Stopped> {
    match bucket(place) {
        Some((bucket, prefix)) => {
            let config = aws_config::load_defaults(BehaviorVersion::latest()).await;
            let ledger = within(&config, bucket, prefix).await;
            ledger.map_err(|why| Stopped::io(format!("cannot reach {place}"))(Error::other(why)))
        }
        None => Ledger::at(place).map_err(|error| Stopped::Usage(format!("{place}: {error}"))),
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
    let keys = provider.provide_credentials().await;
    let keys = keys.map_err(|error| format!("sign in, or set AWS_PROFILE: {}", whole(&error)))?;
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

/// What an error says, and what each of its causes does.
fn whole(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// The ledger cannot be read.
pub(crate) fn unreadable(error: LedgerError) -> Stopped {
    Stopped::io("cannot read the ledger")(std::io::Error::other(error))
}

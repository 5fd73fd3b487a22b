//! Caches the credentials for the store until five minutes before they expire.

use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use object_store::CredentialProvider;
use object_store::aws::AwsCredential;
use tokio::sync::Mutex;

/// The remaining validity at which the cached credentials are replaced by new ones.
const RENEWAL_MARGIN: Duration = Duration::from_mins(5);

/// A cache for the credentials of an SDK provider, because the provider may assume a role at each
/// call.
#[derive(Debug)]
pub(super) struct CachedCredentials {
    provider: SharedCredentialsProvider,
    cached: Mutex<Option<Credentials>>,
}

impl CachedCredentials {
    pub(super) fn new(provider: SharedCredentialsProvider) -> CachedCredentials {
        CachedCredentials { provider, cached: Mutex::default() }
    }
}

fn is_valid_beyond_margin(credentials: &Credentials) -> bool {
    let left = |end: SystemTime| end.duration_since(SystemTime::now()).unwrap_or_default();
    credentials.expiry().is_none_or(|end| left(end) > RENEWAL_MARGIN)
}

#[async_trait]
impl CredentialProvider for CachedCredentials {
    type Credential = AwsCredential;

    async fn get_credential(&self) -> object_store::Result<Arc<AwsCredential>> {
        let mut cached = self.cached.lock().await;
        let keys = match cached.take().filter(is_valid_beyond_margin) {
            Some(keys) => keys,
            None => {
                self.provider.provide_credentials().await.map_err(|error| no_credentials(&error))?
            }
        };
        let credential = AwsCredential {
            key_id: keys.access_key_id().to_owned(),
            secret_key: keys.secret_access_key().to_owned(),
            token: keys.session_token().map(str::to_owned),
        };
        *cached = Some(keys);
        Ok(Arc::new(credential))
    }
}

/// The error for missing credentials.
#[derive(Debug, thiserror::Error)]
#[error("no AWS credentials found; set AWS_PROFILE or run `aws sso login`: {0}")]
struct NoCredentials(String);

fn no_credentials(error: &CredentialsError) -> object_store::Error {
    let source = Box::new(NoCredentials(join_causes(error)));
    object_store::Error::Generic { store: "S3", source }
}

/// Returns the message of an error, followed by the messages of its causes.
fn join_causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text += &format!(": {inner}");
        cause = inner.source();
    }
    text
}

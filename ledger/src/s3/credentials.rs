//! Credentials for the store, which are kept until shortly before they end.

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

/// Credentials are fetched anew so long before they end.
const RENEWAL_MARGIN: Duration = Duration::from_mins(5);

/// What the SDK's provider provides. It may assume a role each time, so what it provided is kept.
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

fn is_long_valid(credentials: &Credentials) -> bool {
    let left = |end: SystemTime| end.duration_since(SystemTime::now()).unwrap_or_default();
    credentials.expiry().is_none_or(|end| left(end) > RENEWAL_MARGIN)
}

#[async_trait]
impl CredentialProvider for CachedCredentials {
    type Credential = AwsCredential;

    async fn get_credential(&self) -> object_store::Result<Arc<AwsCredential>> {
        let mut kept = self.cached.lock().await;
        let keys = match kept.take().filter(is_long_valid) {
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
        *kept = Some(keys);
        Ok(Arc::new(credential))
    }
}

/// Why nobody is signed in.
#[derive(Debug, thiserror::Error)]
#[error("sign in, or set AWS_PROFILE: {0}")]
struct NoCredentials(String);

fn no_credentials(error: &CredentialsError) -> object_store::Error {
    let source = Box::new(NoCredentials(join_causes(error)));
    object_store::Error::Generic { store: "S3", source }
}

/// What an error says, and what each of its causes does.
fn join_causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text += &format!(": {inner}");
        cause = inner.source();
    }
    text
}

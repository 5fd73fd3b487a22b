//! Loads the Region, the credentials and the endpoint for calls to AWS from the environment, as
//! other AWS tools do. Defines the timeouts and the retry behavior of the calls.

use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::http::SharedHttpClient;

/// The timeouts and the retry behavior of calls to AWS.
///
/// ```
/// use std::time::Duration;
///
/// use evenkeel_client::config::CallLimits;
///
/// let limits = CallLimits::with_timeout(Duration::from_secs(30));
/// assert_eq!((limits.max_attempts, limits.is_adaptive), (3, false));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct CallLimits {
    /// The timeout for a connection. If it is `None`, the default of the SDK applies.
    pub connect_timeout: Option<Duration>,
    /// The timeout for one attempt. If it is `None`, one attempt has no timeout.
    pub attempt_timeout: Option<Duration>,
    /// The timeout for a call, including all its attempts.
    pub operation_timeout: Duration,
    /// The maximum number of attempts of a call, including the first.
    pub max_attempts: u32,
    /// `true` for the adaptive retry mode of the SDK, which sends calls more slowly after AWS
    /// throttles them. `false` for the standard mode.
    pub is_adaptive: bool,
}

impl CallLimits {
    /// Creates limits with the timeout `operation` for a call. The other limits are the defaults of
    /// the SDK: for example, a call has at most three attempts.
    pub fn with_timeout(operation: Duration) -> CallLimits {
        CallLimits {
            connect_timeout: None,
            attempt_timeout: None,
            operation_timeout: operation,
            max_attempts: 3,
            is_adaptive: false,
        }
    }

    fn timeout_config(self) -> TimeoutConfig {
        let mut timeouts = TimeoutConfig::builder().operation_timeout(self.operation_timeout);
        timeouts.set_connect_timeout(self.connect_timeout);
        timeouts.set_operation_attempt_timeout(self.attempt_timeout);
        timeouts.build()
    }

    fn retry_config(self) -> RetryConfig {
        let retries =
            if self.is_adaptive { RetryConfig::adaptive() } else { RetryConfig::standard() };
        retries.with_max_attempts(self.max_attempts)
    }
}

/// Loads the configuration from the environment. All clients of this configuration share one
/// connection pool.
pub async fn load_config(limits: CallLimits) -> SdkConfig {
    aws_config::defaults(BehaviorVersion::latest())
        .http_client(new_http_client())
        .timeout_config(limits.timeout_config())
        .retry_config(limits.retry_config())
        .load()
        .await
}

/// Creates an HTTPS client with a separate connection pool.
pub fn new_http_client() -> SharedHttpClient {
    let provider = Provider::Rustls(CryptoMode::Ring);
    aws_smithy_http_client::Builder::new().tls_provider(provider).build_https()
}

//! The configuration that calls are made with: Region, credentials and endpoint as every tool of AWS takes them, and how
//! long a call may take.

use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::http::SharedHttpClient;

/// How long a call of AWS may take, and how often it is tried.
#[derive(Clone, Copy, Debug)]
pub struct CallLimits {
    /// The time for a connection; the SDK's own where there is none.
    pub connect_timeout: Option<Duration>,
    /// The time for one attempt, where it is bounded.
    pub attempt_timeout: Option<Duration>,
    /// The time for a call with all its attempts.
    pub operation_timeout: Duration,
    /// The most attempts.
    pub max_attempts: u32,
    /// Whether calls slow down where AWS throttles them.
    pub is_adaptive: bool,
}

impl CallLimits {
    /// So much time for a call, and otherwise what the SDK does by itself: three attempts.
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

/// Reads the environment's configuration. All clients that are made of it share one pool of connections.
pub async fn load_config(limits: CallLimits) -> SdkConfig {
    aws_config::defaults(BehaviorVersion::latest())
        .http_client(new_http_client())
        .timeout_config(limits.timeout_config())
        .retry_config(limits.retry_config())
        .load()
        .await
}

/// A client of HTTPS with a pool of connections of its own.
pub fn new_http_client() -> SharedHttpClient {
    let provider = Provider::Rustls(CryptoMode::Ring);
    aws_smithy_http_client::Builder::new().tls_provider(provider).build_https()
}

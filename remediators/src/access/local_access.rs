//! Creates the account access of an operator at a terminal, with the AWS credentials of the
//! environment.

use std::sync::Arc;
use std::time::Duration;

use evenkeel_client::config::{CallLimits, load_config};
use evenkeel_client::sts::get_caller_identity;
use evenkeel_ledger::Ledger;

use crate::access::account_access::{AccountAccess, AccountAccessError, AccountRole, MaximumModes};
use crate::access::rate_limit::RateLimiter;
use crate::access::tls_probe::{HandshakeProbe, ProbeSetupError, TlsProbe};
use crate::workflow::limits::{DailyBudget, RetryLimits};

/// The maximum duration of an AWS call with its retries.
const OPERATION_TIMEOUT: Duration = Duration::from_secs(30);

/// The time after which a call without a response is retried.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(10);

impl AccountAccess {
    /// Returns the account access with the credentials, the profile and the endpoint of the
    /// environment. `probe` is a setting for
    /// [`HandshakeProbe::from_setting`](crate::HandshakeProbe::from_setting).
    ///
    /// # Errors
    /// [`ProbeSetupError`] if the probe cannot be created.
    pub async fn from_environment(
        ledger: Ledger,
        role: Option<AccountRole>,
        maximum_modes: MaximumModes,
        probe: Option<&str>,
    ) -> Result<AccountAccess, ProbeSetupError> {
        let probe =
            HandshakeProbe::from_setting(probe)?.map(|probe| Arc::new(probe) as Arc<dyn TlsProbe>);
        let limits = CallLimits {
            attempt_timeout: Some(ATTEMPT_TIMEOUT),
            ..CallLimits::with_timeout(OPERATION_TIMEOUT)
        };
        Ok(AccountAccess {
            ledger,
            config: load_config(limits).await,
            role,
            maximum_modes,
            limits: RetryLimits::default(),
            budget: DailyBudget::default(),
            probe,
            rate_limiter: RateLimiter::with_api_gateway_quotas(),
        })
    }

    /// Returns the ARN of the caller.
    ///
    /// # Errors
    /// [`AccountAccessError::Identity`] if AWS STS does not return the identity.
    pub async fn caller_arn(&self) -> Result<String, AccountAccessError> {
        let caller =
            get_caller_identity(&self.config).await.map_err(AccountAccessError::Identity)?;
        Ok(caller.arn)
    }
}

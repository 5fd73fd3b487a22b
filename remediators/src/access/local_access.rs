//! An operator at a terminal: with the credentials of the environment, as every tool of AWS takes them.

use std::sync::Arc;
use std::time::Duration;

use evenkeel_client::ServiceClient;
use evenkeel_client::config::{CallLimits, load_config};
use evenkeel_client::sts::get_caller_identity;
use evenkeel_ledger::Ledger;
use serde::de::IgnoredAny;
use serde_json::json;

use crate::access::account_access::{AccountAccess, AccountAccessError, AccountRole, MaximumModes};
use crate::access::rate_limit::RateLimiter;
use crate::access::tls_probe::{HandshakeProbe, ProbeSetupError, TlsProbe};
use crate::workflow::limits::{DailyBudget, RetryLimits};

/// No call of AWS keeps a person waiting for longer.
const OPERATION_TIMEOUT: Duration = Duration::from_secs(30);

/// A call that is not answered by then is made again.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(10);

impl AccountAccess {
    /// With the credentials, the profile and the endpoint that the environment names, and a probe as
    /// [`HandshakeProbe::from_setting`](crate::HandshakeProbe::from_setting) reads it.
    ///
    /// # Errors
    /// When the probe cannot be set up.
    pub async fn from_environment(
        ledger: Ledger,
        role: Option<AccountRole>,
        ceilings: MaximumModes,
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
            maximum_modes: ceilings,
            limits: RetryLimits::default(),
            budget: DailyBudget::default(),
            probe,
            rate_limiter: RateLimiter::with_api_gateway_quotas(),
        })
    }

    /// Lets the remediate function behind a queue look at a finding again.
    ///
    /// # Errors
    /// When the queue does not take the message.
    pub async fn resend_finding(&self, queue: &str, key: &str) -> Result<(), AccountAccessError> {
        let body = json!({"key": key}).to_string();
        let message = json!({"QueueUrl": queue, "MessageBody": body});
        let taken = ServiceClient::sqs(&self.config).call_json("SendMessage", &message).await;
        taken.map(|_: IgnoredAny| ()).map_err(AccountAccessError::Queue)
    }

    /// Who we are, as an ARN.
    ///
    /// # Errors
    /// When AWS does not tell.
    pub async fn caller_arn(&self) -> Result<String, AccountAccessError> {
        let caller =
            get_caller_identity(&self.config).await.map_err(AccountAccessError::Identity)?;
        Ok(caller.arn)
    }
}

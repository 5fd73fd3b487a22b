//! An operator at a terminal: with the credentials of the environment, as every tool of AWS takes them.

use std::sync::Arc;
use std::time::Duration;

use aws_config::BehaviorVersion;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_sts::error::DisplayErrorContext;
use evenkeel_ledger::Ledger;

use crate::guard::{Budget, Limits};
use crate::operator::{Ceilings, Operator, OperatorError, Role};
use crate::pace::Pace;
use crate::probe::{Handshake, Probe, ProbeError};

/// No call of AWS keeps a person waiting for longer.
const PATIENCE: Duration = Duration::from_secs(30);

impl Operator {
    /// With the credentials, the profile and the endpoint that the environment names, and a probe as
    /// [`Handshake::of_setting`] reads it.
    ///
    /// # Errors
    /// When the probe cannot be set up.
    pub async fn local(
        ledger: Ledger,
        role: Option<Role>,
        ceilings: Ceilings,
        probe: Option<&str>,
    ) -> Result<Operator, ProbeError> {
        let timeouts = TimeoutConfig::builder().operation_timeout(PATIENCE).build();
        let config = aws_config::defaults(BehaviorVersion::latest()).timeout_config(timeouts);
        let probe = Handshake::of_setting(probe)?.map(|probe| Arc::new(probe) as Arc<dyn Probe>);
        Ok(Operator {
            ledger,
            config: config.load().await,
            role,
            ceilings,
            limits: Limits::default(),
            budget: Budget::default(),
            probe,
            pace: Pace::quotas(),
        })
    }

    /// Lets the remediate function behind a queue look at a finding again.
    ///
    /// # Errors
    /// When the queue does not take the message.
    pub async fn remind(&self, queue: &str, key: &str) -> Result<(), OperatorError> {
        let body = serde_json::json!({"key": key}).to_string();
        let send = aws_sdk_sqs::Client::new(&self.config).send_message().queue_url(queue);
        let taken = send.message_body(body).send().await;
        taken
            .map(drop)
            .map_err(|error| OperatorError::Queue(DisplayErrorContext(error).to_string()))
    }

    /// Who we are, as an ARN.
    ///
    /// # Errors
    /// When AWS does not tell.
    pub async fn caller(&self) -> Result<String, OperatorError> {
        let told = aws_sdk_sts::Client::new(&self.config).get_caller_identity().send().await;
        let told =
            told.map_err(|error| OperatorError::Identity(DisplayErrorContext(error).to_string()))?;
        told.arn.ok_or_else(|| OperatorError::Identity("AWS told no ARN".to_owned()))
    }
}

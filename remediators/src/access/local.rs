//! An operator at a terminal: with the credentials of the environment, as every tool of AWS takes them.

use std::sync::Arc;
use std::time::Duration;

use evenkeel_client::Service;
use evenkeel_client::config::{CallLimits, load_config};
use evenkeel_client::sts::get_caller_identity;
use evenkeel_ledger::Ledger;
use serde::de::IgnoredAny;
use serde_json::json;

use crate::access::operator::{Ceilings, Operator, OperatorError, Role};
use crate::access::pace::Pace;
use crate::access::probe::{Handshake, Probe, ProbeError};
use crate::workflow::limits::{Budget, Limits};

/// No call of AWS keeps a person waiting for longer.
const PATIENCE: Duration = Duration::from_secs(30);

/// A call that is not answered by then is made again.
const ATTEMPT: Duration = Duration::from_secs(10);

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
        let probe = Handshake::of_setting(probe)?.map(|probe| Arc::new(probe) as Arc<dyn Probe>);
        let limits = CallLimits { attempt: Some(ATTEMPT), ..CallLimits::within(PATIENCE) };
        Ok(Operator {
            ledger,
            config: load_config(limits).await,
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
        let body = json!({"key": key}).to_string();
        let message = json!({"QueueUrl": queue, "MessageBody": body});
        let taken = Service::sqs(&self.config).json("SendMessage", &message).await;
        taken.map(|_: IgnoredAny| ()).map_err(OperatorError::Queue)
    }

    /// Who we are, as an ARN.
    ///
    /// # Errors
    /// When AWS does not tell.
    pub async fn caller(&self) -> Result<String, OperatorError> {
        let caller = get_caller_identity(&self.config).await.map_err(OperatorError::Identity)?;
        Ok(caller.arn)
    }
}

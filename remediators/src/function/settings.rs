//! What the environment says.

use std::sync::Arc;
use std::time::Duration;

use aws_config::BehaviorVersion;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use evenkeel_ledger::{Ledger, Topic};
use evenkeel_remediators::{Budget, Ceilings, Handshake, Limits, Operator, Pace, Probe, Role};
use lambda_runtime::Error;

use super::Function;

/// Where the environment says what the function works with.
const LEDGER: &str = "EVENKEEL_LEDGER";
const FAMILY: &str = "EVENKEEL_FAMILY";
const CEILING: &str = "EVENKEEL_CEILING";
const ROLE: &str = "EVENKEEL_ROLE";
const EXTERNAL_ID: &str = "EVENKEEL_EXTERNAL_ID";
const TOPIC: &str = "EVENKEEL_TOPIC";
const QUEUE: &str = "EVENKEEL_QUEUE";
/// See [`Handshake::of_setting`].
const PROBE: &str = "EVENKEEL_PROBE";

/// No call of AWS may keep an invocation waiting for longer.
const ATTEMPT: Duration = Duration::from_secs(5);
const OPERATION: Duration = Duration::from_secs(15);

/// Reads the settings.
pub(crate) async fn read() -> Result<Function, Error> {
    let place = required(LEDGER, "`s3://bucket/prefix`, or a folder")?;
    let family = required(FAMILY, "what stands before the first `-` of its remediators' names")?;
    let timeouts = TimeoutConfig::builder()
        .operation_attempt_timeout(ATTEMPT)
        .operation_timeout(OPERATION)
        .build();
    let config = aws_config::defaults(BehaviorVersion::latest())
        .retry_config(RetryConfig::adaptive())
        .timeout_config(timeouts)
        .load()
        .await;
    let topic = setting(TOPIC).map(|arn| Topic::new(aws_sdk_sns::Client::new(&config), arn));
    let queue = setting(QUEUE).map(|url| (aws_sdk_sqs::Client::new(&config), url));
    let ceilings: Ceilings = setting(CEILING)
        .unwrap_or_default()
        .parse()
        .map_err(|error| format!("{CEILING}: {error}"))?;
    let operator = Operator {
        ledger: Ledger::at(&place)?,
        role: setting(ROLE).map(|name| Role { name, external_id: setting(EXTERNAL_ID) }),
        ceilings,
        limits: Limits::default(),
        budget: Budget::default(),
        probe: probe()?,
        pace: Pace::quotas(),
        config,
    };
    Ok(Function { family, operator, topic, queue })
}

fn probe() -> Result<Option<Arc<dyn Probe>>, Error> {
    let probe = Handshake::of_setting(setting(PROBE).as_deref())?;
    Ok(probe.map(|probe| Arc::new(probe) as Arc<dyn Probe>))
}

fn required(name: &str, what: &str) -> Result<String, String> {
    setting(name).ok_or_else(|| format!("{name} is not set: {what}"))
}

fn setting(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

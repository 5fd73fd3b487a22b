//! The settings of the function, from environment variables.

use std::sync::Arc;
use std::time::Duration;

use evenkeel_client::ServiceClient;
use evenkeel_client::config::{CallLimits, load_config};
use evenkeel_client::environment::{find_setting, read_setting};
use evenkeel_ledger::{Ledger, SnsTopic};
use evenkeel_remediators::{
    AccountAccess, AccountRole, DailyBudget, HandshakeProbe, MaximumModes, RateLimiter,
    RetryLimits, TlsProbe,
};
use lambda_runtime::Error;

use super::RemediateFunction;

// The names of the environment variables.
const LEDGER: &str = "EVENKEEL_LEDGER";
const FAMILY: &str = "EVENKEEL_FAMILY";
const MAXIMUM_MODES: &str = "EVENKEEL_MAXIMUM_MODE";
const ROLE: &str = "EVENKEEL_ROLE";
const EXTERNAL_ID: &str = "EVENKEEL_EXTERNAL_ID";
const TOPIC: &str = "EVENKEEL_TOPIC";
const QUEUE: &str = "EVENKEEL_QUEUE";
/// See [`HandshakeProbe::from_setting`](evenkeel_remediators::HandshakeProbe::from_setting).
const PROBE: &str = "EVENKEEL_PROBE";

/// The time after which a call without a response is retried.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(5);

/// The maximum duration of an AWS call with its retries.
const OPERATION_TIMEOUT: Duration = Duration::from_secs(15);

/// Creates the function from the environment variables.
pub(crate) async fn load_function() -> Result<RemediateFunction, Error> {
    let location = read_setting(LEDGER, "`s3://bucket/prefix`, or a folder")?;
    let family = read_setting(FAMILY, "the text before the first `-` of its remediator ids")?;
    let limits = CallLimits {
        attempt_timeout: Some(ATTEMPT_TIMEOUT),
        is_adaptive: true,
        ..CallLimits::with_timeout(OPERATION_TIMEOUT)
    };
    let config = load_config(limits).await;
    let topic = find_setting(TOPIC).map(|arn| SnsTopic::new(&config, arn));
    let queue = find_setting(QUEUE).map(|url| (ServiceClient::sqs(&config), url));
    let maximum_modes: MaximumModes = find_setting(MAXIMUM_MODES)
        .unwrap_or_default()
        .parse()
        .map_err(|error| format!("{MAXIMUM_MODES}: {error}"))?;
    let operator = AccountAccess {
        ledger: Ledger::open_location(&config, &location)?,
        role: find_setting(ROLE)
            .map(|name| AccountRole { name, external_id: find_setting(EXTERNAL_ID) }),
        maximum_modes,
        limits: RetryLimits::default(),
        budget: DailyBudget::default(),
        probe: load_probe()?,
        rate_limiter: RateLimiter::with_api_gateway_quotas(),
        config,
    };
    Ok(RemediateFunction { family, operator, topic, queue })
}

/// Creates the TLS probe from its setting.
fn load_probe() -> Result<Option<Arc<dyn TlsProbe>>, Error> {
    let probe = HandshakeProbe::from_setting(find_setting(PROBE).as_deref())?;
    Ok(probe.map(|probe| Arc::new(probe) as Arc<dyn TlsProbe>))
}

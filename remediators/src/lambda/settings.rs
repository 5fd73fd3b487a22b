//! What the environment says.

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

/// Where the environment says what the function works with.
const LEDGER: &str = "EVENKEEL_LEDGER";
const FAMILY: &str = "EVENKEEL_FAMILY";
const CEILING: &str = "EVENKEEL_CEILING";
const ROLE: &str = "EVENKEEL_ROLE";
const EXTERNAL_ID: &str = "EVENKEEL_EXTERNAL_ID";
const TOPIC: &str = "EVENKEEL_TOPIC";
const QUEUE: &str = "EVENKEEL_QUEUE";
/// See [`HandshakeProbe::from_setting`](evenkeel_remediators::HandshakeProbe::from_setting).
const PROBE: &str = "EVENKEEL_PROBE";

/// No call of AWS may keep an invocation waiting for longer.
const ATTEMPT: Duration = Duration::from_secs(5);
const OPERATION: Duration = Duration::from_secs(15);

/// Reads the settings.
pub(crate) async fn load_function() -> Result<RemediateFunction, Error> {
    let place = read_setting(LEDGER, "`s3://bucket/prefix`, or a folder")?;
    let family =
        read_setting(FAMILY, "what stands before the first `-` of its remediators' names")?;
    let limits = CallLimits {
        attempt_timeout: Some(ATTEMPT),
        is_adaptive: true,
        ..CallLimits::with_timeout(OPERATION)
    };
    let config = load_config(limits).await;
    let topic = find_setting(TOPIC).map(|arn| SnsTopic::new(&config, arn));
    let queue = find_setting(QUEUE).map(|url| (ServiceClient::sqs(&config), url));
    let ceilings: MaximumModes = find_setting(CEILING)
        .unwrap_or_default()
        .parse()
        .map_err(|error| format!("{CEILING}: {error}"))?;
    let operator = AccountAccess {
        ledger: Ledger::open_location(&config, &place)?,
        role: find_setting(ROLE)
            .map(|name| AccountRole { name, external_id: find_setting(EXTERNAL_ID) }),
        maximum_modes: ceilings,
        limits: RetryLimits::default(),
        budget: DailyBudget::default(),
        probe: load_probe()?,
        rate_limiter: RateLimiter::with_api_gateway_quotas(),
        config,
    };
    Ok(RemediateFunction { family, operator, topic, queue })
}

fn load_probe() -> Result<Option<Arc<dyn TlsProbe>>, Error> {
    let probe = HandshakeProbe::from_setting(find_setting(PROBE).as_deref())?;
    Ok(probe.map(|probe| Arc::new(probe) as Arc<dyn TlsProbe>))
}

//! What the environment says.

use std::sync::Arc;
use std::time::Duration;

use evenkeel_client::Service;
use evenkeel_client::config::{CallLimits, load_config};
use evenkeel_client::environment::{find_setting, read_setting};
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
    let place = read_setting(LEDGER, "`s3://bucket/prefix`, or a folder")?;
    let family =
        read_setting(FAMILY, "what stands before the first `-` of its remediators' names")?;
    let limits =
        CallLimits { attempt: Some(ATTEMPT), is_adaptive: true, ..CallLimits::within(OPERATION) };
    let config = load_config(limits).await;
    let topic = find_setting(TOPIC).map(|arn| Topic::new(&config, arn));
    let queue = find_setting(QUEUE).map(|url| (Service::sqs(&config), url));
    let ceilings: Ceilings = find_setting(CEILING)
        .unwrap_or_default()
        .parse()
        .map_err(|error| format!("{CEILING}: {error}"))?;
    let operator = Operator {
        ledger: Ledger::at(&config, &place)?,
        role: find_setting(ROLE).map(|name| Role { name, external_id: find_setting(EXTERNAL_ID) }),
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
    let probe = Handshake::of_setting(find_setting(PROBE).as_deref())?;
    Ok(probe.map(|probe| Arc::new(probe) as Arc<dyn Probe>))
}

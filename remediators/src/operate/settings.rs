//! The settings of the operate function, from environment variables.

use std::time::Duration;

use evenkeel_client::ServiceClient;
use evenkeel_client::config::{CallLimits, load_config};
use evenkeel_client::environment::{find_setting, read_setting};
use evenkeel_ledger::{Ledger, SnsTopic};
use lambda_runtime::Error;

use super::OperateFunction;

/// The maximum duration of an AWS call with its retries.
const OPERATION_TIMEOUT: Duration = Duration::from_secs(10);

/// Creates the function from the environment variables.
pub(super) async fn load_function() -> Result<OperateFunction, Error> {
    let location = read_setting("EVENKEEL_LEDGER", "`s3://bucket/prefix`, or a folder")?;
    let queue_prefix = read_setting(
        "EVENKEEL_QUEUE_PREFIX",
        "the names of the remediate functions' queues, without the family",
    )?;
    let config = load_config(CallLimits::with_timeout(OPERATION_TIMEOUT)).await;
    Ok(OperateFunction {
        ledger: Ledger::open_location(&config, &location)?,
        topic: find_setting("EVENKEEL_TOPIC").map(|arn| SnsTopic::new(&config, arn)),
        sqs: ServiceClient::sqs(&config),
        queue_prefix,
    })
}

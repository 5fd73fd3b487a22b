//! The operate function: takes the requests and decisions of people, and ends plans on which nobody
//! decides.
//!
//! A person calls the URL of the function. AWS authenticates the caller with IAM and writes the
//! identity into the event, so that no text of the caller can change it. The function has no access
//! to the accounts of findings: it writes to the ledger, and sends a message to the remediate
//! function, which has the access.

mod error;
mod identity;
mod plan_sweep;
mod request_handler;
mod settings;

use evenkeel_client::ServiceClient;
use evenkeel_ledger::{Ledger, SnsTopic};
use lambda_runtime::tracing::info;
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use serde::de::IgnoredAny;
use serde_json::{Value, json};

use error::OperateError;

/// The state of the function between invocations.
struct OperateFunction {
    ledger: Ledger,
    topic: Option<SnsTopic>,
    sqs: ServiceClient,
    /// The prefix of the names of the remediate functions' queues. The family follows.
    queue_prefix: String,
}

/// Serves invocations until the process ends.
pub(crate) async fn serve_invocations() -> Result<(), Error> {
    let function = &settings::load_function().await?;
    info!("started");
    run(service_fn(|event: LambdaEvent<Value>| function.handle_event(event.payload))).await
}

impl OperateFunction {
    /// Handles a request to the function's URL, or the event of the schedule.
    ///
    /// # Errors
    /// An error of the sweep, so that the schedule's invocation counts as failed. A request always
    /// gets a response.
    async fn handle_event(&self, event: Value) -> Result<Value, Error> {
        if event.get("task").and_then(Value::as_str) == Some("sweep") {
            return Ok(self.sweep_plans().await?);
        }
        Ok(request_handler::respond(self, &event).await)
    }

    /// Sends a message about a finding to the queue of its remediator's family.
    async fn send_message(&self, remediator: &str, message: &Value) -> Result<(), OperateError> {
        let family = remediator.split('-').next().unwrap_or_default();
        let name = format!("{}{family}", self.queue_prefix);
        let found: QueueUrl =
            self.sqs.call_json("GetQueueUrl", &json!({"QueueName": name})).await?;
        let request = json!({"QueueUrl": found.queue_url, "MessageBody": message.to_string()});
        let _: IgnoredAny = self.sqs.call_json("SendMessage", &request).await?;
        Ok(())
    }
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "PascalCase")]
struct QueueUrl {
    queue_url: String,
}

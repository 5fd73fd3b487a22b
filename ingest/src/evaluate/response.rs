//! Builds the response to the invoker after a payload was handled.

use serde_json::{Value, json};

use super::{EvaluateError, FailedMessage, HandleError};
use crate::payload::PayloadInvoker;

/// Returns the response. Returns the first failure if the invoker does not support partial
/// failures.
///
/// Source: AWS Lambda Developer Guide, "Implementing partial batch responses" of SQS and Kinesis.
pub(super) fn build_response(
    invoker: PayloadInvoker,
    failures: &[FailedMessage],
    found: u64,
) -> Result<Value, HandleError> {
    let whole = |why: &EvaluateError| Err(HandleError::Failed(why.clone()));
    match invoker {
        PayloadInvoker::Sqs | PayloadInvoker::Kinesis => {
            let mut names = Vec::new();
            for failure in failures {
                // Without the id, the service would treat the complete batch as successful.
                let Some(id) = &failure.id else { return whole(&failure.why) };
                names.push(json!({"itemIdentifier": id}));
            }
            Ok(json!({"batchItemFailures": names}))
        }
        PayloadInvoker::Sns
        | PayloadInvoker::S3
        | PayloadInvoker::CloudWatchLogs
        | PayloadInvoker::EventBridge
        | PayloadInvoker::ConfigRule
        | PayloadInvoker::Document => match failures.first() {
            Some(failure) => whole(&failure.why),
            None => Ok(json!({"findings": found})),
        },
    }
}

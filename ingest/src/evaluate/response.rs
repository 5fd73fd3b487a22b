//! What a door is told when its payload was handled.

use serde_json::{Value, json};

use super::{EvaluateError, FailedMessage, HandleError};
use crate::payload::PayloadInvoker;

/// The answer, or the failure of the whole where the door knows no other.
///
/// Source: AWS Lambda Developer Guide, "Implementing partial batch responses" of SQS and Kinesis.
pub(super) fn build_response(
    outer: PayloadInvoker,
    failures: &[FailedMessage],
    found: u64,
) -> Result<Value, HandleError> {
    let whole = |why: &EvaluateError| Err(HandleError::Failed(why.clone()));
    match outer {
        PayloadInvoker::Sqs | PayloadInvoker::Kinesis => {
            let mut names = Vec::new();
            for failure in failures {
                // An id that is missing would make the service take the whole batch for done.
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

//! What a door is told when its payload was handled.

use serde_json::{Value, json};

use super::{EvaluateError, Failed, HandleError};
use crate::payload::Outer;

/// The answer, or the failure of the whole where the door knows no other.
///
/// Source: AWS Lambda Developer Guide, "Implementing partial batch responses" of SQS and Kinesis.
pub(super) fn response(
    outer: Outer,
    failures: &[Failed],
    found: u64,
) -> Result<Value, HandleError> {
    let whole = |why: &EvaluateError| Err(HandleError::Failed(why.clone()));
    match outer {
        Outer::Sqs | Outer::Kinesis => {
            let mut names = Vec::new();
            for failure in failures {
                // An id that is missing would make the service take the whole batch for done.
                let Some(id) = &failure.id else { return whole(&failure.why) };
                names.push(json!({"itemIdentifier": id}));
            }
            Ok(json!({"batchItemFailures": names}))
        }
        Outer::Sns
        | Outer::S3
        | Outer::CloudWatchLogs
        | Outer::EventBridge
        | Outer::ConfigRule
        | Outer::Document => match failures.first() {
            Some(failure) => whole(&failure.why),
            None => Ok(json!({"findings": found})),
        },
    }
}

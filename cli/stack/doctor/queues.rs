//! Checks the queues of the functions, and their dead-letter queues.

use std::collections::BTreeMap;

use evenkeel_client::ServiceClient;
use serde::Deserialize;
use serde_json::{Value, json};

use super::check_report::{CheckReporter, DoctorReport};
use super::functions::DeployedFunction;
use super::stack_access::{DeployedStack, is_missing};

/// The recommended ratio of a queue's visibility timeout to its function's timeout.
///
/// Source: AWS Lambda Developer Guide, "Creating and configuring an Amazon SQS event source
/// mapping".
const VISIBILITY_FACTOR: i64 = 6;

/// The attributes of a queue by name. All values are texts.
type AttributeValues = BTreeMap<String, String>;

/// The response of `GetQueueUrl`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct QueueUrl {
    queue_url: String,
}

/// The response of `GetQueueAttributes`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct QueueAttributes {
    attributes: AttributeValues,
}

/// Checks the queues of the deployed functions.
pub(super) async fn check_queues(
    stack: &DeployedStack,
    evaluate: Option<&DeployedFunction>,
    families: &[DeployedFunction],
    report: &mut DoctorReport,
) {
    if let Some(evaluate) = evaluate {
        check_queue(stack, &stack.part_name("changes"), evaluate.timeout, report).await;
    }
    for function in families {
        let name = stack.part_name(&format!("remediate-{}", function.family));
        check_queue(stack, &name, function.timeout, report).await;
    }
}

/// Checks a queue and its dead-letter queue. `timeout` is the timeout of the function, in seconds.
async fn check_queue(stack: &DeployedStack, name: &str, timeout: i64, report: &mut DoctorReport) {
    let mut check = report.begin_check(format!("queue {name}"));
    let Some(attributes) = fetch_attributes(stack, name, &mut check).await else { return };
    let hidden = parse_attribute(&attributes, "VisibilityTimeout");
    let enough = timeout.saturating_mul(VISIBILITY_FACTOR);
    if hidden < enough {
        let why =
            format!("the visibility timeout is {hidden} s, and an invocation can take {timeout} s");
        check.add_warning(why, format!("set its visibility timeout to {enough} s"));
    }
    let dead = dead_letter_queue(&attributes);
    if dead.is_none() {
        let why = "has no dead-letter queue";
        check.add_failure(why, format!("set its redrive policy to {name}-dlq"));
    }
    check.finish_check(format!(
        "{} waiting, {} in flight",
        waiting_count(&attributes),
        in_flight_count(&attributes)
    ));
    if let Some(dead) = dead {
        check_dead_letter_queue(stack, &dead, report).await;
    }
}

/// Checks that a dead-letter queue is empty.
async fn check_dead_letter_queue(stack: &DeployedStack, name: &str, report: &mut DoctorReport) {
    let mut check = report.begin_check(format!("queue {name}"));
    let Some(attributes) = fetch_attributes(stack, name, &mut check).await else { return };
    let failed = waiting_count(&attributes).saturating_add(in_flight_count(&attributes));
    if failed > 0 {
        check.add_failure(
            format!("messages that could not be processed: {failed}"),
            "find the cause in the log of the function, then return the messages to their queue: \
             aws sqs start-message-move-task",
        );
    }
    check.finish_check("empty");
}

/// Returns the name of the dead-letter queue.
///
/// Source: Amazon SQS API Reference, `GetQueueAttributes`, `RedrivePolicy`.
fn dead_letter_queue(attributes: &AttributeValues) -> Option<String> {
    let policy = attributes.get("RedrivePolicy")?;
    let policy: Value = serde_json::from_str(policy).ok()?;
    let arn = policy.get("deadLetterTargetArn")?.as_str()?;
    arn.rsplit(':').next().map(str::to_owned)
}

/// Fetches the attributes of a queue. Returns `None` after it has added a failure.
async fn fetch_attributes(
    stack: &DeployedStack,
    name: &str,
    check: &mut CheckReporter<'_>,
) -> Option<AttributeValues> {
    let sqs = ServiceClient::sqs(&stack.config);
    let url = match sqs.call_json("GetQueueUrl", &json!({"QueueName": name})).await {
        Ok(QueueUrl { queue_url }) => queue_url,
        Err(error) if is_missing(&error) => {
            check.add_failure("does not exist", "deploy the stack again");
            return None;
        }
        Err(error) => {
            check.add_call_failure(&error, "sqs:GetQueueUrl");
            return None;
        }
    };
    let request = json!({"QueueUrl": url, "AttributeNames": ["All"]});
    match sqs.call_json("GetQueueAttributes", &request).await {
        Ok(QueueAttributes { attributes }) => Some(attributes),
        Err(error) => {
            check.add_call_failure(&error, "sqs:GetQueueAttributes");
            None
        }
    }
}

/// Returns the number of messages that wait in a queue.
fn waiting_count(attributes: &AttributeValues) -> i64 {
    parse_attribute(attributes, "ApproximateNumberOfMessages")
}

/// Returns the number of messages that a function is processing.
fn in_flight_count(attributes: &AttributeValues) -> i64 {
    parse_attribute(attributes, "ApproximateNumberOfMessagesNotVisible")
}

/// Returns the value of a numeric attribute, and 0 if it is absent.
fn parse_attribute(attributes: &AttributeValues, name: &str) -> i64 {
    attributes.get(name).and_then(|text| text.parse().ok()).unwrap_or_default()
}

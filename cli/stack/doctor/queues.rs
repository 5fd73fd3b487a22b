//! The queues: what waits, what was given up, and whether a message can outlive an invocation.

use std::collections::BTreeMap;

use evenkeel_client::ServiceClient;
use serde::Deserialize;
use serde_json::{Value, json};

use super::check_report::{CheckReporter, DoctorReport};
use super::functions::DeployedFunction;
use super::stack_access::{DeployedStack, is_missing};

/// A queue hides a message for so many times the longest invocation.
///
/// Source: AWS Lambda Developer Guide, "Creating and configuring an Amazon SQS event source mapping".
const VISIBILITY_FACTOR: i64 = 6;

/// By their names: all of them are texts.
type AttributeValues = BTreeMap<String, String>;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct QueueUrl {
    queue_url: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct QueueAttributes {
    attributes: AttributeValues,
}

/// All queues of the functions that are there.
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

/// A queue, and the one that takes what it gives up.
async fn check_queue(stack: &DeployedStack, name: &str, timeout: i64, report: &mut DoctorReport) {
    let mut about = report.begin_check(format!("queue {name}"));
    let Some(attributes) = fetch_attributes(stack, name, &mut about).await else { return };
    let hidden = parse_attribute(&attributes, "VisibilityTimeout");
    let enough = timeout.saturating_mul(VISIBILITY_FACTOR);
    if hidden < enough {
        let why =
            format!("hides a message for {hidden} s only, an invocation may take {timeout} s");
        about.add_warning(why, format!("set its visibility timeout to {enough} s"));
    }
    let dead = dead_letter_queue(&attributes);
    if dead.is_none() {
        let why = "has no queue for what fails again and again";
        about.add_failure(why, format!("set its redrive policy to {name}-dlq"));
    }
    about.finish_check(format!(
        "{} wait, {} at work",
        waiting_count(&attributes),
        in_flight_count(&attributes)
    ));
    if let Some(dead) = dead {
        check_dead_letter_queue(stack, &dead, report).await;
    }
}

/// What was given up.
async fn check_dead_letter_queue(stack: &DeployedStack, name: &str, report: &mut DoctorReport) {
    let mut about = report.begin_check(format!("queue {name}"));
    let Some(attributes) = fetch_attributes(stack, name, &mut about).await else { return };
    let given_up = waiting_count(&attributes).saturating_add(in_flight_count(&attributes));
    if given_up > 0 {
        about.add_failure(
            format!("{given_up} given up, nothing was done about them"),
            "read why in the function's log, and send them back: aws sqs start-message-move-task",
        );
    }
    about.finish_check("empty");
}

/// The name of the queue that takes what a queue gives up.
///
/// Source: Amazon SQS API Reference, `GetQueueAttributes`, `RedrivePolicy`.
fn dead_letter_queue(attributes: &AttributeValues) -> Option<String> {
    let policy = attributes.get("RedrivePolicy")?;
    let policy: Value = serde_json::from_str(policy).ok()?;
    let arn = policy.get("deadLetterTargetArn")?.as_str()?;
    arn.rsplit(':').next().map(str::to_owned)
}

async fn fetch_attributes(
    stack: &DeployedStack,
    name: &str,
    about: &mut CheckReporter<'_>,
) -> Option<AttributeValues> {
    let sqs = ServiceClient::sqs(&stack.config);
    let url = match sqs.call_json("GetQueueUrl", &json!({"QueueName": name})).await {
        Ok(QueueUrl { queue_url }) => queue_url,
        Err(error) if is_missing(&error) => {
            about.add_failure("is not there", "deploy the stack again");
            return None;
        }
        Err(error) => {
            about.add_call_failure(&error, "sqs:GetQueueUrl");
            return None;
        }
    };
    let asked = json!({"QueueUrl": url, "AttributeNames": ["All"]});
    match sqs.call_json("GetQueueAttributes", &asked).await {
        Ok(QueueAttributes { attributes }) => Some(attributes),
        Err(error) => {
            about.add_call_failure(&error, "sqs:GetQueueAttributes");
            None
        }
    }
}

fn waiting_count(attributes: &AttributeValues) -> i64 {
    parse_attribute(attributes, "ApproximateNumberOfMessages")
}

fn in_flight_count(attributes: &AttributeValues) -> i64 {
    parse_attribute(attributes, "ApproximateNumberOfMessagesNotVisible")
}

fn parse_attribute(attributes: &AttributeValues, name: &str) -> i64 {
    attributes.get(name).and_then(|text| text.parse().ok()).unwrap_or_default()
}

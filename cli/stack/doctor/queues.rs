//! The queues: what waits, what was given up, and whether a message can outlive an invocation.

use std::collections::BTreeMap;

use evenkeel_client::Service;
use serde::Deserialize;
use serde_json::{Value, json};

use super::aws::{Stack, is_missing};
use super::check::{About, Report};
use super::functions::Function;

/// A queue hides a message for so many times the longest invocation.
///
/// Source: AWS Lambda Developer Guide, "Creating and configuring an Amazon SQS event source mapping".
const TIMES: i64 = 6;

/// By their names: all of them are texts.
type Attributes = BTreeMap<String, String>;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct QueueUrl {
    queue_url: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct QueueAttributes {
    attributes: Attributes,
}

/// All queues of the functions that are there.
pub(super) async fn look(
    stack: &Stack,
    evaluate: Option<&Function>,
    families: &[Function],
    report: &mut Report,
) {
    if let Some(evaluate) = evaluate {
        queue(stack, &stack.part("changes"), evaluate.timeout, report).await;
    }
    for function in families {
        let name = stack.part(&format!("remediate-{}", function.family));
        queue(stack, &name, function.timeout, report).await;
    }
}

/// A queue, and the one that takes what it gives up.
async fn queue(stack: &Stack, name: &str, timeout: i64, report: &mut Report) {
    let mut about = report.about(format!("queue {name}"));
    let Some(attributes) = attributes(stack, name, &mut about).await else { return };
    let hidden = number(&attributes, "VisibilityTimeout");
    let enough = timeout.saturating_mul(TIMES);
    if hidden < enough {
        let why =
            format!("hides a message for {hidden} s only, an invocation may take {timeout} s");
        about.warn(why, format!("set its visibility timeout to {enough} s"));
    }
    let dead = dead(&attributes);
    if dead.is_none() {
        let why = "has no queue for what fails again and again";
        about.fail(why, format!("set its redrive policy to {name}-dlq"));
    }
    about.end(format!("{} wait, {} at work", waiting(&attributes), at_work(&attributes)));
    if let Some(dead) = dead {
        letters(stack, &dead, report).await;
    }
}

/// What was given up.
async fn letters(stack: &Stack, name: &str, report: &mut Report) {
    let mut about = report.about(format!("queue {name}"));
    let Some(attributes) = attributes(stack, name, &mut about).await else { return };
    let given_up = waiting(&attributes).saturating_add(at_work(&attributes));
    if given_up > 0 {
        about.fail(
            format!("{given_up} given up, nothing was done about them"),
            "read why in the function's log, and send them back: aws sqs start-message-move-task",
        );
    }
    about.end("empty");
}

/// The name of the queue that takes what a queue gives up.
///
/// Source: Amazon SQS API Reference, `GetQueueAttributes`, `RedrivePolicy`.
fn dead(attributes: &Attributes) -> Option<String> {
    let policy = attributes.get("RedrivePolicy")?;
    let policy: Value = serde_json::from_str(policy).ok()?;
    let arn = policy.get("deadLetterTargetArn")?.as_str()?;
    arn.rsplit(':').next().map(str::to_owned)
}

async fn attributes(stack: &Stack, name: &str, about: &mut About<'_>) -> Option<Attributes> {
    let sqs = Service::sqs(&stack.config);
    let url = match sqs.json("GetQueueUrl", &json!({"QueueName": name})).await {
        Ok(QueueUrl { queue_url }) => queue_url,
        Err(error) if is_missing(&error) => {
            about.fail("is not there", "deploy the stack again");
            return None;
        }
        Err(error) => {
            about.refused(&error, "sqs:GetQueueUrl");
            return None;
        }
    };
    let asked = json!({"QueueUrl": url, "AttributeNames": ["All"]});
    match sqs.json("GetQueueAttributes", &asked).await {
        Ok(QueueAttributes { attributes }) => Some(attributes),
        Err(error) => {
            about.refused(&error, "sqs:GetQueueAttributes");
            None
        }
    }
}

fn waiting(attributes: &Attributes) -> i64 {
    number(attributes, "ApproximateNumberOfMessages")
}

fn at_work(attributes: &Attributes) -> i64 {
    number(attributes, "ApproximateNumberOfMessagesNotVisible")
}

fn number(attributes: &Attributes, name: &str) -> i64 {
    attributes.get(name).and_then(|text| text.parse().ok()).unwrap_or_default()
}

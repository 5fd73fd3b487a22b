//! Checks the SNS topics of findings and alarms, and their subscriptions.

use std::collections::BTreeMap;

use evenkeel_client::{CallError, ServiceClient};

use super::check_report::{CheckReporter, DoctorReport};
use super::functions::DeployedFunction;
use super::stack_access::{DeployedStack, is_missing};

/// A subscription of a topic.
struct TopicSubscription {
    arn: String,
    protocol: String,
    endpoint: String,
}

/// Checks the topic of findings that the evaluate function names, and the topic of alarms.
pub(super) async fn check_topics(
    stack: &DeployedStack,
    evaluate: Option<&DeployedFunction>,
    families: &[DeployedFunction],
    report: &mut DoctorReport,
) {
    let Some(arn) = evaluate.and_then(|evaluate| evaluate.setting_value("EVENKEEL_TOPIC")) else {
        return;
    };
    let Some((before, _)) = arn.rsplit_once(':') else {
        let todo = format!("set it to the ARN of {}", stack.part_name("findings"));
        return report
            .begin_check("topic")
            .add_failure(format!("EVENKEEL_TOPIC is not an ARN: {arn}"), todo);
    };
    let Some(subscriptions) = check_topic(stack, arn, report).await else { return };
    for function in families {
        let name = stack.part_name(&format!("remediate-{}", function.family));
        check_subscription(stack, &name, &subscriptions, report).await;
    }
    let alarms = stack.part_name("alarms");
    let subscribed = check_topic(stack, &format!("{before}:{alarms}"), report).await;
    if subscribed.is_some_and(|subscriptions| subscriptions.is_empty()) {
        let mut check = report.begin_check(format!("topic {alarms}"));
        check.add_warning("has no subscription: nobody receives alarms", "add a subscription");
    }
}

/// Checks a topic, and reports unconfirmed subscriptions. Returns the subscriptions of the topic,
/// or `None` if the topic cannot be read.
async fn check_topic(
    stack: &DeployedStack,
    arn: &str,
    report: &mut DoctorReport,
) -> Option<Vec<TopicSubscription>> {
    let mut check = report.begin_check(format!("topic {}", arn.rsplit(':').next().unwrap_or(arn)));
    let subscriptions = match list_subscriptions(&ServiceClient::sns(&stack.config), arn).await {
        Ok(subscriptions) => subscriptions,
        Err(error) if is_missing(&error) => {
            check.add_failure(format!("{arn} does not exist"), "deploy the stack again");
            return None;
        }
        Err(error) => {
            check.add_call_failure(&error, "sns:ListSubscriptionsByTopic");
            return None;
        }
    };
    for pending in subscriptions.iter().filter(|one| is_pending(one)) {
        let endpoint = &pending.endpoint;
        check.add_warning(
            format!("the subscription of {endpoint} is not confirmed"),
            "open the link in the confirmation message",
        );
    }
    check.finish_check(format!("subscriptions: {}", subscriptions.len()));
    Some(subscriptions)
}

/// Lists all subscriptions of a topic.
///
/// Source: Amazon SNS API Reference, `ListSubscriptionsByTopic`.
async fn list_subscriptions(
    sns: &ServiceClient,
    arn: &str,
) -> Result<Vec<TopicSubscription>, CallError> {
    let mut found = Vec::new();
    let mut next: Option<String> = None;
    loop {
        let mut call = sns.query_call("ListSubscriptionsByTopic").with_parameter("TopicArn", arn);
        if let Some(token) = next {
            call = call.with_parameter("NextToken", &token);
        }
        let response = call.send_query().await?;
        let result = response.require_child("ListSubscriptionsByTopicResult")?;
        for one in result.require_child("Subscriptions")?.child_elements() {
            let text =
                |name| one.require_child(name).map(|element| element.text_content().to_owned());
            found.push(TopicSubscription {
                arn: text("SubscriptionArn")?,
                protocol: text("Protocol")?,
                endpoint: text("Endpoint")?,
            });
        }
        next = result.find_child("NextToken").map(|token| token.text_content().to_owned());
        if next.as_ref().is_none_or(String::is_empty) {
            return Ok(found);
        }
    }
}

/// Returns whether a subscription is not confirmed yet.
///
/// Source: Amazon SNS API Reference, `Subscribe`: until the subscription is confirmed,
/// `SubscriptionArn` contains a text that is not an ARN.
fn is_pending(subscription: &TopicSubscription) -> bool {
    !subscription.arn.starts_with("arn:")
}

/// Checks that the queue of a family receives the findings of the family, and no other findings.
async fn check_subscription(
    stack: &DeployedStack,
    queue: &str,
    subscriptions: &[TopicSubscription],
    report: &mut DoctorReport,
) {
    let mut check = report.begin_check(format!("subscription {queue}"));
    let is_of_queue = |one: &&TopicSubscription| {
        one.protocol == "sqs" && one.endpoint.rsplit(':').next() == Some(queue)
    };
    let Some(found) = subscriptions.iter().find(is_of_queue) else {
        return check.add_failure("the queue receives no findings", "deploy the stack again");
    };
    let attributes = match get_attributes(&ServiceClient::sns(&stack.config), &found.arn).await {
        Ok(attributes) => attributes,
        Err(error) => return check.add_call_failure(&error, "sns:GetSubscriptionAttributes"),
    };
    let attribute = |name: &str| attributes.get(name).map(String::as_str);
    check_filter_policy(attribute("FilterPolicy"), attribute("FilterPolicyScope"), &mut check);
    check.finish_check("filtered");
}

/// Fetches the attributes of a subscription.
///
/// Source: Amazon SNS API Reference, `GetSubscriptionAttributes`.
async fn get_attributes(
    sns: &ServiceClient,
    arn: &str,
) -> Result<BTreeMap<String, String>, CallError> {
    let response = sns
        .query_call("GetSubscriptionAttributes")
        .with_parameter("SubscriptionArn", arn)
        .send_query()
        .await?;
    response
        .require_child("GetSubscriptionAttributesResult")?
        .require_child("Attributes")?
        .read_entry_map()
}

/// Checks that a filter policy selects findings by message attributes, and admits canaries.
///
/// Source: Amazon SNS API Reference, `GetSubscriptionAttributes`: the default scope is
/// `MessageAttributes`, the other one is `MessageBody`.
fn check_filter_policy(policy: Option<&str>, scope: Option<&str>, check: &mut CheckReporter<'_>) {
    let Some(policy) = policy.filter(|policy| !matches!(*policy, "" | "{}")) else {
        let why =
            "has no filter policy: the queue receives findings of other families, which then fail";
        return check.add_failure(why, "filter by the message attributes `remediator` and `kind`");
    };
    if scope == Some("MessageBody") {
        let why = "filters by the message body, but the values are in the message attributes";
        check.add_failure(why, "set FilterPolicyScope to MessageAttributes");
    }
    if !policy.contains("\"canary\"") {
        check.add_warning("does not admit canaries", "admit messages of the kind `canary`");
    }
}

//! The topics: who hears of findings and alarms, and whether each family gets its own.

use std::collections::BTreeMap;

use evenkeel_client::{CallError, ServiceClient};

use super::check_report::{CheckReporter, DoctorReport};
use super::functions::DeployedFunction;
use super::stack_access::{DeployedStack, is_missing};

/// A subscription, as its topic lists it.
struct TopicSubscription {
    arn: String,
    protocol: String,
    endpoint: String,
}

/// The topic of findings that the evaluate function names, and the topic of alarms beside it.
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
        let what = format!("set it to the ARN of {}", stack.part_name("findings"));
        return report
            .begin_check("topic")
            .add_failure(format!("EVENKEEL_TOPIC is no ARN: {arn}"), what);
    };
    let Some(subscriptions) = check_topic(stack, arn, report).await else { return };
    for function in families {
        let name = stack.part_name(&format!("remediate-{}", function.family));
        check_subscription(stack, &name, &subscriptions, report).await;
    }
    let alarms = stack.part_name("alarms");
    let heard = check_topic(stack, &format!("{before}:{alarms}"), report).await;
    if heard.is_some_and(|subscriptions| subscriptions.is_empty()) {
        let mut about = report.begin_check(format!("topic {alarms}"));
        about.add_warning("nobody hears of alarms", "subscribe somebody to it");
    }
}

/// The subscriptions to a topic; those that wait for somebody's yes are named.
async fn check_topic(
    stack: &DeployedStack,
    arn: &str,
    report: &mut DoctorReport,
) -> Option<Vec<TopicSubscription>> {
    let mut about = report.begin_check(format!("topic {}", arn.rsplit(':').next().unwrap_or(arn)));
    let subscriptions = match list_subscriptions(&ServiceClient::sns(&stack.config), arn).await {
        Ok(subscriptions) => subscriptions,
        Err(error) if is_missing(&error) => {
            about.add_failure(format!("{arn} is not there"), "deploy the stack again");
            return None;
        }
        Err(error) => {
            about.add_call_failure(&error, "sns:ListSubscriptionsByTopic");
            return None;
        }
    };
    for pending in subscriptions.iter().filter(|one| is_pending(one)) {
        let who = &pending.endpoint;
        about.add_warning(
            format!("{who} has not confirmed"),
            "follow the link in the message to them",
        );
    }
    about.finish_check(format!("subscriptions: {}", subscriptions.len()));
    Some(subscriptions)
}

/// All pages of a topic's subscriptions.
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
        let answer = call.send_query().await?;
        let result = answer.require_child("ListSubscriptionsByTopicResult")?;
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

/// Whether nobody has confirmed it yet.
///
/// Source: Amazon SNS API Reference, `Subscribe`: until then, a text stands where the ARN would.
fn is_pending(subscription: &TopicSubscription) -> bool {
    !subscription.arn.starts_with("arn:")
}

/// Whether a family's queue gets its findings, and no others.
async fn check_subscription(
    stack: &DeployedStack,
    queue: &str,
    subscriptions: &[TopicSubscription],
    report: &mut DoctorReport,
) {
    let mut about = report.begin_check(format!("subscription {queue}"));
    let is_its = |one: &&TopicSubscription| {
        one.protocol == "sqs" && one.endpoint.rsplit(':').next() == Some(queue)
    };
    let Some(found) = subscriptions.iter().find(is_its) else {
        return about.add_failure("its queue hears of no finding", "deploy the stack again");
    };
    let attributes = match get_attributes(&ServiceClient::sns(&stack.config), &found.arn).await {
        Ok(attributes) => attributes,
        Err(error) => return about.add_call_failure(&error, "sns:GetSubscriptionAttributes"),
    };
    let attribute = |name: &str| attributes.get(name).map(String::as_str);
    check_filter_policy(attribute("FilterPolicy"), attribute("FilterPolicyScope"), &mut about);
    about.finish_check("filtered");
}

/// Source: Amazon SNS API Reference, `GetSubscriptionAttributes`.
async fn get_attributes(
    sns: &ServiceClient,
    arn: &str,
) -> Result<BTreeMap<String, String>, CallError> {
    let answer = sns
        .query_call("GetSubscriptionAttributes")
        .with_parameter("SubscriptionArn", arn)
        .send_query()
        .await?;
    answer
        .require_child("GetSubscriptionAttributesResult")?
        .require_child("Attributes")?
        .read_entry_map()
}

/// Source: Amazon SNS API Reference, `GetSubscriptionAttributes`: the scope is `MessageAttributes`, unless
/// `MessageBody` is said.
fn check_filter_policy(policy: Option<&str>, scope: Option<&str>, about: &mut CheckReporter<'_>) {
    let Some(policy) = policy.filter(|policy| !matches!(*policy, "" | "{}")) else {
        let why =
            "has no filter policy: it gets other families' findings, which end as dead letters";
        return about.add_failure(why, "filter by the attribute remediator, and by kind");
    };
    if scope == Some("MessageBody") {
        let why = "filters by the body, and what tells is in the attributes";
        about.add_failure(why, "set FilterPolicyScope to MessageAttributes");
    }
    if !policy.contains("\"canary\"") {
        about.add_warning("lets no canary through", "let messages of kind canary through as well");
    }
}

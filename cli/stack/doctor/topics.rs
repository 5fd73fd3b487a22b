//! The topics: who hears of findings and alarms, and whether each family gets its own.

use std::collections::BTreeMap;

use evenkeel_client::{CallError, Service};

use super::aws::{Stack, is_missing};
use super::check::{About, Report};
use super::functions::Function;

/// A subscription, as its topic lists it.
struct Subscription {
    arn: String,
    protocol: String,
    endpoint: String,
}

/// The topic of findings that the evaluate function names, and the topic of alarms beside it.
pub(super) async fn look(
    stack: &Stack,
    evaluate: Option<&Function>,
    families: &[Function],
    report: &mut Report,
) {
    let Some(arn) = evaluate.and_then(|evaluate| evaluate.setting("EVENKEEL_TOPIC")) else {
        return;
    };
    let Some((before, _)) = arn.rsplit_once(':') else {
        let what = format!("set it to the ARN of {}", stack.part("findings"));
        return report.about("topic").fail(format!("EVENKEEL_TOPIC is no ARN: {arn}"), what);
    };
    let Some(subscriptions) = topic(stack, arn, report).await else { return };
    for function in families {
        let name = stack.part(&format!("remediate-{}", function.family));
        subscribed(stack, &name, &subscriptions, report).await;
    }
    let alarms = stack.part("alarms");
    let heard = topic(stack, &format!("{before}:{alarms}"), report).await;
    if heard.is_some_and(|subscriptions| subscriptions.is_empty()) {
        let mut about = report.about(format!("topic {alarms}"));
        about.warn("nobody hears of alarms", "subscribe somebody to it");
    }
}

/// The subscriptions to a topic; those that wait for somebody's yes are named.
async fn topic(stack: &Stack, arn: &str, report: &mut Report) -> Option<Vec<Subscription>> {
    let mut about = report.about(format!("topic {}", arn.rsplit(':').next().unwrap_or(arn)));
    let subscriptions = match list_subscriptions(&Service::sns(&stack.config), arn).await {
        Ok(subscriptions) => subscriptions,
        Err(error) if is_missing(&error) => {
            about.fail(format!("{arn} is not there"), "deploy the stack again");
            return None;
        }
        Err(error) => {
            about.refused(&error, "sns:ListSubscriptionsByTopic");
            return None;
        }
    };
    for pending in subscriptions.iter().filter(|one| is_pending(one)) {
        let who = &pending.endpoint;
        about.warn(format!("{who} has not confirmed"), "follow the link in the message to them");
    }
    about.end(format!("subscriptions: {}", subscriptions.len()));
    Some(subscriptions)
}

/// All pages of a topic's subscriptions.
///
/// Source: Amazon SNS API Reference, `ListSubscriptionsByTopic`.
async fn list_subscriptions(sns: &Service, arn: &str) -> Result<Vec<Subscription>, CallError> {
    let mut found = Vec::new();
    let mut next: Option<String> = None;
    loop {
        let mut call = sns.query("ListSubscriptionsByTopic").with("TopicArn", arn);
        if let Some(token) = next {
            call = call.with("NextToken", &token);
        }
        let answer = call.send().await?;
        let result = answer.get("ListSubscriptionsByTopicResult")?;
        for one in result.get("Subscriptions")?.children() {
            let text = |name| one.get(name).map(|element| element.text().to_owned());
            found.push(Subscription {
                arn: text("SubscriptionArn")?,
                protocol: text("Protocol")?,
                endpoint: text("Endpoint")?,
            });
        }
        next = result.find("NextToken").map(|token| token.text().to_owned());
        if next.as_ref().is_none_or(String::is_empty) {
            return Ok(found);
        }
    }
}

/// Whether nobody has confirmed it yet.
///
/// Source: Amazon SNS API Reference, `Subscribe`: until then, a text stands where the ARN would.
fn is_pending(subscription: &Subscription) -> bool {
    !subscription.arn.starts_with("arn:")
}

/// Whether a family's queue gets its findings, and no others.
async fn subscribed(
    stack: &Stack,
    queue: &str,
    subscriptions: &[Subscription],
    report: &mut Report,
) {
    let mut about = report.about(format!("subscription {queue}"));
    let is_its = |one: &&Subscription| {
        one.protocol == "sqs" && one.endpoint.rsplit(':').next() == Some(queue)
    };
    let Some(found) = subscriptions.iter().find(is_its) else {
        return about.fail("its queue hears of no finding", "deploy the stack again");
    };
    let attributes = match get_attributes(&Service::sns(&stack.config), &found.arn).await {
        Ok(attributes) => attributes,
        Err(error) => return about.refused(&error, "sns:GetSubscriptionAttributes"),
    };
    let attribute = |name: &str| attributes.get(name).map(String::as_str);
    filter(attribute("FilterPolicy"), attribute("FilterPolicyScope"), &mut about);
    about.end("filtered");
}

/// Source: Amazon SNS API Reference, `GetSubscriptionAttributes`.
async fn get_attributes(sns: &Service, arn: &str) -> Result<BTreeMap<String, String>, CallError> {
    let answer = sns.query("GetSubscriptionAttributes").with("SubscriptionArn", arn).send().await?;
    answer.get("GetSubscriptionAttributesResult")?.get("Attributes")?.entries()
}

/// Source: Amazon SNS API Reference, `GetSubscriptionAttributes`: the scope is `MessageAttributes`, unless
/// `MessageBody` is said.
fn filter(policy: Option<&str>, scope: Option<&str>, about: &mut About<'_>) {
    let Some(policy) = policy.filter(|policy| !matches!(*policy, "" | "{}")) else {
        let why =
            "has no filter policy: it gets other families' findings, which end as dead letters";
        return about.fail(why, "filter by the attribute remediator, and by kind");
    };
    if scope == Some("MessageBody") {
        let why = "filters by the body, and what tells is in the attributes";
        about.fail(why, "set FilterPolicyScope to MessageAttributes");
    }
    if !policy.contains("\"canary\"") {
        about.warn("lets no canary through", "let messages of kind canary through as well");
    }
}

//! The topics: who hears of findings and alarms, and whether each family gets its own.

use aws_sdk_sns::Client;
use aws_sdk_sns::types::Subscription;

use super::aws::{Stack, is_missing};
use super::check::{About, Report};
use super::functions::Function;

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
    let client = Client::new(&stack.config);
    let pages = client.list_subscriptions_by_topic().topic_arn(arn).into_paginator();
    let told: Result<Vec<Subscription>, _> = pages.items().send().collect().await;
    let subscriptions = match told {
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
        let who = pending.endpoint().unwrap_or("somebody");
        about.warn(format!("{who} has not confirmed"), "follow the link in the message to them");
    }
    about.end(format!("subscriptions: {}", subscriptions.len()));
    Some(subscriptions)
}

/// Whether nobody has confirmed it yet.
///
/// Source: Amazon SNS API Reference, `Subscribe`: until then, a text stands where the ARN would.
fn is_pending(subscription: &Subscription) -> bool {
    !subscription.subscription_arn().is_some_and(|arn| arn.starts_with("arn:"))
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
        let endpoint = one.endpoint().and_then(|arn| arn.rsplit(':').next());
        one.protocol() == Some("sqs") && endpoint == Some(queue)
    };
    let found = subscriptions.iter().find(is_its).and_then(Subscription::subscription_arn);
    let Some(arn) = found else {
        return about.fail("its queue hears of no finding", "deploy the stack again");
    };
    let asked = Client::new(&stack.config).get_subscription_attributes().subscription_arn(arn);
    let attributes = match asked.send().await {
        Ok(told) => told.attributes.unwrap_or_default(),
        Err(error) => return about.refused(&error, "sns:GetSubscriptionAttributes"),
    };
    let attribute = |name: &str| attributes.get(name).map(String::as_str);
    filter(attribute("FilterPolicy"), attribute("FilterPolicyScope"), &mut about);
    about.end("filtered");
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

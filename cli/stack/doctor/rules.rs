//! The rules: what happens in a Region is forwarded, and what comes to the bus goes on.

use aws_sdk_eventbridge::Client;
use aws_sdk_eventbridge::config::Region;
use aws_sdk_eventbridge::types::{Rule, RuleState};

use super::aws::{Stack, is_missing};
use super::check::Report;

/// The rules that forward, in each Region, and those of the bus.
pub(super) async fn look(stack: &Stack, regions: &[String], report: &mut Report) {
    for region in regions {
        let config = stack.config.to_builder().region(Region::new(region.clone())).build();
        let (what, prefix) = (format!("forwarding in {region}"), stack.part("forward-"));
        rules(&Client::new(&config), &what, None, Some(&prefix), report).await;
    }
    let what = format!("bus {}", stack.name);
    rules(&Client::new(&stack.config), &what, Some(&stack.name), None, report).await;
}

/// Whether there are rules on a bus, and all of them are enabled.
async fn rules(
    client: &Client,
    what: &str,
    bus: Option<&str>,
    prefix: Option<&str>,
    report: &mut Report,
) {
    let mut about = report.about(what);
    let asked = client.list_rules();
    let asked = asked.set_event_bus_name(bus.map(str::to_owned));
    let found = match asked.set_name_prefix(prefix.map(str::to_owned)).send().await {
        Ok(told) => told.rules.unwrap_or_default(),
        Err(error) if is_missing(&error) => {
            return about.fail("is not there", "deploy the stack again");
        }
        Err(error) => return about.refused(&error, "events:ListRules"),
    };
    if found.is_empty() {
        let names = prefix.map(|prefix| format!(" {prefix}*")).unwrap_or_default();
        about.fail(format!("has no rule{names}: nothing goes on"), "deploy the stack there");
    }
    for rule in found.iter().filter(|rule| is_off(rule)) {
        let name = rule.name().unwrap_or_default();
        let on = bus.map(|bus| format!(" --event-bus-name {bus}")).unwrap_or_default();
        let todo = format!("enable it: aws events enable-rule --name {name}{on}");
        about.fail(format!("rule {name} is disabled"), todo);
    }
    about.end(format!("rules: {}", found.len()));
}

fn is_off(rule: &Rule) -> bool {
    rule.state() == Some(&RuleState::Disabled)
}

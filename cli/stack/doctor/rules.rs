//! The rules: what happens in a Region is forwarded, and what comes to the bus goes on.

use aws_config::Region;
use evenkeel_client::Service;
use serde::{Deserialize, Serialize};

use super::aws::{Stack, is_missing};
use super::check::Report;

/// Source: Amazon EventBridge API Reference, `ListRules`.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct ListRules<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    event_bus_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name_prefix: Option<&'a str>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Rules {
    rules: Vec<Rule>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Rule {
    name: String,
    state: String,
}

/// The rules that forward, in each Region, and those of the bus.
pub(super) async fn look(stack: &Stack, regions: &[String], report: &mut Report) {
    for region in regions {
        let config = stack.config.to_builder().region(Region::new(region.clone())).build();
        let (what, prefix) = (format!("forwarding in {region}"), stack.part("forward-"));
        rules(&Service::events(&config), &what, None, Some(&prefix), report).await;
    }
    let what = format!("bus {}", stack.name);
    rules(&Service::events(&stack.config), &what, Some(&stack.name), None, report).await;
}

/// Whether there are rules on a bus, and all of them are enabled.
async fn rules(
    events: &Service,
    what: &str,
    bus: Option<&str>,
    prefix: Option<&str>,
    report: &mut Report,
) {
    let mut about = report.about(what);
    let asked = ListRules { event_bus_name: bus, name_prefix: prefix };
    let found = match events.json("ListRules", &asked).await {
        Ok(Rules { rules }) => rules,
        Err(error) if is_missing(&error) => {
            return about.fail("is not there", "deploy the stack again");
        }
        Err(error) => return about.refused(&error, "events:ListRules"),
    };
    if found.is_empty() {
        let names = prefix.map(|prefix| format!(" {prefix}*")).unwrap_or_default();
        about.fail(format!("has no rule{names}: nothing goes on"), "deploy the stack there");
    }
    for Rule { name, .. } in found.iter().filter(|rule| rule.state == "DISABLED") {
        let on = bus.map(|bus| format!(" --event-bus-name {bus}")).unwrap_or_default();
        let todo = format!("enable it: aws events enable-rule --name {name}{on}");
        about.fail(format!("rule {name} is disabled"), todo);
    }
    about.end(format!("rules: {}", found.len()));
}

//! The rules: what happens in a Region is forwarded, and what comes to the bus goes on.

use aws_config::Region;
use evenkeel_client::ServiceClient;
use serde::{Deserialize, Serialize};

use super::check_report::DoctorReport;
use super::stack_access::{DeployedStack, is_missing};

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
struct RuleList {
    rules: Vec<EventRule>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct EventRule {
    name: String,
    state: String,
}

/// The rules that forward, in each Region, and those of the bus.
pub(super) async fn check_all_rules(
    stack: &DeployedStack,
    regions: &[String],
    report: &mut DoctorReport,
) {
    for region in regions {
        let config = stack.config.to_builder().region(Region::new(region.clone())).build();
        let (what, prefix) = (format!("forwarding in {region}"), stack.part_name("forward-"));
        check_rules(&ServiceClient::events(&config), &what, None, Some(&prefix), report).await;
    }
    let what = format!("bus {}", stack.name);
    check_rules(&ServiceClient::events(&stack.config), &what, Some(&stack.name), None, report)
        .await;
}

/// Whether there are rules on a bus, and all of them are enabled.
async fn check_rules(
    events: &ServiceClient,
    what: &str,
    bus: Option<&str>,
    prefix: Option<&str>,
    report: &mut DoctorReport,
) {
    let mut about = report.begin_check(what);
    let asked = ListRules { event_bus_name: bus, name_prefix: prefix };
    let found = match events.call_json("ListRules", &asked).await {
        Ok(RuleList { rules }) => rules,
        Err(error) if is_missing(&error) => {
            return about.add_failure("is not there", "deploy the stack again");
        }
        Err(error) => return about.add_call_failure(&error, "events:ListRules"),
    };
    if found.is_empty() {
        let names = prefix.map(|prefix| format!(" {prefix}*")).unwrap_or_default();
        about.add_failure(format!("has no rule{names}: nothing goes on"), "deploy the stack there");
    }
    for EventRule { name, .. } in found.iter().filter(|rule| rule.state == "DISABLED") {
        let on = bus.map(|bus| format!(" --event-bus-name {bus}")).unwrap_or_default();
        let todo = format!("enable it: aws events enable-rule --name {name}{on}");
        about.add_failure(format!("rule {name} is disabled"), todo);
    }
    about.finish_check(format!("rules: {}", found.len()));
}

//! Checks the EventBridge rules that forward events to the bus, and the rules of the bus.

use aws_config::Region;
use evenkeel_client::ServiceClient;
use serde::{Deserialize, Serialize};

use super::check_report::DoctorReport;
use super::stack_access::{DeployedStack, is_missing};

/// The request of `ListRules`.
///
/// Source: Amazon EventBridge API Reference, `ListRules`.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct ListRules<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    event_bus_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name_prefix: Option<&'a str>,
}

/// The response of `ListRules`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RuleList {
    rules: Vec<EventRule>,
}

/// An EventBridge rule.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct EventRule {
    name: String,
    state: String,
}

/// Checks the forwarding rules in each Region, and the rules of the bus.
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

/// Checks that a bus has rules, and that all of them are enabled. `None` is the default bus.
/// `prefix` selects rules by name.
async fn check_rules(
    events: &ServiceClient,
    what: &str,
    bus: Option<&str>,
    prefix: Option<&str>,
    report: &mut DoctorReport,
) {
    let mut check = report.begin_check(what);
    let request = ListRules { event_bus_name: bus, name_prefix: prefix };
    let found = match events.call_json("ListRules", &request).await {
        Ok(RuleList { rules }) => rules,
        Err(error) if is_missing(&error) => {
            return check.add_failure("does not exist", "deploy the stack again");
        }
        Err(error) => return check.add_call_failure(&error, "events:ListRules"),
    };
    if found.is_empty() {
        let names = prefix.map(|prefix| format!(" {prefix}*")).unwrap_or_default();
        let why = format!("has no rule{names}: events are not forwarded");
        check.add_failure(why, "deploy the stack in this Region");
    }
    for EventRule { name, .. } in found.iter().filter(|rule| rule.state == "DISABLED") {
        let on = bus.map(|bus| format!(" --event-bus-name {bus}")).unwrap_or_default();
        let todo = format!("enable it: aws events enable-rule --name {name}{on}");
        check.add_failure(format!("rule {name} is disabled"), todo);
    }
    check.finish_check(format!("rules: {}", found.len()));
}

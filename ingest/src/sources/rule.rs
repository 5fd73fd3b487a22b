//! AWS Config: the invocation of a custom rule, which waits for evaluations.

use aws_lambda_events::config::ConfigEvent;

use super::{NO_UNIT, Source, config};
use crate::fault::Fault;
use crate::object::Object;
use crate::opened::{ConfigRuleInvocation, Content, Outer, RuleSubject};
use crate::opening::Opening;

/// The token of an invocation that is only a test, in AWS's own kits for rules.
const TEST: &str = "TESTMODE";

pub(super) const SOURCE: Source = Source {
    name: "AWS Config rule invocation",
    outer: Outer::ConfigRule,
    knows: |object| object.has("invokingEvent"),
    open,
    unit: NO_UNIT,
};

fn open(object: &Object<'_>, opening: &mut Opening) -> Result<(), Fault> {
    let event: ConfigEvent = serde_json::from_str(object.text).map_err(|_| Fault::MemberType)?;
    let invoking = event.invoking_event.ok_or(Fault::Member("invokingEvent"))?;
    let invoking = Object::parse(&invoking).map_err(|_| Fault::Member("invokingEvent"))?;
    let subject = config::subject(&invoking)?;
    let time = match &subject {
        RuleSubject::Item(change) => change.item.time.clone(),
        RuleSubject::Oversized(oversized) => oversized.item.time.clone(),
        _ => invoking.string("notificationCreationTime").unwrap_or_default(),
    };
    let result_token =
        event.result_token.filter(|token| !token.is_empty()).ok_or(Fault::Member("resultToken"))?;
    opening.deliver(Content::ConfigRule(Box::new(ConfigRuleInvocation {
        test_mode: result_token == TEST,
        result_token,
        rule_name: event.config_rule_name.unwrap_or_default(),
        rule_arn: event.config_rule_arn.unwrap_or_default(),
        account: event.account_id.unwrap_or_default(),
        left_scope: event.event_left_scope,
        parameters: event.rule_parameters.unwrap_or_default(),
        time,
        subject,
    })));
    Ok(())
}

//! AWS Config: the invocation of a custom rule, which waits for evaluations.

use super::config_notification;
use crate::payload::error::Fault;
use crate::payload::format::{MemberTest, NO_DELIVERY, Part, PayloadFormat};
use crate::payload::json_object::JsonObject;
use crate::payload::model::{ConfigRuleInvocation, Content, Outer, RuleSubject};

/// The token of an invocation that is only a test, in AWS's own kits for rules.
const TEST: &str = "TESTMODE";

pub(super) const FORMAT: PayloadFormat = PayloadFormat {
    name: "AWS Config rule invocation",
    invoker: Outer::ConfigRule,
    shapes: &[&[MemberTest::Present("invokingEvent")]],
    parse,
    delivery: NO_DELIVERY,
};

fn parse(object: &JsonObject<'_>) -> Result<Vec<Part>, Fault> {
    let invoking = object.need("invokingEvent")?;
    let invoking = JsonObject::parse(&invoking).map_err(|_| Fault::Member("invokingEvent"))?;
    let subject = config_notification::subject(&invoking)?;
    let time = match &subject {
        RuleSubject::Item(change) => change.item.time.clone(),
        RuleSubject::Oversized(oversized) => oversized.item.time.clone(),
        _ => invoking.string("notificationCreationTime").unwrap_or_default(),
    };
    let result_token = object
        .string("resultToken")
        .filter(|token| !token.is_empty())
        .ok_or(Fault::Member("resultToken"))?;
    Ok(vec![Part::Content(Content::ConfigRule(Box::new(ConfigRuleInvocation {
        test_mode: result_token == TEST,
        result_token,
        rule_name: object.string_or_empty("configRuleName")?,
        rule_arn: object.string_or_empty("configRuleArn")?,
        account: object.string_or_empty("accountId")?,
        left_scope: left_scope(object)?,
        parameters: object.string_or_empty("ruleParameters")?,
        time,
        subject,
    })))])
}

fn left_scope(object: &JsonObject<'_>) -> Result<bool, Fault> {
    match object.raw("eventLeftScope") {
        Some("true") => Ok(true),
        Some("false") | None => Ok(false),
        Some(_) => Err(Fault::Member("eventLeftScope")),
    }
}

//! Defines the format of the invocation of a custom rule of AWS Config. AWS Config waits for the
//! evaluations of the rule.

use super::config_notification;
use crate::payload::error::PayloadErrorKind;
use crate::payload::format::{MemberTest, NO_DELIVERY, PayloadFormat, PayloadPart};
use crate::payload::json_object::JsonObject;
use crate::payload::model::{ConfigRuleInvocation, PayloadContent, PayloadInvoker, RuleSubject};

/// The result token of a test invocation. The development kits of AWS for rules use this token.
const TEST_TOKEN: &str = "TESTMODE";

pub(super) const FORMAT: PayloadFormat = PayloadFormat {
    name: "AWS Config rule invocation",
    invoker: PayloadInvoker::ConfigRule,
    member_tests: &[&[MemberTest::Present("invokingEvent")]],
    parse: parse_rule_invocation,
    delivery: NO_DELIVERY,
};

fn parse_rule_invocation(object: &JsonObject<'_>) -> Result<Vec<PayloadPart>, PayloadErrorKind> {
    let invoking = object.required_string("invokingEvent")?;
    let invoking =
        JsonObject::from_text(&invoking).map_err(|_| PayloadErrorKind::Member("invokingEvent"))?;
    let subject = config_notification::parse_subject(&invoking)?;
    let time = match &subject {
        RuleSubject::Item(change) => change.item.time.clone(),
        RuleSubject::Oversized(oversized) => oversized.item.time.clone(),
        _ => invoking.string_member("notificationCreationTime").unwrap_or_default(),
    };
    let result_token = object
        .string_member("resultToken")
        .filter(|token| !token.is_empty())
        .ok_or(PayloadErrorKind::Member("resultToken"))?;
    Ok(vec![PayloadPart::Content(PayloadContent::ConfigRule(Box::new(ConfigRuleInvocation {
        test_mode: result_token == TEST_TOKEN,
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

fn left_scope(object: &JsonObject<'_>) -> Result<bool, PayloadErrorKind> {
    match object.raw_member("eventLeftScope") {
        Some("true") => Ok(true),
        Some("false") | None => Ok(false),
        Some(_) => Err(PayloadErrorKind::Member("eventLeftScope")),
    }
}

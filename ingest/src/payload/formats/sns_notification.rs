//! Defines the format of an SNS notification, as an invocation of Lambda and as a message in a
//! queue or a file.

use crate::payload::error::PayloadErrorKind;
use crate::payload::format::{MemberTest, NO_DELIVERY, PayloadFormat, PayloadPart};
use crate::payload::json_object::JsonObject;
use crate::payload::model::PayloadInvoker;

pub(super) const FORMAT: PayloadFormat = PayloadFormat {
    name: "SNS notification",
    invoker: PayloadInvoker::Sns,
    member_tests: &[
        &[MemberTest::Equals("EventSource", "aws:sns")],
        &[MemberTest::Present("TopicArn"), MemberTest::Present("Type")],
    ],
    parse: |object| {
        if object.member_equals("EventSource", "aws:sns") {
            return parse_sns_notification(
                &object.object_member("Sns").ok_or(PayloadErrorKind::Member("Sns"))?,
            );
        }
        parse_sns_notification(object)
    },
    delivery: NO_DELIVERY,
};

fn parse_sns_notification(object: &JsonObject<'_>) -> Result<Vec<PayloadPart>, PayloadErrorKind> {
    Ok(vec![match object.string_member("Type").as_deref() {
        Some("SubscriptionConfirmation") => {
            PayloadPart::new_skipped("SNS subscription confirmation")
        }
        Some("UnsubscribeConfirmation") => PayloadPart::new_skipped("SNS unsubscribe confirmation"),
        _ => {
            let text = object.required_string("Message")?;
            PayloadPart::Text { carrier: "message of an SNS notification", text }
        }
    }])
}

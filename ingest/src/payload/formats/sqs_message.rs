//! Defines the format of an SQS message in a batch. Its body is a payload of any format.

use crate::payload::error::PayloadErrorKind;
use crate::payload::format::{DeliveryMetadata, MemberTest, PayloadFormat, PayloadPart};
use crate::payload::json_object::JsonObject;
use crate::payload::model::PayloadInvoker;

pub(super) const FORMAT: PayloadFormat = PayloadFormat {
    name: "SQS message",
    invoker: PayloadInvoker::Sqs,
    member_tests: &[&[MemberTest::Equals("eventSource", "aws:sqs")]],
    parse: parse_sqs_message,
    delivery: read_delivery,
};

fn parse_sqs_message(object: &JsonObject<'_>) -> Result<Vec<PayloadPart>, PayloadErrorKind> {
    if object.has_member("attributes") && object.object_member("attributes").is_none() {
        return Err(PayloadErrorKind::Member("attributes"));
    }
    Ok(vec![PayloadPart::Text {
        carrier: "body of an SQS message",
        text: object.required_string("body")?,
    }])
}

/// Reads the delivery metadata. The function does not need the body, because the response must
/// contain the id of a message even if the body of the message cannot be parsed.
///
/// Source: Amazon SQS API Reference, `ReceiveMessage`: `SentTimestamp` is epoch time in
/// milliseconds.
fn read_delivery(object: &JsonObject<'_>) -> DeliveryMetadata {
    let attributes = object.object_member("attributes");
    let attribute =
        |name| attributes.as_ref().and_then(|attributes| attributes.string_member(name));
    DeliveryMetadata {
        id: object.string_member("messageId"),
        trace: attribute("AWSTraceHeader"),
        sent: attribute("SentTimestamp").and_then(|sent| sent.parse().ok()),
    }
}

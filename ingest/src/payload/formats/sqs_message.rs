//! Amazon SQS: one message of a batch, whose body is anything at all.

use crate::payload::error::Fault;
use crate::payload::format::{Delivery, MemberTest, Part, PayloadFormat};
use crate::payload::json_object::JsonObject;
use crate::payload::model::Outer;

pub(super) const FORMAT: PayloadFormat = PayloadFormat {
    name: "SQS message",
    invoker: Outer::Sqs,
    shapes: &[&[MemberTest::Equals("eventSource", "aws:sqs")]],
    parse,
    delivery,
};

fn parse(object: &JsonObject<'_>) -> Result<Vec<Part>, Fault> {
    if object.has("attributes") && object.object("attributes").is_none() {
        return Err(Fault::Member("attributes"));
    }
    Ok(vec![Part::Text { carrier: "body of an SQS message", text: object.need("body")? }])
}

/// A message whose body cannot be opened must still be named.
///
/// Source: Amazon SQS API Reference, `ReceiveMessage`: `SentTimestamp` is epoch time in milliseconds.
fn delivery(object: &JsonObject<'_>) -> Delivery {
    let attributes = object.object("attributes");
    let attribute = |name| attributes.as_ref().and_then(|attributes| attributes.string(name));
    Delivery {
        id: object.string("messageId"),
        trace: attribute("AWSTraceHeader"),
        sent: attribute("SentTimestamp").and_then(|sent| sent.parse().ok()),
    }
}

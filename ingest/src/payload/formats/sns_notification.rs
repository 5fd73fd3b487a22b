//! Amazon SNS: a notification, as Lambda is invoked with it and as it lies in a queue or a file.

use crate::payload::error::Fault;
use crate::payload::format::{MemberTest, NO_DELIVERY, Part, PayloadFormat};
use crate::payload::json_object::JsonObject;
use crate::payload::model::Outer;

pub(super) const FORMAT: PayloadFormat = PayloadFormat {
    name: "SNS notification",
    invoker: Outer::Sns,
    shapes: &[
        &[MemberTest::Equals("EventSource", "aws:sns")],
        &[MemberTest::Present("TopicArn"), MemberTest::Present("Type")],
    ],
    parse: |object| {
        if object.is("EventSource", "aws:sns") {
            return notification(&object.object("Sns").ok_or(Fault::Member("Sns"))?);
        }
        notification(object)
    },
    delivery: NO_DELIVERY,
};

fn notification(object: &JsonObject<'_>) -> Result<Vec<Part>, Fault> {
    Ok(vec![match object.string("Type").as_deref() {
        Some("SubscriptionConfirmation") => Part::skipped("SNS subscription confirmation"),
        Some("UnsubscribeConfirmation") => Part::skipped("SNS unsubscribe confirmation"),
        _ => {
            let text = object.need("Message")?;
            Part::Text { carrier: "message of an SNS notification", text }
        }
    }])
}

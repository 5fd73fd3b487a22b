//! Amazon CloudWatch Logs: a subscription's batch of a trail's log group, packed or not.

use crate::payload::error::{Fault, PayloadError};
use crate::payload::format::{MemberTest, NO_DELIVERY, Part, PayloadFormat};
use crate::payload::json_object::JsonObject;
use crate::payload::model::Outer;

const NAME: &str = "CloudWatch Logs";

pub(super) const FORMAT: PayloadFormat = PayloadFormat {
    name: NAME,
    invoker: Outer::CloudWatchLogs,
    shapes: &[
        &[MemberTest::Present("awslogs")],
        &[MemberTest::Present("messageType"), MemberTest::Present("logEvents")],
    ],
    parse: |object| match object.object("awslogs") {
        // Unpacked, it is of this format again.
        Some(logs) => Ok(vec![Part::Gzip { carrier: NAME, data: logs.base64("data")? }]),
        None => events(object),
    },
    delivery: NO_DELIVERY,
};

fn events(object: &JsonObject<'_>) -> Result<Vec<Part>, Fault> {
    match object.string("messageType").as_deref() {
        Some("DATA_MESSAGE") => {}
        Some("CONTROL_MESSAGE") => {
            return Ok(vec![Part::skipped("CloudWatch Logs control message")]);
        }
        _ => return Err(Fault::Member("messageType")),
    }
    let events = object.list("logEvents").ok_or(Fault::Member("logEvents"))?;
    Ok(events.into_iter().map(event).collect())
}

fn event(event: &str) -> Part {
    match JsonObject::parse(event).and_then(|event| event.need("message")) {
        Ok(text) => Part::Text { carrier: "message of a log event", text },
        Err(why) => Part::Broken(PayloadError::new("log event", why)),
    }
}

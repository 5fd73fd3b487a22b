//! Amazon CloudWatch Logs: a subscription's batch of a trail's log group, packed or not.

use super::{NO_UNIT, Source};
use crate::fault::{Fault, SourceError};
use crate::object::{Object, string};
use crate::opened::Outer;
use crate::opening::{Opening, base64};

pub(super) const SOURCE: Source = Source {
    name: "CloudWatch Logs",
    outer: Outer::CloudWatchLogs,
    knows: |object| object.has("awslogs") || (object.has("messageType") && object.has("logEvents")),
    open,
    unit: NO_UNIT,
};

/// By hand: the type of `aws_lambda_events` unpacks without a bound, and fails for one event as a whole.
fn open(object: &Object<'_>, opening: &mut Opening) -> Result<(), Fault> {
    let Some(logs) = object.object("awslogs") else { return events(object, opening) };
    let text = opening.unpack(&base64(&logs.need("data")?)?)?;
    events(&Object::parse(&text)?, opening)
}

fn events(object: &Object<'_>, opening: &mut Opening) -> Result<(), Fault> {
    match object.string("messageType").as_deref() {
        Some("DATA_MESSAGE") => {}
        Some("CONTROL_MESSAGE") => {
            opening.skip("CloudWatch Logs control message");
            return Ok(());
        }
        _ => return Err(Fault::Member("messageType")),
    }
    for event in object.list("logEvents").ok_or(Fault::Member("logEvents"))? {
        match message(event) {
            Ok(text) => opening.text("message of a log event", &text),
            Err(why) => opening.fail(SourceError::new("log event", why)),
        }
    }
    Ok(())
}

fn message(event: &str) -> Result<String, Fault> {
    let message = Object::parse(event)?.raw("message");
    message.and_then(string).ok_or(Fault::Member("message"))
}

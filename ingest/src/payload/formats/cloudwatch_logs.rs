//! Defines the format of a CloudWatch Logs subscription batch of a trail's log group, compressed or
//! not.

use crate::payload::error::{PayloadError, PayloadErrorKind};
use crate::payload::format::{MemberTest, NO_DELIVERY, PayloadFormat, PayloadPart};
use crate::payload::json_object::JsonObject;
use crate::payload::model::PayloadInvoker;

const NAME: &str = "CloudWatch Logs";

pub(super) const FORMAT: PayloadFormat = PayloadFormat {
    name: NAME,
    invoker: PayloadInvoker::CloudWatchLogs,
    member_tests: &[
        &[MemberTest::Present("awslogs")],
        &[MemberTest::Present("messageType"), MemberTest::Present("logEvents")],
    ],
    parse: |object| match object.object_member("awslogs") {
        // The decompressed data has this format, too.
        Some(logs) => {
            Ok(vec![PayloadPart::Gzip { carrier: NAME, data: logs.base64_member("data")? }])
        }
        None => parse_log_events(object),
    },
    delivery: NO_DELIVERY,
};

fn parse_log_events(object: &JsonObject<'_>) -> Result<Vec<PayloadPart>, PayloadErrorKind> {
    match object.string_member("messageType").as_deref() {
        Some("DATA_MESSAGE") => {}
        Some("CONTROL_MESSAGE") => {
            return Ok(vec![PayloadPart::new_skipped("CloudWatch Logs control message")]);
        }
        _ => return Err(PayloadErrorKind::Member("messageType")),
    }
    let events = object.list_member("logEvents").ok_or(PayloadErrorKind::Member("logEvents"))?;
    Ok(events.into_iter().map(parse_log_event).collect())
}

fn parse_log_event(event: &str) -> PayloadPart {
    match JsonObject::from_text(event).and_then(|event| event.required_string("message")) {
        Ok(text) => PayloadPart::Text { carrier: "message of a log event", text },
        Err(why) => PayloadPart::Broken(PayloadError::new("log event", why)),
    }
}

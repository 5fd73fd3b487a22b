//! Defines the format of the S3 notifications of created objects, and of the S3 test event.

use percent_encoding::percent_decode_str;

use crate::payload::error::{PayloadErrorKind, displayable_name};
use crate::payload::format::{MemberTest, NO_DELIVERY, PayloadFormat, PayloadPart};
use crate::payload::json_object::JsonObject;
use crate::payload::model::{LogObject, PayloadContent, PayloadInvoker};

/// The event that S3 sends when notifications are configured.
const TEST_EVENT: &str = "s3:TestEvent";

pub(super) const FORMAT: PayloadFormat = PayloadFormat {
    name: "S3 notification",
    invoker: PayloadInvoker::S3,
    member_tests: &[
        &[MemberTest::Equals("eventSource", "aws:s3")],
        &[MemberTest::Equals("Event", TEST_EVENT)],
    ],
    parse: parse_s3_notification,
    delivery: NO_DELIVERY,
};

fn parse_s3_notification(object: &JsonObject<'_>) -> Result<Vec<PayloadPart>, PayloadErrorKind> {
    if object.member_equals("Event", TEST_EVENT) {
        return Ok(vec![PayloadPart::new_skipped(TEST_EVENT)]);
    }
    let name = object.required_string("eventName")?;
    if !name.starts_with("ObjectCreated:") {
        let name = displayable_name(&name).unwrap_or("another");
        return Ok(vec![PayloadPart::new_skipped(format!("S3 notification: {name}"))]);
    }
    let entity = object.object_member("s3").ok_or(PayloadErrorKind::Member("s3"))?;
    let bucket = entity.object_member("bucket").ok_or(PayloadErrorKind::Member("bucket"))?;
    let written = entity.object_member("object").ok_or(PayloadErrorKind::Member("object"))?;
    Ok(vec![build_object_part(LogObject {
        bucket: bucket
            .string_member("name")
            .filter(|name| !name.is_empty())
            .ok_or(PayloadErrorKind::Member("name"))?,
        key: decode_key(&written.required_string("key")?)?,
        region: object.string_member("awsRegion"),
        size: written.scalar_text("size").parse().ok(),
        version: written.string_member("versionId"),
        etag: written.string_member("eTag"),
    })])
}

/// Decodes a key of a notification, which is URL-encoded as in a form: a plus sign means a space.
fn decode_key(key: &str) -> Result<String, PayloadErrorKind> {
    let spaced = key.replace('+', " ");
    let key =
        percent_decode_str(&spaced).decode_utf8().map_err(|_| PayloadErrorKind::Member("key"))?;
    if key.is_empty() { Err(PayloadErrorKind::Member("key")) } else { Ok(key.into_owned()) }
}

/// Creates a part with an object. If the key shows that the object contains neither records nor
/// items, the object becomes a skipped part.
pub(super) fn build_object_part(object: LogObject) -> PayloadPart {
    let kind = match object.key.as_str() {
        key if key.contains("/CloudTrail-Digest/") => "CloudTrail digest",
        key if key.ends_with("/ConfigWritabilityCheckFile") => "AWS Config writability check",
        key if key.ends_with('/') => "S3 folder",
        _ => return PayloadPart::Content(PayloadContent::LogObject(object)),
    };
    PayloadPart::new_skipped(kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_decoded_as_s3_encodes_them() {
        assert_eq!(decode_key("a+b%2Bc/%C3%A9%3D1.json").as_deref(), Ok("a b+c/é=1.json"));
        assert_eq!(decode_key("100%"), Ok("100%".to_owned()));
        assert_eq!(decode_key("%FF"), Err(PayloadErrorKind::Member("key")));
        assert_eq!(decode_key(""), Err(PayloadErrorKind::Member("key")));
    }
}

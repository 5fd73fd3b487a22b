//! Amazon S3: one notification that an object was written, and the test that comes before the first.

use percent_encoding::percent_decode_str;

use crate::payload::error::{Fault, shown};
use crate::payload::format::{MemberTest, NO_DELIVERY, Part, PayloadFormat};
use crate::payload::json_object::JsonObject;
use crate::payload::model::{Content, LogObject, Outer};

/// What S3 sends when notifications are set up.
const TEST: &str = "s3:TestEvent";

pub(super) const FORMAT: PayloadFormat = PayloadFormat {
    name: "S3 notification",
    invoker: Outer::S3,
    shapes: &[&[MemberTest::Equals("eventSource", "aws:s3")], &[MemberTest::Equals("Event", TEST)]],
    parse,
    delivery: NO_DELIVERY,
};

fn parse(object: &JsonObject<'_>) -> Result<Vec<Part>, Fault> {
    if object.is("Event", TEST) {
        return Ok(vec![Part::skipped(TEST)]);
    }
    let name = object.need("eventName")?;
    if !name.starts_with("ObjectCreated:") {
        let name = shown(&name).unwrap_or("another");
        return Ok(vec![Part::skipped(format!("S3 notification: {name}"))]);
    }
    let entity = object.object("s3").ok_or(Fault::Member("s3"))?;
    let bucket = entity.object("bucket").ok_or(Fault::Member("bucket"))?;
    let written = entity.object("object").ok_or(Fault::Member("object"))?;
    Ok(vec![log_object(LogObject {
        bucket: bucket
            .string("name")
            .filter(|name| !name.is_empty())
            .ok_or(Fault::Member("name"))?,
        key: decoded(&written.need("key")?)?,
        region: object.string("awsRegion"),
        size: written.scalar("size").parse().ok(),
        version: written.string("versionId"),
        etag: written.string("eTag"),
    })])
}

/// A key in a notification is encoded as in a form: a space is a plus.
fn decoded(key: &str) -> Result<String, Fault> {
    let spaced = key.replace('+', " ");
    let key = percent_decode_str(&spaced).decode_utf8().map_err(|_| Fault::Member("key"))?;
    if key.is_empty() { Err(Fault::Member("key")) } else { Ok(key.into_owned()) }
}

/// An object, unless its key says that it holds neither records nor items.
pub(super) fn log_object(object: LogObject) -> Part {
    let kind = match object.key.as_str() {
        key if key.contains("/CloudTrail-Digest/") => "CloudTrail digest",
        key if key.ends_with("/ConfigWritabilityCheckFile") => "AWS Config writability check",
        key if key.ends_with('/') => "S3 folder",
        _ => return Part::Content(Content::LogObject(object)),
    };
    Part::skipped(kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_decoded_as_s3_encodes_them() {
        assert_eq!(decoded("a+b%2Bc/%C3%A9%3D1.json").as_deref(), Ok("a b+c/é=1.json"));
        assert_eq!(decoded("100%"), Ok("100%".to_owned()));
        assert_eq!(decoded("%FF"), Err(Fault::Member("key")));
        assert_eq!(decoded(""), Err(Fault::Member("key")));
    }
}

//! Amazon S3: one notification that an object was written, and the test that comes before the first.

use aws_lambda_events::s3::S3Entity;
use percent_encoding::percent_decode_str;

use super::{NO_UNIT, Source};
use crate::fault::{Fault, shown};
use crate::object::Object;
use crate::opened::{Content, LogObject, Outer};
use crate::opening::Opening;

pub(super) const SOURCE: Source = Source {
    name: "S3 notification",
    outer: Outer::S3,
    knows: |object| object.is("eventSource", "aws:s3") || is_test(object),
    open,
    unit: NO_UNIT,
};

fn is_test(object: &Object<'_>) -> bool {
    object.is("Event", "s3:TestEvent")
}

/// Only the member `s3` is read by its type: that of the whole fails for a time that nobody needs.
fn open(object: &Object<'_>, opening: &mut Opening) -> Result<(), Fault> {
    if is_test(object) {
        opening.skip("s3:TestEvent");
        return Ok(());
    }
    let name = object.need("eventName")?;
    if !name.starts_with("ObjectCreated:") {
        let name = shown(&name).unwrap_or("another");
        opening.skip(format!("S3 notification: {name}"));
        return Ok(());
    }
    let entity = object.raw("s3").ok_or(Fault::Member("s3"))?;
    let entity: S3Entity = serde_json::from_str(entity).map_err(|_| Fault::Member("s3"))?;
    let written = entity.object;
    opening.deliver(delivered(LogObject {
        bucket: entity.bucket.name.filter(|name| !name.is_empty()).ok_or(Fault::Member("name"))?,
        key: decoded(&written.key.ok_or(Fault::Member("key"))?)?,
        region: object.string("awsRegion"),
        size: written.size.and_then(|size| u64::try_from(size).ok()),
        version: written.version_id,
        etag: written.e_tag,
    }));
    Ok(())
}

/// A key in a notification is encoded as in a form: a space is a plus.
fn decoded(key: &str) -> Result<String, Fault> {
    let spaced = key.replace('+', " ");
    let key = percent_decode_str(&spaced).decode_utf8().map_err(|_| Fault::Member("key"))?;
    if key.is_empty() { Err(Fault::Member("key")) } else { Ok(key.into_owned()) }
}

/// An object, unless its key says that it holds neither records nor items.
pub(super) fn delivered(object: LogObject) -> Content {
    let kind = match object.key.as_str() {
        key if key.contains("/CloudTrail-Digest/") => "CloudTrail digest",
        key if key.ends_with("/ConfigWritabilityCheckFile") => "AWS Config writability check",
        key if key.ends_with('/') => "S3 folder",
        _ => return Content::LogObject(object),
    };
    Content::Skipped { kind: kind.to_owned() }
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

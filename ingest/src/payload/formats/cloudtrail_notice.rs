//! AWS CloudTrail: the notice to its topic that it wrote log files.

use super::s3_notification;
use crate::payload::error::Fault;
use crate::payload::format::{MemberTest, NO_DELIVERY, PayloadFormat};
use crate::payload::json_object::{JsonObject, list, string};
use crate::payload::model::{LogObject, Outer};

/// What CloudTrail sends to a topic to see that it may; no JSON.
pub(crate) const VALIDATION: &str = "CloudTrail validation message";

pub(super) const FORMAT: PayloadFormat = PayloadFormat {
    name: "CloudTrail notice",
    invoker: Outer::Document,
    shapes: &[&[MemberTest::Present("s3Bucket"), MemberTest::Present("s3ObjectKey")]],
    parse: |object| Ok(objects(object)?.into_iter().map(s3_notification::log_object).collect()),
    delivery: NO_DELIVERY,
};

/// The objects that `s3Bucket` and `s3ObjectKey` name; that is a list, or in AWS Config's notices a string.
pub(super) fn objects(object: &JsonObject<'_>) -> Result<Vec<LogObject>, Fault> {
    let bucket = object.need("s3Bucket")?;
    let keys = object.raw("s3ObjectKey").ok_or(Fault::Member("s3ObjectKey"))?;
    let keys = list(keys).unwrap_or_else(|| vec![keys]);
    let keys = keys.into_iter().map(|key| string(key).filter(|key| !key.is_empty()));
    keys.map(|key| {
        let key = key.ok_or(Fault::Member("s3ObjectKey"))?;
        Ok(LogObject { bucket: bucket.clone(), key, ..LogObject::default() })
    })
    .collect()
}

//! Defines the format of the notice that CloudTrail sends to its SNS topic after it wrote log
//! files.

use super::s3_notification;
use crate::payload::error::PayloadErrorKind;
use crate::payload::format::{MemberTest, NO_DELIVERY, PayloadFormat};
use crate::payload::json_object::{JsonObject, parse_list, parse_string};
use crate::payload::model::{LogObject, PayloadInvoker};

/// The message that CloudTrail sends to a topic to check the permissions of the topic. The message
/// is not JSON.
pub(crate) const VALIDATION_MESSAGE: &str = "CloudTrail validation message";

pub(super) const FORMAT: PayloadFormat = PayloadFormat {
    name: "CloudTrail notice",
    invoker: PayloadInvoker::Document,
    member_tests: &[&[MemberTest::Present("s3Bucket"), MemberTest::Present("s3ObjectKey")]],
    parse: |object| {
        Ok(read_log_objects(object)?.into_iter().map(s3_notification::build_object_part).collect())
    },
    delivery: NO_DELIVERY,
};

/// Returns the objects in `s3Bucket` and `s3ObjectKey`. The keys are a list, or one string in the
/// notices of AWS Config.
pub(super) fn read_log_objects(
    object: &JsonObject<'_>,
) -> Result<Vec<LogObject>, PayloadErrorKind> {
    let bucket = object.required_string("s3Bucket")?;
    let keys = object.raw_member("s3ObjectKey").ok_or(PayloadErrorKind::Member("s3ObjectKey"))?;
    let keys = parse_list(keys).unwrap_or_else(|| vec![keys]);
    let keys = keys.into_iter().map(|key| parse_string(key).filter(|key| !key.is_empty()));
    keys.map(|key| {
        let key = key.ok_or(PayloadErrorKind::Member("s3ObjectKey"))?;
        Ok(LogObject { bucket: bucket.clone(), key, ..LogObject::default() })
    })
    .collect()
}

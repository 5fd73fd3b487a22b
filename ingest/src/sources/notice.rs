//! AWS CloudTrail: the notice to its topic that it wrote log files.

use super::{NO_UNIT, Source, s3};
use crate::fault::Fault;
use crate::object::{Object, list, string};
use crate::opened::{LogObject, Outer};
use crate::opening::Opening;

/// What CloudTrail sends to a topic to see that it may; no JSON.
const VALIDATION: &str = "CloudTrail validation message";

pub(super) const SOURCE: Source = Source {
    name: "CloudTrail notice",
    outer: Outer::Document,
    knows: |object| object.has("s3Bucket") && object.has("s3ObjectKey"),
    open,
    unit: NO_UNIT,
};

fn open(object: &Object<'_>, opening: &mut Opening) -> Result<(), Fault> {
    for object in objects(object)? {
        opening.deliver(s3::delivered(object));
    }
    Ok(())
}

/// The objects that `s3Bucket` and `s3ObjectKey` name; that is a list, or in AWS Config's notices a string.
pub(super) fn objects(object: &Object<'_>) -> Result<Vec<LogObject>, Fault> {
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

/// What a text is that AWS sends and that is no JSON.
pub(crate) fn validation(text: &str) -> Option<&'static str> {
    (text.trim_ascii().trim_end_matches('.') == VALIDATION).then_some(VALIDATION)
}

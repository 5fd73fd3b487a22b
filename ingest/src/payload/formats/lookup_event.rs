//! AWS CloudTrail: an event of the output of `lookup-events`, which holds its record as a string.

use super::cloudtrail_record;
use crate::payload::error::Fault;
use crate::payload::format::{MemberTest, NO_DELIVERY, PayloadFormat};
use crate::payload::json_object::JsonObject;
use crate::payload::model::Outer;

pub(super) const FORMAT: PayloadFormat = PayloadFormat {
    name: "event of lookup-events",
    invoker: Outer::Document,
    shapes: &[&[MemberTest::Present("CloudTrailEvent")]],
    parse: |object| {
        let text = object.need("CloudTrailEvent")?;
        let record = JsonObject::parse(&text).map_err(|_| Fault::Member("CloudTrailEvent"))?;
        Ok(vec![cloudtrail_record::part(&record, None)?])
    },
    delivery: NO_DELIVERY,
};

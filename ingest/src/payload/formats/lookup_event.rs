//! Defines the format of an event in the output of `lookup-events`, which contains the CloudTrail
//! record as a string.

use super::cloudtrail_record;
use crate::payload::error::PayloadErrorKind;
use crate::payload::format::{MemberTest, NO_DELIVERY, PayloadFormat};
use crate::payload::json_object::JsonObject;
use crate::payload::model::PayloadInvoker;

pub(super) const FORMAT: PayloadFormat = PayloadFormat {
    name: "event of lookup-events",
    invoker: PayloadInvoker::Document,
    member_tests: &[&[MemberTest::Present("CloudTrailEvent")]],
    parse: |object| {
        let text = object.required_string("CloudTrailEvent")?;
        let record = JsonObject::from_text(&text)
            .map_err(|_| PayloadErrorKind::Member("CloudTrailEvent"))?;
        Ok(vec![cloudtrail_record::build_record_part(&record, None)?])
    },
    delivery: NO_DELIVERY,
};

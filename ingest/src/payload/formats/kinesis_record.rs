//! Defines the format of a Kinesis record, whose data is gzip data or text.

use crate::payload::error::PayloadErrorKind;
use crate::payload::format::{DeliveryMetadata, MemberTest, PayloadFormat, PayloadPart};
use crate::payload::json_object::JsonObject;
use crate::payload::model::PayloadInvoker;

/// The name of the data of a record in messages.
const DATA_CARRIER: &str = "data of a Kinesis record";

pub(super) const FORMAT: PayloadFormat = PayloadFormat {
    name: "Kinesis record",
    invoker: PayloadInvoker::Kinesis,
    member_tests: &[&[MemberTest::Equals("eventSource", "aws:kinesis")]],
    parse: parse_kinesis_record,
    delivery: |object| {
        let kinesis = object.object_member("kinesis");
        let id = kinesis.and_then(|kinesis| kinesis.string_member("sequenceNumber"));
        DeliveryMetadata { id, ..DeliveryMetadata::default() }
    },
};

fn parse_kinesis_record(object: &JsonObject<'_>) -> Result<Vec<PayloadPart>, PayloadErrorKind> {
    let kinesis = object.object_member("kinesis").ok_or(PayloadErrorKind::Member("kinesis"))?;
    let data = kinesis.base64_member("data")?;
    Ok(vec![if data.starts_with(b"\x1F\x8B") {
        PayloadPart::Gzip { carrier: DATA_CARRIER, data }
    } else {
        PayloadPart::Text {
            carrier: DATA_CARRIER,
            text: String::from_utf8(data).map_err(|_| PayloadErrorKind::NotUtf8)?,
        }
    }])
}

//! Amazon Kinesis: one record of a batch, whose data is gzip data or text.

use crate::payload::error::Fault;
use crate::payload::format::{Delivery, MemberTest, Part, PayloadFormat};
use crate::payload::json_object::JsonObject;
use crate::payload::model::Outer;

/// What messages call the data of a record.
const DATA: &str = "data of a Kinesis record";

pub(super) const FORMAT: PayloadFormat = PayloadFormat {
    name: "Kinesis record",
    invoker: Outer::Kinesis,
    shapes: &[&[MemberTest::Equals("eventSource", "aws:kinesis")]],
    parse,
    delivery: |object| {
        let kinesis = object.object("kinesis");
        let id = kinesis.and_then(|kinesis| kinesis.string("sequenceNumber"));
        Delivery { id, ..Delivery::default() }
    },
};

fn parse(object: &JsonObject<'_>) -> Result<Vec<Part>, Fault> {
    let kinesis = object.object("kinesis").ok_or(Fault::Member("kinesis"))?;
    let data = kinesis.base64("data")?;
    Ok(vec![if data.starts_with(b"\x1F\x8B") {
        Part::Gzip { carrier: DATA, data }
    } else {
        Part::Text { carrier: DATA, text: String::from_utf8(data).map_err(|_| Fault::NotUtf8)? }
    }])
}

//! Amazon Kinesis: one record of a batch, whose data is gzip data or text.

use super::{Source, Unit};
use crate::fault::Fault;
use crate::object::Object;
use crate::opened::Outer;
use crate::opening::{Opening, base64};

pub(super) const SOURCE: Source = Source {
    name: "Kinesis record",
    outer: Outer::Kinesis,
    knows: |object| object.is("eventSource", "aws:kinesis"),
    open,
    unit: |object| {
        let kinesis = object.object("kinesis");
        let id = kinesis.and_then(|kinesis| kinesis.string("sequenceNumber"));
        Unit { id, ..Unit::default() }
    },
};

/// By hand: the type of `aws_lambda_events` fails for a partition key or an arrival time that nobody needs.
fn open(object: &Object<'_>, opening: &mut Opening) -> Result<(), Fault> {
    let kinesis = object.object("kinesis").ok_or(Fault::Member("kinesis"))?;
    let data = base64(&kinesis.need("data")?)?;
    let text = if data.starts_with(b"\x1F\x8B") {
        opening.unpack(&data)?
    } else {
        String::from_utf8(data).map_err(|_| Fault::NotUtf8)?
    };
    opening.text("data of a Kinesis record", &text);
    Ok(())
}

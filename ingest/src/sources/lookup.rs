//! AWS CloudTrail: an event of the output of `lookup-events`, which holds its record as a string.

use super::{NO_UNIT, Source, record};
use crate::fault::Fault;
use crate::object::Object;
use crate::opened::Outer;

pub(super) const SOURCE: Source = Source {
    name: "event of lookup-events",
    outer: Outer::Document,
    knows: |object| object.has("CloudTrailEvent"),
    open: |object, opening| {
        let text = object.need("CloudTrailEvent")?;
        let record = Object::parse(&text).map_err(|_| Fault::Member("CloudTrailEvent"))?;
        record::take(&record, None, opening)
    },
    unit: NO_UNIT,
};

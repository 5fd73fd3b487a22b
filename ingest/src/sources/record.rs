//! AWS CloudTrail: a record, as it stands in a log.

use super::{NO_UNIT, Source};
use crate::fault::Fault;
use crate::object::Object;
use crate::opened::{Content, Envelope, Outer};
use crate::opening::Opening;

/// How Insight events are called when they are skipped.
pub(super) const INSIGHT: &str = "CloudTrail Insight events";

/// Every record has one of these.
const NAMES: [&str; 4] = ["eventVersion", "eventID", "eventName", "eventSource"];

pub(super) const SOURCE: Source = Source {
    name: "CloudTrail record",
    outer: Outer::Document,
    knows: is_record,
    open: |object, opening| take(object, None, opening),
    unit: NO_UNIT,
};

/// Lambda's batches of other services use the same names; what a trail writes has a domain for a source.
fn is_record(object: &Object<'_>) -> bool {
    let foreign = object.string("eventSource").is_some_and(|source| source.starts_with("aws:"));
    !foreign && NAMES.iter().any(|name| object.has(name))
}

/// Takes a record.
pub(super) fn take(
    object: &Object<'_>,
    envelope: Option<Envelope>,
    opening: &mut Opening,
) -> Result<(), Fault> {
    if !is_record(object) {
        return Err(Fault::Member("eventName"));
    }
    if object.is("eventType", "AwsCloudTrailInsight") || object.is("eventCategory", "Insight") {
        opening.skip(INSIGHT);
    } else {
        let (text, envelope) = (object.text.to_owned(), envelope.map(Box::new));
        opening.deliver(Content::Record { text, envelope });
    }
    Ok(())
}

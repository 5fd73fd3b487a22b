//! AWS CloudTrail: a record, as it stands in a log.

use crate::payload::error::Fault;
use crate::payload::format::{MemberTest, NO_DELIVERY, Part, PayloadFormat};
use crate::payload::json_object::JsonObject;
use crate::payload::model::{Content, Envelope, Outer};

/// How Insight events are called when they are skipped.
pub(super) const INSIGHT: &str = "CloudTrail Insight events";

/// Lambda's batches of other services use the same names; what a trail writes has a domain for a source.
const NOT_OF_A_BATCH: MemberTest = MemberTest::NotPrefixed("eventSource", "aws:");

pub(super) const FORMAT: PayloadFormat = PayloadFormat {
    name: "CloudTrail record",
    invoker: Outer::Document,
    shapes: &[
        &[MemberTest::Present("eventVersion"), NOT_OF_A_BATCH],
        &[MemberTest::Present("eventID"), NOT_OF_A_BATCH],
        &[MemberTest::Present("eventName"), NOT_OF_A_BATCH],
        &[MemberTest::Present("eventSource"), NOT_OF_A_BATCH],
    ],
    parse: |object| Ok(vec![part(object, None)?]),
    delivery: NO_DELIVERY,
};

/// A record as a part, with what `EventBridge` said about it.
pub(super) fn part(object: &JsonObject<'_>, envelope: Option<Envelope>) -> Result<Part, Fault> {
    if !FORMAT.matches(object) {
        return Err(Fault::Member("eventName"));
    }
    if object.is("eventType", "AwsCloudTrailInsight") || object.is("eventCategory", "Insight") {
        return Ok(Part::skipped(INSIGHT));
    }
    let (text, envelope) = (object.text.to_owned(), envelope.map(Box::new));
    Ok(Part::Content(Content::Record { text, envelope }))
}

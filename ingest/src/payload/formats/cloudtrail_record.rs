//! Defines the format of a CloudTrail record, as it is in a log.

use crate::payload::error::PayloadErrorKind;
use crate::payload::format::{MemberTest, NO_DELIVERY, PayloadFormat, PayloadPart};
use crate::payload::json_object::JsonObject;
use crate::payload::model::{EventEnvelope, PayloadContent, PayloadInvoker};

/// The kind of Insight events, which are skipped.
pub(super) const INSIGHT_KIND: &str = "CloudTrail Insight events";

/// Lambda batches of other services use the same member names. The `eventSource` of a CloudTrail
/// record is a domain name and does not begin with `aws:`.
const NOT_OF_A_BATCH: MemberTest = MemberTest::NotPrefixed("eventSource", "aws:");

pub(super) const FORMAT: PayloadFormat = PayloadFormat {
    name: "CloudTrail record",
    invoker: PayloadInvoker::Document,
    member_tests: &[
        &[MemberTest::Present("eventVersion"), NOT_OF_A_BATCH],
        &[MemberTest::Present("eventID"), NOT_OF_A_BATCH],
        &[MemberTest::Present("eventName"), NOT_OF_A_BATCH],
        &[MemberTest::Present("eventSource"), NOT_OF_A_BATCH],
    ],
    parse: |object| Ok(vec![build_record_part(object, None)?]),
    delivery: NO_DELIVERY,
};

/// Creates a part with a record and its EventBridge envelope, if the record has one. An Insight
/// event becomes a skipped part.
pub(super) fn build_record_part(
    object: &JsonObject<'_>,
    envelope: Option<EventEnvelope>,
) -> Result<PayloadPart, PayloadErrorKind> {
    if !FORMAT.matches_object(object) {
        return Err(PayloadErrorKind::Member("eventName"));
    }
    if object.member_equals("eventType", "AwsCloudTrailInsight")
        || object.member_equals("eventCategory", "Insight")
    {
        return Ok(PayloadPart::new_skipped(INSIGHT_KIND));
    }
    let (text, envelope) = (object.text.to_owned(), envelope.map(Box::new));
    Ok(PayloadPart::Content(PayloadContent::Record { text, envelope }))
}

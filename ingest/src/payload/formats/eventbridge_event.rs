//! Defines the format of an EventBridge event of a bus, a rule or a schedule.

use evenkeel_ledger::{CANARY_SOURCE, CANARY_TYPE, CanaryId};
use evenkeel_rules::parse_epoch_millis;

use super::{cloudtrail_record, config_notification, s3_notification};
use crate::payload::error::{PayloadErrorKind, displayable_name};
use crate::payload::format::{MemberTest, NO_DELIVERY, PayloadFormat, PayloadPart};
use crate::payload::json_object::{JsonObject, parse_string};
use crate::payload::model::{
    EventEnvelope, LogObject, PayloadContent, PayloadInvoker, RuleSubject,
};

pub(super) const FORMAT: PayloadFormat = PayloadFormat {
    name: "EventBridge event",
    invoker: PayloadInvoker::EventBridge,
    member_tests: &[
        &[MemberTest::Present("detail-type"), MemberTest::Present("source")],
        &[MemberTest::Present("detail-type"), MemberTest::Present("detail")],
    ],
    parse: parse_bus_event,
    delivery: NO_DELIVERY,
};

fn parse_bus_event(object: &JsonObject<'_>) -> Result<Vec<PayloadPart>, PayloadErrorKind> {
    let envelope = parse_envelope(object)?;
    let detail = || object.object_member("detail").ok_or(PayloadErrorKind::Member("detail"));
    Ok(vec![match envelope.detail_type.as_str() {
        "AWS Insight via CloudTrail" => PayloadPart::new_skipped(cloudtrail_record::INSIGHT_KIND),
        name if name.ends_with(" via CloudTrail") => {
            cloudtrail_record::build_record_part(&detail()?, Some(envelope))?
        }
        "Scheduled Event" => PayloadPart::Content(PayloadContent::Schedule(Box::new(envelope))),
        "Object Created" if envelope.source == "aws.s3" => {
            parse_created_object(&detail()?, envelope.region)?
        }
        CANARY_TYPE if envelope.source == CANARY_SOURCE => parse_canary(&detail()?, &envelope)?,
        // Other events of AWS Config, such as the results of its rules, are skipped by their detail
        // type.
        name if name.starts_with("Config ") => {
            match config_notification::parse_subject(&detail()?)? {
                RuleSubject::Scheduled | RuleSubject::Other(_) => {
                    PayloadPart::new_skipped(skipped_event_kind(name))
                }
                subject => config_notification::build_notification_part(subject, Some(envelope)),
            }
        }
        name => PayloadPart::new_skipped(skipped_event_kind(name)),
    }])
}

fn parse_envelope(object: &JsonObject<'_>) -> Result<EventEnvelope, PayloadErrorKind> {
    let resources = object.list_member("resources").unwrap_or_default();
    Ok(EventEnvelope {
        id: object.string_member("id"),
        source: object.string_member("source").unwrap_or_default(),
        detail_type: object.required_string("detail-type")?,
        account: object.string_member("account"),
        region: object.string_member("region"),
        time: object.string_member("time"),
        replay_name: object.string_member("replay-name"),
        resources: resources.into_iter().filter_map(parse_string).collect(),
    })
}

/// Creates a part with the object that S3 wrote. In contrast to S3 notifications, the key is not
/// URL-encoded.
fn parse_created_object(
    detail: &JsonObject<'_>,
    region: Option<String>,
) -> Result<PayloadPart, PayloadErrorKind> {
    let bucket = detail.object_member("bucket").ok_or(PayloadErrorKind::Member("bucket"))?;
    let object = detail.object_member("object").ok_or(PayloadErrorKind::Member("object"))?;
    Ok(s3_notification::build_object_part(LogObject {
        bucket: bucket.required_string("name")?,
        key: object.required_string("key")?,
        region,
        size: object.scalar_text("size").parse().ok(),
        version: object.string_member("version-id"),
        etag: object.string_member("etag"),
    }))
}

/// Creates a part with a canary. Everyone who has the permission to put events can send a canary.
/// Therefore, the function reads only the id and the time of the canary.
fn parse_canary(
    detail: &JsonObject<'_>,
    envelope: &EventEnvelope,
) -> Result<PayloadPart, PayloadErrorKind> {
    let canary = CanaryId::parse_id(&detail.required_string("canary")?)
        .ok_or(PayloadErrorKind::Member("canary"))?;
    let made = envelope.time.as_deref().and_then(parse_epoch_millis);
    Ok(PayloadPart::Content(PayloadContent::Canary { canary, made }))
}

/// Returns the kind of an event that is skipped.
fn skipped_event_kind(detail_type: &str) -> String {
    format!("EventBridge: {}", displayable_name(detail_type).unwrap_or("events of an unnamed kind"))
}

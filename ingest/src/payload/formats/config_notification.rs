//! Defines the format of the notifications that AWS Config sends to its SNS topic and to
//! EventBridge.

use super::{cloudtrail_notice, configuration_item, s3_notification};
use crate::payload::error::{PayloadErrorKind, displayable_name};
use crate::payload::format::{MemberTest, NO_DELIVERY, PayloadFormat, PayloadPart};
use crate::payload::json_object::JsonObject;
use crate::payload::model::{
    EventEnvelope, LogObject, OversizedItem, PayloadContent, PayloadInvoker, RuleSubject,
};

pub(super) const FORMAT: PayloadFormat = PayloadFormat {
    name: "AWS Config notification",
    invoker: PayloadInvoker::Document,
    member_tests: &[
        &[MemberTest::Present("configurationItem")],
        &[MemberTest::Present("configurationItemSummary")],
        &[MemberTest::Present("messageType"), MemberTest::Present("recordVersion")],
    ],
    parse: |object| Ok(vec![build_notification_part(parse_subject(object)?, None)]),
    delivery: NO_DELIVERY,
};

/// Creates a part with the subject of a notification.
pub(super) fn build_notification_part(
    subject: RuleSubject,
    envelope: Option<EventEnvelope>,
) -> PayloadPart {
    let envelope = envelope.map(Box::new);
    match subject {
        RuleSubject::Item(change) => {
            PayloadPart::Content(PayloadContent::Item { change, envelope })
        }
        RuleSubject::Oversized(item) => {
            PayloadPart::Content(PayloadContent::Oversized { item, envelope })
        }
        RuleSubject::Delivery(object) => s3_notification::build_object_part(object),
        RuleSubject::Scheduled => {
            PayloadPart::new_skipped(notification_kind("ScheduledNotification"))
        }
        RuleSubject::Other(message_type) => {
            PayloadPart::new_skipped(notification_kind(&message_type))
        }
    }
}

/// Parses the subject of a notification.
pub(super) fn parse_subject(object: &JsonObject<'_>) -> Result<RuleSubject, PayloadErrorKind> {
    let diff = object.object_member("configurationItemDiff");
    if object.has_member("configurationItem") {
        let item = object
            .object_member("configurationItem")
            .ok_or(PayloadErrorKind::Member("configurationItem"))?;
        let mut change = configuration_item::read_item_change(&item)?;
        change.change_type = diff.and_then(|diff| diff.string_member("changeType"));
        return Ok(RuleSubject::Item(Box::new(change)));
    }
    if let Some(summary) = object.object_member("configurationItemSummary") {
        let oversized = OversizedItem {
            item: configuration_item::read_configuration_item(&summary)?,
            change_type: summary.string_member("changeType"),
            object: object.object_member("s3DeliverySummary").as_ref().and_then(find_item_location),
        };
        return Ok(RuleSubject::Oversized(Box::new(oversized)));
    }
    match object.required_string("messageType")?.as_str() {
        "ScheduledNotification" => Ok(RuleSubject::Scheduled),
        "ConfigurationSnapshotDeliveryCompleted" | "ConfigurationHistoryDeliveryCompleted" => {
            let [object] = <[LogObject; 1]>::try_from(cloudtrail_notice::read_log_objects(object)?)
                .map_err(|_| PayloadErrorKind::Member("s3ObjectKey"))?;
            Ok(RuleSubject::Delivery(object))
        }
        name => Ok(RuleSubject::Other(displayable_name(name).unwrap_or("another").to_owned())),
    }
}

/// Returns the location of an oversized item. `s3BucketLocation` contains the bucket and the key.
fn find_item_location(summary: &JsonObject<'_>) -> Option<LogObject> {
    let location = summary.string_member("s3BucketLocation")?;
    let (bucket, key) = location.split_once('/')?;
    let (bucket, key) = (bucket.to_owned(), key.to_owned());
    Some(LogObject { bucket, key, ..LogObject::default() })
}

fn notification_kind(message_type: &str) -> String {
    format!("AWS Config: {message_type}")
}

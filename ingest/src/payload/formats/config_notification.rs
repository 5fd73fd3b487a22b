//! AWS Config: what it sends to its topic and to the bus.

use super::{cloudtrail_notice, configuration_item, s3_notification};
use crate::payload::error::{Fault, shown};
use crate::payload::format::{MemberTest, NO_DELIVERY, Part, PayloadFormat};
use crate::payload::json_object::JsonObject;
use crate::payload::model::{Content, Envelope, LogObject, Outer, OversizedItem, RuleSubject};

pub(super) const FORMAT: PayloadFormat = PayloadFormat {
    name: "AWS Config notification",
    invoker: Outer::Document,
    shapes: &[
        &[MemberTest::Present("configurationItem")],
        &[MemberTest::Present("configurationItemSummary")],
        &[MemberTest::Present("messageType"), MemberTest::Present("recordVersion")],
    ],
    parse: |object| Ok(vec![part(subject(object)?, None)]),
    delivery: NO_DELIVERY,
};

/// What a notification is about, as a part.
pub(super) fn part(subject: RuleSubject, envelope: Option<Envelope>) -> Part {
    let envelope = envelope.map(Box::new);
    match subject {
        RuleSubject::Item(change) => Part::Content(Content::Item { change, envelope }),
        RuleSubject::Oversized(item) => Part::Content(Content::Oversized { item, envelope }),
        RuleSubject::Delivery(object) => s3_notification::log_object(object),
        RuleSubject::Scheduled => Part::skipped(kind("ScheduledNotification")),
        RuleSubject::Other(message_type) => Part::skipped(kind(&message_type)),
    }
}

/// What a notification is about.
pub(super) fn subject(object: &JsonObject<'_>) -> Result<RuleSubject, Fault> {
    let diff = object.object("configurationItemDiff");
    if object.has("configurationItem") {
        let item = object.object("configurationItem").ok_or(Fault::Member("configurationItem"))?;
        let mut change = configuration_item::change(&item)?;
        change.change_type = diff.and_then(|diff| diff.string("changeType"));
        return Ok(RuleSubject::Item(Box::new(change)));
    }
    if let Some(summary) = object.object("configurationItemSummary") {
        let oversized = OversizedItem {
            item: configuration_item::read(&summary)?,
            change_type: summary.string("changeType"),
            object: object.object("s3DeliverySummary").as_ref().and_then(location),
        };
        return Ok(RuleSubject::Oversized(Box::new(oversized)));
    }
    match object.need("messageType")?.as_str() {
        "ScheduledNotification" => Ok(RuleSubject::Scheduled),
        "ConfigurationSnapshotDeliveryCompleted" | "ConfigurationHistoryDeliveryCompleted" => {
            let [object] = <[LogObject; 1]>::try_from(cloudtrail_notice::objects(object)?)
                .map_err(|_| Fault::Member("s3ObjectKey"))?;
            Ok(RuleSubject::Delivery(object))
        }
        name => Ok(RuleSubject::Other(shown(name).unwrap_or("another").to_owned())),
    }
}

/// Where an item lies that was too large: bucket and key in one.
fn location(summary: &JsonObject<'_>) -> Option<LogObject> {
    let location = summary.string("s3BucketLocation")?;
    let (bucket, key) = location.split_once('/')?;
    let (bucket, key) = (bucket.to_owned(), key.to_owned());
    Some(LogObject { bucket, key, ..LogObject::default() })
}

fn kind(message_type: &str) -> String {
    format!("AWS Config: {message_type}")
}

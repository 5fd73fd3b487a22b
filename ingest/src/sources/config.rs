//! AWS Config: what it sends to its topic and to the bus.

use super::{NO_UNIT, Source, item, notice, s3};
use crate::fault::{Fault, shown};
use crate::object::Object;
use crate::opened::{Content, Envelope, LogObject, Outer, OversizedItem, RuleSubject};
use crate::opening::Opening;

pub(super) const SOURCE: Source = Source {
    name: "AWS Config notification",
    outer: Outer::Document,
    knows: |object| {
        object.has("configurationItem")
            || object.has("configurationItemSummary")
            || (object.has("messageType") && object.has("recordVersion"))
    },
    open: |object, opening| {
        take(subject(object)?, None, opening);
        Ok(())
    },
    unit: NO_UNIT,
};

/// Takes what a notification is about.
pub(super) fn take(subject: RuleSubject, envelope: Option<Envelope>, opening: &mut Opening) {
    let envelope = envelope.map(Box::new);
    opening.deliver(match subject {
        RuleSubject::Item(change) => Content::Item { change, envelope },
        RuleSubject::Oversized(item) => Content::Oversized { item, envelope },
        RuleSubject::Delivery(object) => s3::delivered(object),
        RuleSubject::Scheduled => Content::Skipped { kind: kind("ScheduledNotification") },
        RuleSubject::Other(message_type) => Content::Skipped { kind: kind(&message_type) },
    });
}

/// What a notification is about.
pub(super) fn subject(object: &Object<'_>) -> Result<RuleSubject, Fault> {
    let diff = object.object("configurationItemDiff");
    if object.has("configurationItem") {
        let item = object.object("configurationItem").ok_or(Fault::Member("configurationItem"))?;
        let mut change = item::change(&item)?;
        change.change_type = diff.and_then(|diff| diff.string("changeType"));
        return Ok(RuleSubject::Item(Box::new(change)));
    }
    if let Some(summary) = object.object("configurationItemSummary") {
        let oversized = OversizedItem {
            item: item::read(&summary)?,
            change_type: summary.string("changeType"),
            object: object.object("s3DeliverySummary").as_ref().and_then(location),
        };
        return Ok(RuleSubject::Oversized(Box::new(oversized)));
    }
    match object.need("messageType")?.as_str() {
        "ScheduledNotification" => Ok(RuleSubject::Scheduled),
        "ConfigurationSnapshotDeliveryCompleted" | "ConfigurationHistoryDeliveryCompleted" => {
            let [object] = <[LogObject; 1]>::try_from(notice::objects(object)?)
                .map_err(|_| Fault::Member("s3ObjectKey"))?;
            Ok(RuleSubject::Delivery(object))
        }
        name => Ok(RuleSubject::Other(shown(name).unwrap_or("another").to_owned())),
    }
}

/// Where an item lies that was too large: bucket and key in one.
fn location(summary: &Object<'_>) -> Option<LogObject> {
    let location = summary.string("s3BucketLocation")?;
    let (bucket, key) = location.split_once('/')?;
    let (bucket, key) = (bucket.to_owned(), key.to_owned());
    Some(LogObject { bucket, key, ..LogObject::default() })
}

fn kind(message_type: &str) -> String {
    format!("AWS Config: {message_type}")
}

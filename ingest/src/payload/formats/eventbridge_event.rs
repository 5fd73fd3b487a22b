//! Amazon EventBridge: an event of a bus, a rule or a schedule.

use evenkeel_ledger::{CANARY_SOURCE, CANARY_TYPE, Canary};
use evenkeel_rules::milliseconds;

use super::{cloudtrail_record, config_notification, s3_notification};
use crate::payload::error::{Fault, shown};
use crate::payload::format::{MemberTest, NO_DELIVERY, Part, PayloadFormat};
use crate::payload::json_object::{JsonObject, string};
use crate::payload::model::{Content, Envelope, LogObject, Outer, RuleSubject};

pub(super) const FORMAT: PayloadFormat = PayloadFormat {
    name: "EventBridge event",
    invoker: Outer::EventBridge,
    shapes: &[
        &[MemberTest::Present("detail-type"), MemberTest::Present("source")],
        &[MemberTest::Present("detail-type"), MemberTest::Present("detail")],
    ],
    parse,
    delivery: NO_DELIVERY,
};

fn parse(object: &JsonObject<'_>) -> Result<Vec<Part>, Fault> {
    let envelope = envelope(object)?;
    let detail = || object.object("detail").ok_or(Fault::Member("detail"));
    Ok(vec![match envelope.detail_type.as_str() {
        "AWS Insight via CloudTrail" => Part::skipped(cloudtrail_record::INSIGHT),
        name if name.ends_with(" via CloudTrail") => {
            cloudtrail_record::part(&detail()?, Some(envelope))?
        }
        "Scheduled Event" => Part::Content(Content::Schedule(Box::new(envelope))),
        "Object Created" if envelope.source == "aws.s3" => created(&detail()?, envelope.region)?,
        CANARY_TYPE if envelope.source == CANARY_SOURCE => canary(&detail()?, &envelope)?,
        // Its rules' results and the like are known by the event's own name.
        name if name.starts_with("Config ") => match config_notification::subject(&detail()?)? {
            RuleSubject::Scheduled | RuleSubject::Other(_) => Part::skipped(kind(name)),
            subject => config_notification::part(subject, Some(envelope)),
        },
        name => Part::skipped(kind(name)),
    }])
}

fn envelope(object: &JsonObject<'_>) -> Result<Envelope, Fault> {
    let resources = object.list("resources").unwrap_or_default();
    Ok(Envelope {
        id: object.string("id"),
        source: object.string("source").unwrap_or_default(),
        detail_type: object.need("detail-type")?,
        account: object.string("account"),
        region: object.string("region"),
        time: object.string("time"),
        replay_name: object.string("replay-name"),
        resources: resources.into_iter().filter_map(string).collect(),
    })
}

/// The object that S3 says was written. Unlike in S3's own notifications, the key is not encoded.
fn created(detail: &JsonObject<'_>, region: Option<String>) -> Result<Part, Fault> {
    let bucket = detail.object("bucket").ok_or(Fault::Member("bucket"))?;
    let object = detail.object("object").ok_or(Fault::Member("object"))?;
    Ok(s3_notification::log_object(LogObject {
        bucket: bucket.need("name")?,
        key: object.need("key")?,
        region,
        size: object.scalar("size").parse().ok(),
        version: object.string("version-id"),
        etag: object.string("etag"),
    }))
}

/// The canary: anybody who may put events can make one, so nothing but an id and a time is taken of it.
fn canary(detail: &JsonObject<'_>, envelope: &Envelope) -> Result<Part, Fault> {
    let canary = Canary::read(&detail.need("canary")?).ok_or(Fault::Member("canary"))?;
    let made = envelope.time.as_deref().and_then(milliseconds);
    Ok(Part::Content(Content::Canary { canary, made }))
}

/// How an event of another kind is called when it is skipped.
fn kind(detail_type: &str) -> String {
    format!("EventBridge: {}", shown(detail_type).unwrap_or("events of an unnamed kind"))
}

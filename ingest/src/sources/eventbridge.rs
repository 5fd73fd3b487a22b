//! Amazon EventBridge: an event of a bus, a rule or a schedule.

use evenkeel_ledger::{CANARY_SOURCE, CANARY_TYPE, Canary};
use evenkeel_rules::milliseconds;

use super::{NO_UNIT, Source, config, record, s3};
use crate::fault::{Fault, shown};
use crate::object::{Object, string};
use crate::opened::{Content, Envelope, LogObject, Outer, RuleSubject};
use crate::opening::Opening;

pub(super) const SOURCE: Source = Source {
    name: "EventBridge event",
    outer: Outer::EventBridge,
    knows: |object| object.has("detail-type") && (object.has("source") || object.has("detail")),
    open,
    unit: NO_UNIT,
};

fn open(object: &Object<'_>, opening: &mut Opening) -> Result<(), Fault> {
    let envelope = envelope(object)?;
    let detail = || object.object("detail").ok_or(Fault::Member("detail"));
    match envelope.detail_type.as_str() {
        "AWS Insight via CloudTrail" => opening.skip(record::INSIGHT),
        name if name.ends_with(" via CloudTrail") => {
            record::take(&detail()?, Some(envelope), opening)?;
        }
        "Scheduled Event" => opening.deliver(Content::Schedule(Box::new(envelope))),
        "Object Created" if envelope.source == "aws.s3" => {
            opening.deliver(created(&detail()?, envelope.region)?);
        }
        CANARY_TYPE if envelope.source == CANARY_SOURCE => {
            opening.deliver(canary(&detail()?, &envelope)?);
        }
        // Its rules' results and the like are known by the event's own name.
        name if name.starts_with("Config ") => match config::subject(&detail()?)? {
            RuleSubject::Scheduled | RuleSubject::Other(_) => opening.skip(kind(name)),
            subject => config::take(subject, Some(envelope), opening),
        },
        name => opening.skip(kind(name)),
    }
    Ok(())
}

/// By hand: the type of `aws_lambda_events` has no `replay-name`, and builds the detail anew.
fn envelope(object: &Object<'_>) -> Result<Envelope, Fault> {
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
fn created(detail: &Object<'_>, region: Option<String>) -> Result<Content, Fault> {
    let bucket = detail.object("bucket").ok_or(Fault::Member("bucket"))?;
    let object = detail.object("object").ok_or(Fault::Member("object"))?;
    Ok(s3::delivered(LogObject {
        bucket: bucket.need("name")?,
        key: object.need("key")?,
        region,
        size: object.scalar("size").parse().ok(),
        version: object.string("version-id"),
        etag: object.string("etag"),
    }))
}

/// The canary: anybody who may put events can make one, so nothing but an id and a time is taken of it.
fn canary(detail: &Object<'_>, envelope: &Envelope) -> Result<Content, Fault> {
    let canary = Canary::read(&detail.need("canary")?).ok_or(Fault::Member("canary"))?;
    Ok(Content::Canary { canary, made: envelope.time.as_deref().and_then(milliseconds) })
}

/// How an event of another kind is called when it is skipped.
fn kind(detail_type: &str) -> String {
    format!("EventBridge: {}", shown(detail_type).unwrap_or("events of an unnamed kind"))
}

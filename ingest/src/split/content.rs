//! What an object is that may be a record or may carry one, and how the record comes out of it.

use super::{Item, Sink, Splitter};
use crate::bits::Brackets;
use crate::members::{Members, Step, skip_space};
use crate::problem::{BadRecord, DocumentError};

/// How AWS Config's items are called when they are skipped.
pub(super) const CONFIG_ITEMS: &str = "AWS Config configuration items";

/// How a trail's digest is called when it is skipped.
const DIGEST: &str = "CloudTrail digest";

/// How `EventBridge` events of other kinds are called when they are skipped.
const EVENTBRIDGE: &str = "EventBridge";

/// Every record has one of these.
const RECORD_NAMES: [&[u8]; 4] = [b"eventVersion", b"eventID", b"eventName", b"eventSource"];

/// The `EventBridge` events that carry a record begin so.
const CARRIERS: [&[u8]; 3] = [
    b"AWS API Call via CloudTrail",
    b"AWS Service Event via CloudTrail",
    b"AWS Console Sign In via CloudTrail",
];

/// What an object is, as far as the names of its members tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind<'a> {
    /// A record.
    Record,
    /// An element of the output of `lookup-events`: it carries a record as a string.
    Lookup(&'a [u8]),
    /// An event from `EventBridge`, with its type and what it carries.
    Envelope(&'a [u8], &'a [u8]),
    /// A digest file of a trail.
    Digest,
    /// An item of AWS Config.
    ConfigItem,
    /// Something else.
    Other,
}

/// Judges one whole object.
pub(super) fn kind(object: &[u8]) -> Kind<'_> {
    let mut members = Members::new(object);
    let (mut detail_type, mut detail) = (None, None);
    let mut record = false;
    while let Step::Member(name, _) = members.next() {
        let Ok(value) = members.value() else { break };
        match name.as_ref() {
            // Notifications of S3, SQS and Kinesis use the same names; a service's own source is a domain.
            b"eventSource" if value.starts_with(b"\"aws:") => return Kind::Other,
            name if is_record_name(name) => record = true,
            b"CloudTrailEvent" => return Kind::Lookup(value),
            b"digestStartTime" | b"digestS3Bucket" => return Kind::Digest,
            b"configurationItemCaptureTime" => return Kind::ConfigItem,
            b"detail-type" => detail_type = Some(value),
            b"detail" => detail = Some(value),
            _ => {}
        }
    }
    match detail_type {
        _ if record => Kind::Record,
        Some(detail_type) => Kind::Envelope(detail_type, detail.unwrap_or_default()),
        None => Kind::Other,
    }
}

/// Whether an object with this member is a record, as far as one name tells.
pub(super) fn is_record_name(name: &[u8]) -> bool {
    RECORD_NAMES.contains(&name)
}

impl Splitter {
    /// Delivers a record.
    pub(super) fn record(&mut self, bytes: &[u8], sink: &mut Sink<'_>) {
        if bytes.len() > self.longest {
            return self.bad(BadRecord::TooLong, sink);
        }
        // Brackets are counted whatever their kind: one that is missing shows here.
        if bytes.last() != Some(&b'}') {
            return self.bad(BadRecord::Unbalanced, sink);
        }
        self.number = self.number.saturating_add(1);
        self.emit(Item::Record { number: self.number, bytes }, sink);
    }

    /// Delivers the record that an object is or carries.
    pub(super) fn object(&mut self, object: &[u8], sink: &mut Sink<'_>) {
        match kind(object) {
            Kind::Record => self.record(object, sink),
            Kind::Lookup(text) => self.lookup(text, sink),
            Kind::Envelope(detail_type, detail) => self.envelope(detail_type, detail, sink),
            Kind::Digest => self.skip(DIGEST, sink),
            Kind::ConfigItem => self.skip(CONFIG_ITEMS, sink),
            Kind::Other if self.number == 0 => {
                self.number = 1;
                self.problem(DocumentError::NotCloudTrail);
            }
            Kind::Other => self.bad(BadRecord::NotCloudTrail, sink),
        }
    }

    fn lookup(&mut self, text: &[u8], sink: &mut Sink<'_>) {
        let unpacked = serde_json::from_slice::<String>(text).unwrap_or_default();
        match only_object(unpacked.as_bytes()) {
            Some(record) => self.record(record, sink),
            None => self.bad(BadRecord::NoContent, sink),
        }
    }

    fn envelope(&mut self, detail_type: &[u8], detail: &[u8], sink: &mut Sink<'_>) {
        let name = detail_type.strip_prefix(b"\"").unwrap_or_default();
        if !CARRIERS.iter().any(|carrier| name.starts_with(carrier)) {
            let name = name.strip_suffix(b"\"").unwrap_or_default();
            return self.skip(&shown(name), sink);
        }
        match only_object(detail) {
            Some(record) => self.record(record, sink),
            None => self.bad(BadRecord::NoContent, sink),
        }
    }

    fn skip(&mut self, kind: &str, sink: &mut Sink<'_>) {
        self.number = self.number.saturating_add(1);
        self.emit(Item::Skipped { kind, count: 1 }, sink);
    }
}

/// The object that a text consists of, without the space around it.
fn only_object(text: &[u8]) -> Option<&[u8]> {
    let text = text.get(skip_space(text, 0)..)?;
    let inner = text.strip_prefix(b"{")?;
    let end = Brackets::new(1).close(inner)?.saturating_add(1);
    (skip_space(text, end) == text.len()).then(|| text.get(..end)).flatten()
}

/// The name of a kind of event, if it is one that may be shown: it is text from the file.
fn shown(detail_type: &[u8]) -> String {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b" -_.".contains(byte);
    match std::str::from_utf8(detail_type) {
        Ok(name) if !name.is_empty() && name.len() <= 64 && detail_type.iter().all(plain) => {
            format!("{EVENTBRIDGE}: {name}")
        }
        _ => format!("{EVENTBRIDGE}: events of an unnamed kind"),
    }
}

//! What an object is that may be a record or may carry one, and how the record comes out of it.

use evenkeel_rules::ConfigurationItem;

use super::{Item, Sink, Splitter};
use crate::bits::Brackets;
use crate::fault::{Fault, SourceError};
use crate::members::{Members, Step, skip_space};
use crate::object::Object;
use crate::opened::{Content, Envelope, RuleSubject};
use crate::opening::known;
use crate::problem::{BadRecord, DocumentError};
use crate::sources;
use crate::suspect::suspect;

/// Every record has one of these.
const RECORD_NAMES: [&[u8]; 4] = [b"eventVersion", b"eventID", b"eventName", b"eventSource"];

/// The `EventBridge` events that most often carry a record begin so; they are opened here, the fast way.
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
    /// An event from `EventBridge` that carries a record.
    Envelope(Carrier<'a>),
    /// Something else, which a source may know.
    Other,
}

/// An event from `EventBridge`, as the JSON texts of its members.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Carrier<'a> {
    detail_type: &'a [u8],
    source: &'a [u8],
    account: &'a [u8],
    region: &'a [u8],
    /// What it carries.
    detail: &'a [u8],
}

impl Carrier<'_> {
    /// What it says about the record.
    fn envelope(&self) -> Envelope {
        let text = |json: &[u8]| serde_json::from_slice::<String>(json).ok();
        Envelope {
            source: text(self.source).unwrap_or_default(),
            detail_type: text(self.detail_type).unwrap_or_default(),
            account: text(self.account),
            region: text(self.region),
            ..Envelope::default()
        }
    }
}

/// Judges one whole object.
pub(super) fn kind(object: &[u8]) -> Kind<'_> {
    let mut members = Members::new(object);
    let (mut carrier, mut record) = (Carrier::default(), false);
    while let Step::Member(name, _) = members.next() {
        let Ok(value) = members.value() else { break };
        match name.as_ref() {
            // Notifications of S3, SQS and Kinesis use the same names; a service's own source is a domain.
            b"eventSource" if value.starts_with(b"\"aws:") => return Kind::Other,
            name if is_record_name(name) => record = true,
            b"CloudTrailEvent" => return Kind::Lookup(value),
            b"detail-type" => carrier.detail_type = value,
            b"source" => carrier.source = value,
            b"account" => carrier.account = value,
            b"region" => carrier.region = value,
            b"detail" => carrier.detail = value,
            _ => {}
        }
    }
    match (record, is_carrier(carrier.detail_type)) {
        (true, _) => Kind::Record,
        (false, true) => Kind::Envelope(carrier),
        (false, false) => Kind::Other,
    }
}

fn is_carrier(detail_type: &[u8]) -> bool {
    let name = detail_type.strip_prefix(b"\"").unwrap_or_default();
    CARRIERS.iter().any(|carrier| name.starts_with(carrier))
}

/// Whether a source knows an object.
pub(super) fn is_known(object: &[u8]) -> bool {
    parsed(object).is_ok_and(|object| known(&object).is_ok())
}

fn parsed(object: &[u8]) -> Result<Object<'_>, Fault> {
    Object::parse(std::str::from_utf8(object).map_err(|_| Fault::NotUtf8)?)
}

/// Whether an object with this member is a record, as far as one name tells.
pub(super) fn is_record_name(name: &[u8]) -> bool {
    RECORD_NAMES.contains(&name)
}

impl Splitter {
    /// Delivers a record.
    pub(super) fn record(&mut self, bytes: &[u8], sink: &mut Sink<'_>) {
        self.carried(bytes, None, sink);
    }

    /// Delivers a record, and what came with it.
    fn carried(&mut self, bytes: &[u8], envelope: Option<&Envelope>, sink: &mut Sink<'_>) {
        if bytes.len() > self.longest {
            return self.bad(BadRecord::TooLong, sink);
        }
        // Brackets are counted whatever their kind: one that is missing shows here.
        if bytes.last() != Some(&b'}') {
            return self.bad(BadRecord::Unbalanced, sink);
        }
        self.number = self.number.saturating_add(1);
        self.emit(Item::Record { number: self.number, bytes, envelope }, sink);
    }

    /// Delivers the record that an object is or carries.
    pub(super) fn object(&mut self, object: &[u8], sink: &mut Sink<'_>) {
        match kind(object) {
            Kind::Record => self.record(object, sink),
            Kind::Lookup(text) => self.lookup(text, sink),
            Kind::Envelope(carrier) => match only_object(carrier.detail) {
                Some(record) => self.carried(record, Some(&carrier.envelope()), sink),
                None => self.bad(BadRecord::NoContent, sink),
            },
            Kind::Other => self.other(object, sink),
        }
    }

    /// Delivers what is in an object, if a source knows it.
    fn other(&mut self, object: &[u8], sink: &mut Sink<'_>) {
        let opened = match sources::open(object) {
            Ok(opened) => opened,
            Err(error) => return self.closed(&error, sink),
        };
        let parts = opened.messages.into_iter().flat_map(|message| message.parts);
        for part in parts {
            if self.stopped {
                return;
            }
            match part {
                Ok(content) => self.content(&content, sink),
                Err(SourceError { what, why, .. }) => {
                    self.bad(BadRecord::Carrier { what, why }, sink);
                }
            }
        }
    }

    /// Delivers what came of an object, if it is a record or an item.
    fn content(&mut self, content: &Content, sink: &mut Sink<'_>) {
        let item = match content {
            Content::Record { text, envelope } => {
                return self.carried(text.as_bytes(), envelope.as_deref(), sink);
            }
            Content::Item { change, .. } => Some(&change.item),
            Content::ConfigRule(rule) => match &rule.subject {
                RuleSubject::Item(change) => Some(&change.item),
                _ => None,
            },
            _ => None,
        };
        match item {
            Some(item) => self.resource(item, suspect(content), sink),
            None => self.skip(&content.kind(), sink),
        }
    }

    /// Names an object that no source opens.
    fn closed(&mut self, error: &SourceError, sink: &mut Sink<'_>) {
        match error.why {
            Fault::UnknownShape | Fault::NotJson if self.number == 0 => {
                self.number = 1;
                self.problem(DocumentError::NotCloudTrail);
            }
            Fault::UnknownShape | Fault::NotJson => self.bad(BadRecord::NotCloudTrail, sink),
            why => self.bad(BadRecord::Carrier { what: error.what, why }, sink),
        }
    }

    /// Delivers an element of a list of AWS Config's items.
    pub(super) fn config_item(&mut self, bytes: &[u8], sink: &mut Sink<'_>) {
        match parsed(bytes).and_then(|object| sources::read_item(&object)) {
            Ok(item) => self.resource(&item, None, sink),
            Err(why) => {
                self.bad(BadRecord::Carrier { what: "AWS Config configuration item", why }, sink);
            }
        }
    }

    fn resource(
        &mut self,
        item: &ConfigurationItem,
        suspect: Option<&'static str>,
        sink: &mut Sink<'_>,
    ) {
        self.number = self.number.saturating_add(1);
        self.emit(Item::Resource { number: self.number, item, suspect }, sink);
    }

    fn lookup(&mut self, text: &[u8], sink: &mut Sink<'_>) {
        let unpacked = serde_json::from_slice::<String>(text).unwrap_or_default();
        match only_object(unpacked.as_bytes()) {
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

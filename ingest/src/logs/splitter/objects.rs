//! What an object is that may be a record or may carry one, and how the record comes out of it.

use evenkeel_rules::ConfigurationItem;

use super::plain_record::is_plain_record;
use super::{Item, Sink, Splitter};
use crate::logs::problem::{BadRecord, DocumentError};
use crate::payload::{
    Content, Envelope, Fault, PayloadError, PayloadFormat, RuleSubject, open, open_as, suspect,
};

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

    /// Delivers what an object is or carries.
    pub(super) fn object(&mut self, object: &[u8], sink: &mut Sink<'_>) {
        if is_plain_record(object) {
            return self.record(object, sink);
        }
        match open(object) {
            Ok(opened) => {
                let parts = opened.messages.into_iter().flat_map(|message| message.parts);
                self.parts(parts, sink);
            }
            Err(error) => self.closed(&error, sink),
        }
    }

    /// Delivers what an object of a known format is or carries.
    pub(super) fn formatted(&mut self, format: &PayloadFormat, object: &[u8], sink: &mut Sink<'_>) {
        match open_as(format, object) {
            Ok(parts) => self.parts(parts, sink),
            Err(PayloadError { what, why, .. }) => {
                self.bad(BadRecord::Carrier { what, why }, sink);
            }
        }
    }

    fn parts(
        &mut self,
        parts: impl IntoIterator<Item = Result<Content, PayloadError>>,
        sink: &mut Sink<'_>,
    ) {
        for part in parts {
            if self.stopped {
                return;
            }
            match part {
                Ok(content) => self.content(&content, sink),
                Err(PayloadError { what, why, .. }) => {
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

    /// Names an object that no format matches.
    fn closed(&mut self, error: &PayloadError, sink: &mut Sink<'_>) {
        match error.why {
            Fault::UnknownShape | Fault::NotJson if self.number == 0 => {
                self.number = 1;
                self.problem(DocumentError::NotCloudTrail);
            }
            Fault::UnknownShape | Fault::NotJson => self.bad(BadRecord::NotCloudTrail, sink),
            why => self.bad(BadRecord::Carrier { what: error.what, why }, sink),
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

    fn skip(&mut self, kind: &str, sink: &mut Sink<'_>) {
        self.number = self.number.saturating_add(1);
        self.emit(Item::Skipped { kind, count: 1 }, sink);
    }
}

//! Delivers the content of an object that is a record, or that wraps records.

use evenkeel_rules::ConfigurationItem;

use super::plain_record::is_plain_record;
use super::{ItemSink, LogItem, RecordSplitter};
use crate::logs::problem::{DocumentError, InvalidRecordError};
use crate::payload::{
    EventEnvelope, PayloadContent, PayloadError, PayloadErrorKind, PayloadFormat, RuleSubject,
    find_forgery_sign, parse_as_format, parse_payload,
};

impl RecordSplitter {
    /// Delivers a record.
    pub(super) fn emit_record(&mut self, bytes: &[u8], sink: &mut ItemSink<'_>) {
        self.emit_with_envelope(bytes, None, sink);
    }

    /// Delivers a record and its envelope.
    fn emit_with_envelope(
        &mut self,
        bytes: &[u8],
        envelope: Option<&EventEnvelope>,
        sink: &mut ItemSink<'_>,
    ) {
        if bytes.len() > self.longest {
            return self.emit_invalid(InvalidRecordError::TooLong, sink);
        }
        // The scanner does not distinguish kinds of brackets. A wrong last bracket is detected
        // here.
        if bytes.last() != Some(&b'}') {
            return self.emit_invalid(InvalidRecordError::Unbalanced, sink);
        }
        self.number = self.number.saturating_add(1);
        self.emit_item(LogItem::Record { number: self.number, bytes, envelope }, sink);
    }

    /// Delivers an object that is a record or an item. If the object wraps records or items,
    /// delivers these records or items.
    pub(super) fn split_object(&mut self, object: &[u8], sink: &mut ItemSink<'_>) {
        if is_plain_record(object) {
            return self.emit_record(object, sink);
        }
        match parse_payload(object) {
            Ok(opened) => {
                let parts = opened.messages.into_iter().flat_map(|message| message.parts);
                self.emit_parts(parts, sink);
            }
            Err(error) => self.report_unknown_object(&error, sink),
        }
    }

    /// Delivers the content of an object of a known format.
    pub(super) fn split_formatted_object(
        &mut self,
        format: &PayloadFormat,
        object: &[u8],
        sink: &mut ItemSink<'_>,
    ) {
        match parse_as_format(format, object) {
            Ok(parts) => self.emit_parts(parts, sink),
            Err(PayloadError { what, why, .. }) => {
                self.emit_invalid(InvalidRecordError::Carrier { what, why }, sink);
            }
        }
    }

    fn emit_parts(
        &mut self,
        parts: impl IntoIterator<Item = Result<PayloadContent, PayloadError>>,
        sink: &mut ItemSink<'_>,
    ) {
        for part in parts {
            if self.stopped {
                return;
            }
            match part {
                Ok(content) => self.emit_content(&content, sink),
                Err(PayloadError { what, why, .. }) => {
                    self.emit_invalid(InvalidRecordError::Carrier { what, why }, sink);
                }
            }
        }
    }

    /// Delivers one part of an object: a record, an item, or skipped content.
    fn emit_content(&mut self, content: &PayloadContent, sink: &mut ItemSink<'_>) {
        let item = match content {
            PayloadContent::Record { text, envelope } => {
                return self.emit_with_envelope(text.as_bytes(), envelope.as_deref(), sink);
            }
            PayloadContent::Item { change, .. } => Some(&change.item),
            PayloadContent::ConfigRule(rule) => match &rule.subject {
                RuleSubject::Item(change) => Some(&change.item),
                _ => None,
            },
            _ => None,
        };
        match item {
            Some(item) => self.emit_resource(item, find_forgery_sign(content), sink),
            None => self.emit_skipped(&content.kind_label(), sink),
        }
    }

    /// Reports an object that has no known format.
    fn report_unknown_object(&mut self, error: &PayloadError, sink: &mut ItemSink<'_>) {
        match error.why {
            PayloadErrorKind::UnknownShape | PayloadErrorKind::NotJson if self.number == 0 => {
                self.number = 1;
                self.add_problem(DocumentError::NotCloudTrail);
            }
            PayloadErrorKind::UnknownShape | PayloadErrorKind::NotJson => {
                self.emit_invalid(InvalidRecordError::NotCloudTrail, sink);
            }
            why => self.emit_invalid(InvalidRecordError::Carrier { what: error.what, why }, sink),
        }
    }

    fn emit_resource(
        &mut self,
        item: &ConfigurationItem,
        possibly_forged: Option<&'static str>,
        sink: &mut ItemSink<'_>,
    ) {
        self.number = self.number.saturating_add(1);
        self.emit_item(LogItem::Resource { number: self.number, item, possibly_forged }, sink);
    }

    fn emit_skipped(&mut self, kind: &str, sink: &mut ItemSink<'_>) {
        self.number = self.number.saturating_add(1);
        self.emit_item(LogItem::Skipped { kind, count: 1 }, sink);
    }
}

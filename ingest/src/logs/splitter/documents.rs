//! The documents of a text: which shape each one has, and where it begins and ends.

use super::document_layout::{DocumentLayout, detect_layout, find_batch_list};
use super::object_extent::{
    ObjectExtent, find_extent, find_object_line, is_on_one_line, text_before_next_object,
};
use super::record_list::RecordList;
use super::{
    DetectedContent, ItemSink, MissingEnd, RecordSplitter, SplitInput, SplitterState, StepResult,
};
use crate::logs::member_scan::{MemberScan, MemberStep, skip_space, value_end};
use crate::logs::problem::{DocumentError, InvalidRecordError};
use crate::payload::BatchElements;

/// The mark that some editors put before UTF-8 text.
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// The names in so many bytes nearly always tell what a document is.
const SHORT_HEAD: usize = 512;

/// If not, then those in so many.
const LONG_HEAD: usize = 64 << 10;

impl RecordSplitter {
    /// Goes to the next document, and begins it.
    pub(super) fn find_next_document(
        &mut self,
        input: SplitInput<'_>,
        sink: &mut ItemSink<'_>,
    ) -> StepResult {
        let at = skip_space(input.rest, 0);
        let rest = input.rest.get(at..).unwrap_or_default();
        let Some(first) = rest.first() else {
            return self.advance_to(SplitterState::BetweenDocuments, at);
        };
        if rest.starts_with(BYTE_ORDER_MARK) {
            return self.advance_to(
                SplitterState::BetweenDocuments,
                at.saturating_add(BYTE_ORDER_MARK.len()),
            );
        }
        if BYTE_ORDER_MARK.starts_with(rest) && !input.last {
            return self.wait_for_input(SplitterState::BetweenDocuments, at);
        }
        let before = std::mem::replace(&mut self.content, DetectedContent::Document);
        match first {
            b'{' if at > 0 => self.advance_to(SplitterState::BetweenDocuments, at),
            b'{' => self.open_document(input, sink),
            b'[' => {
                let list = RecordList::new(BatchElements::Any, false);
                self.advance_to(SplitterState::List(list), at.saturating_add(1))
            }
            0 => {
                self.add_problem(DocumentError::ZeroBytes);
                let zeros = rest.iter().take_while(|byte| **byte == 0).count();
                self.advance_to(SplitterState::BetweenDocuments, at.saturating_add(zeros))
            }
            // It may be a file of another kind: nothing is said yet.
            _ if before == DetectedContent::Nothing => {
                self.content = DetectedContent::Foreign(self.text_offset(at));
                self.advance_to(SplitterState::Resync, at)
            }
            _ => self.reject_invalid_json(at, sink),
        }
    }

    /// Goes to the next line that begins with an object.
    pub(super) fn resync_at_line(
        &mut self,
        input: SplitInput<'_>,
        sink: &mut ItemSink<'_>,
    ) -> StepResult {
        let here = self.at_line_start && input.rest.first() == Some(&b'{');
        let line = if here { Some(0) } else { find_object_line(input.rest) };
        let Some(line) = line else {
            return self.advance_to(SplitterState::Resync, input.rest.len());
        };
        if let DetectedContent::Foreign(byte) = self.content {
            self.emit_invalid(InvalidRecordError::NotJson { byte }, sink);
        }
        self.advance_to(SplitterState::BetweenDocuments, line)
    }

    /// Begins the document whose opening bracket is the first byte.
    fn open_document(&mut self, input: SplitInput<'_>, sink: &mut ItemSink<'_>) -> StepResult {
        let all = input.rest;
        let head = all.get(..LONG_HEAD).unwrap_or(all);
        let lines = self.is_line_delimited(all);
        let mut seen = detect_layout(all.get(..SHORT_HEAD).unwrap_or(all));
        if matches!(seen, DocumentLayout::NeedsMore) {
            if head.len() < LONG_HEAD && !input.last {
                return self.wait_for_input(SplitterState::BetweenDocuments, 0);
            }
            seen = detect_layout(text_before_next_object(head, lines).unwrap_or(head));
        }
        if matches!(seen, DocumentLayout::NeedsMore) {
            seen = detect_layout(text_before_next_object(all, lines).unwrap_or(all));
        }
        match seen {
            DocumentLayout::List(elements, at) => {
                self.advance_to(SplitterState::List(RecordList::new(elements, true)), at)
            }
            DocumentLayout::NoList(at) => {
                let null = input.rest.get(at) == Some(&b'n');
                self.add_problem(if null {
                    DocumentError::NullList
                } else {
                    DocumentError::NotAList
                });
                self.skip_value(SplitterState::BetweenDocuments, at, input, sink)
            }
            DocumentLayout::Object | DocumentLayout::NeedsMore => {
                self.split_whole_object(input, sink)
            }
        }
    }

    /// Whether a line that begins with an object ends the one before. One that is printed over many lines may
    /// have such lines in it.
    fn is_line_delimited(&self, object: &[u8]) -> bool {
        self.strict || is_on_one_line(object)
    }

    /// Takes a whole object, which is a document of its own.
    fn split_whole_object(&mut self, input: SplitInput<'_>, sink: &mut ItemSink<'_>) -> StepResult {
        match find_extent(input.rest, self.is_line_delimited(input.rest)) {
            ObjectExtent::Closed(end) if end > self.longest => {
                self.emit_invalid(InvalidRecordError::TooLong, sink);
                self.advance_to(SplitterState::Resync, end)
            }
            ObjectExtent::Closed(end) => {
                self.split_object(input.rest.get(..end).unwrap_or_default(), sink);
                self.advance_to(SplitterState::BetweenDocuments, end)
            }
            ObjectExtent::Line(line) => {
                self.emit_invalid(InvalidRecordError::Unbalanced, sink);
                self.advance_to(SplitterState::BetweenDocuments, line)
            }
            ObjectExtent::Open => self.handle_unfinished_object(input, sink),
        }
    }

    /// The object that the input begins with does not end in it.
    fn handle_unfinished_object(
        &mut self,
        input: SplitInput<'_>,
        sink: &mut ItemSink<'_>,
    ) -> StepResult {
        match (self.classify_missing_end(input.rest, input.last), find_object_line(input.rest)) {
            (MissingEnd::Wait, _) => self.wait_for_input(SplitterState::BetweenDocuments, 0),
            // It was taken for an object of many lines, and is none.
            (_, Some(line)) => {
                self.strict = true;
                self.emit_invalid(InvalidRecordError::Unbalanced, sink);
                self.advance_to(SplitterState::BetweenDocuments, line)
            }
            (MissingEnd::TooLong, None) => {
                self.emit_invalid(InvalidRecordError::TooLong, sink);
                self.advance_to(SplitterState::Resync, input.rest.len())
            }
            (MissingEnd::CutOff, None) => {
                self.emit_invalid(InvalidRecordError::CutOff, sink);
                self.advance_to(SplitterState::BetweenDocuments, input.rest.len())
            }
        }
    }

    /// Passes over the members of a document behind its list, or finds another list.
    pub(super) fn skip_trailing_members(
        &mut self,
        input: SplitInput<'_>,
        sink: &mut ItemSink<'_>,
    ) -> StepResult {
        match MemberScan::resume_after_value(input.rest).next_member() {
            MemberStep::End(end) => self.advance_to(SplitterState::BetweenDocuments, end),
            MemberStep::Member(name, at) => match find_batch_list(&name, at, input.rest) {
                Some(DocumentLayout::List(elements, at)) => {
                    self.advance_to(SplitterState::List(RecordList::new(elements, true)), at)
                }
                Some(_) => {
                    self.add_problem(DocumentError::NotAList);
                    self.skip_value(SplitterState::InDocument, at, input, sink)
                }
                None => self.skip_value(SplitterState::InDocument, at, input, sink),
            },
            MemberStep::Malformed => self.reject_invalid_json(0, sink),
            MemberStep::NeedsMore => {
                self.handle_unfinished_value(SplitterState::InDocument, 0, input, sink)
            }
        }
    }

    /// Passes over a value of a document that nobody wants; before it, the text was in this state.
    fn skip_value(
        &mut self,
        before: SplitterState,
        at: usize,
        input: SplitInput<'_>,
        sink: &mut ItemSink<'_>,
    ) -> StepResult {
        match value_end(input.rest, at) {
            Ok(end) => self.advance_to(SplitterState::InDocument, end),
            Err(MemberStep::NeedsMore) => self.handle_unfinished_value(before, 0, input, sink),
            Err(_) => self.reject_invalid_json(at, sink),
        }
    }

    /// What begins at `at`, where the text was in this state, does not end in the input.
    pub(super) fn handle_unfinished_value(
        &mut self,
        before: SplitterState,
        at: usize,
        input: SplitInput<'_>,
        sink: &mut ItemSink<'_>,
    ) -> StepResult {
        match self.classify_missing_end(input.rest.get(at..).unwrap_or_default(), input.last) {
            MissingEnd::Wait => self.wait_for_input(before, at),
            MissingEnd::TooLong => {
                self.emit_invalid(InvalidRecordError::TooLong, sink);
                self.advance_to(SplitterState::Resync, at)
            }
            MissingEnd::CutOff => {
                self.add_problem(DocumentError::CutOff);
                self.advance_to(SplitterState::BetweenDocuments, input.rest.len())
            }
        }
    }
}

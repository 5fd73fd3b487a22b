//! Finds the documents of a text, and determines the layout, the beginning and the end of each
//! document.

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

/// The byte order mark that some editors write before UTF-8 text.
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// The number of bytes at the beginning of a document that are examined first. They nearly always
/// contain the member names that determine the layout.
const SHORT_HEAD: usize = 512;

/// The number of bytes that are examined if `SHORT_HEAD` is not sufficient.
const LONG_HEAD: usize = 64 << 10;

impl RecordSplitter {
    /// Moves to the next document, and begins it.
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
            // The file may not be a log at all. Therefore, the splitter reports this text only if a
            // later line begins with an object.
            _ if before == DetectedContent::Nothing => {
                self.content = DetectedContent::Foreign(self.text_offset(at));
                self.advance_to(SplitterState::Resync, at)
            }
            _ => self.reject_invalid_json(at, sink),
        }
    }

    /// Moves to the next line that begins with an object.
    pub(super) fn resync_at_line(
        &mut self,
        input: SplitInput<'_>,
        sink: &mut ItemSink<'_>,
    ) -> StepResult {
        let is_here = self.at_line_start && input.rest.first() == Some(&b'{');
        let line = if is_here { Some(0) } else { find_object_line(input.rest) };
        let Some(line) = line else {
            return self.advance_to(SplitterState::Resync, input.rest.len());
        };
        if let DetectedContent::Foreign(byte) = self.content {
            self.emit_invalid(InvalidRecordError::NotJson { byte }, sink);
        }
        self.advance_to(SplitterState::BetweenDocuments, line)
    }

    /// Begins the document whose opening brace is the first byte.
    fn open_document(&mut self, input: SplitInput<'_>, sink: &mut ItemSink<'_>) -> StepResult {
        let all = input.rest;
        let head = all.get(..LONG_HEAD).unwrap_or(all);
        let is_line_delimited = self.is_line_delimited(all);
        let mut layout = detect_layout(all.get(..SHORT_HEAD).unwrap_or(all));
        if matches!(layout, DocumentLayout::NeedsMore) {
            if head.len() < LONG_HEAD && !input.last {
                return self.wait_for_input(SplitterState::BetweenDocuments, 0);
            }
            layout =
                detect_layout(text_before_next_object(head, is_line_delimited).unwrap_or(head));
        }
        if matches!(layout, DocumentLayout::NeedsMore) {
            layout = detect_layout(text_before_next_object(all, is_line_delimited).unwrap_or(all));
        }
        match layout {
            DocumentLayout::List(elements, at) => {
                self.advance_to(SplitterState::List(RecordList::new(elements, true)), at)
            }
            DocumentLayout::NoList(at) => {
                let is_null = input.rest.get(at) == Some(&b'n');
                self.add_problem(if is_null {
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

    /// Returns whether a line that begins with an object ends the previous object. An object that
    /// is printed on several lines may itself contain such lines.
    fn is_line_delimited(&self, object: &[u8]) -> bool {
        self.strict || is_on_one_line(object)
    }

    /// Splits an object that is a document itself.
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

    /// Handles an object at the beginning of the input that does not end in the input.
    fn handle_unfinished_object(
        &mut self,
        input: SplitInput<'_>,
        sink: &mut ItemSink<'_>,
    ) -> StepResult {
        match (self.classify_missing_end(input.rest, input.last), find_object_line(input.rest)) {
            (MissingEnd::Wait, _) => self.wait_for_input(SplitterState::BetweenDocuments, 0),
            // The object was assumed to span several lines, but a line begins with another object.
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

    /// Skips the members of a document after its list, or finds another list.
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

    /// Skips a value of a document that contains no records. `before` is the state before the
    /// value.
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

    /// Handles a value at `at` that does not end in the input. `before` is the state before the
    /// value.
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
                // One byte is consumed, because the document itself can begin here: the search would
                // find its own line again, without an end.
                self.advance_to(SplitterState::Resync, at.saturating_add(1))
            }
            MissingEnd::CutOff => {
                self.add_problem(DocumentError::CutOff);
                self.advance_to(SplitterState::BetweenDocuments, input.rest.len())
            }
        }
    }
}

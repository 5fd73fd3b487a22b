//! Splits a list into its elements. A fast path handles objects with one comma between them, and a
//! slower path handles all other text.

use super::plain_record::is_plain_record;
use super::{ItemSink, MissingEnd, RecordSplitter, SplitInput, SplitterState, StepResult};
use crate::logs::bracket_scan::BracketScanner;
use crate::logs::member_scan::{MemberStep, skip_space, value_end};
use crate::logs::problem::{DocumentError, InvalidRecordError};
use crate::payload::{BatchElements, parse_payload};

/// A list that is being split.
#[derive(Debug, Clone, Copy)]
pub(super) struct RecordList {
    elements: BatchElements,
    /// True if the list is a member of an object, and not a document itself.
    is_member: bool,
    position: ListPosition,
}

/// The tokens that can follow in a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ListPosition {
    /// The first element, or the end.
    First,
    /// An element.
    Element,
    /// A comma, or the end.
    Comma,
}

impl RecordList {
    /// Creates a list whose opening bracket was just consumed.
    pub(super) fn new(elements: BatchElements, is_member: bool) -> Self {
        Self { elements, is_member, position: ListPosition::First }
    }
}

impl RecordSplitter {
    /// Splits elements as long as they are objects with one comma between them. Passes the first
    /// other token to `handle_irregular_token`.
    pub(super) fn split_list(
        &mut self,
        mut list: RecordList,
        input: SplitInput<'_>,
        sink: &mut ItemSink<'_>,
    ) -> StepResult {
        let mut at = 0usize;
        while !self.stopped {
            at = skip_space(input.rest, at);
            let rest = input.rest.get(at..).unwrap_or_default();
            let (comma, object) = match (list.position, rest) {
                (ListPosition::First | ListPosition::Element, [b'{', ..]) => (0, rest),
                (ListPosition::Comma, [b',', object @ ..]) if object.first() == Some(&b'{') => {
                    (1, object)
                }
                (_, []) => break,
                (_, [next, ..]) => {
                    return self.handle_irregular_token(list, at, *next, input, sink);
                }
            };
            let inner = object.get(1..).unwrap_or_default();
            let Some(length) = BracketScanner::new(1).find_close(inner) else {
                return self.handle_unfinished_element(list, at, comma, input, sink);
            };
            let end = length.saturating_add(1);
            self.split_element(&mut list, object.get(..end).unwrap_or_default(), sink);
            list.position = ListPosition::Comma;
            at = at.saturating_add(comma).saturating_add(end);
        }
        self.advance_to(SplitterState::List(list), at)
    }

    /// Splits one complete element.
    fn split_element(&mut self, list: &mut RecordList, bytes: &[u8], sink: &mut ItemSink<'_>) {
        match list.elements {
            BatchElements::Records => {
                if list.position == ListPosition::First && !is_plain_record(bytes) {
                    // Lambda batches also use the list name `Records`. If the first element is a
                    // payload, the list is such a batch.
                    if parse_payload(bytes).is_ok() {
                        list.elements = BatchElements::Any;
                        return self.split_object(bytes, sink);
                    }
                    self.add_problem(DocumentError::NotCloudTrail);
                }
                self.emit_record(bytes, sink);
            }
            BatchElements::Any => self.split_object(bytes, sink),
            BatchElements::KnownFormat(format) => self.split_formatted_object(format, bytes, sink),
        }
    }

    /// Handles an element that begins `comma` bytes after `at` and does not end in the input.
    fn handle_unfinished_element(
        &mut self,
        mut list: RecordList,
        at: usize,
        comma: usize,
        input: SplitInput<'_>,
        sink: &mut ItemSink<'_>,
    ) -> StepResult {
        let start = at.saturating_add(comma);
        let open = input.rest.get(start..).unwrap_or_default();
        match self.classify_missing_end(open, input.last) {
            MissingEnd::Wait => self.wait_for_input(SplitterState::List(list), at),
            MissingEnd::TooLong => {
                self.emit_invalid(InvalidRecordError::TooLong, sink);
                list.position = ListPosition::Comma;
                self.advance_to(
                    SplitterState::OversizedElement(BracketScanner::new(1), list),
                    start.saturating_add(1),
                )
            }
            MissingEnd::CutOff => {
                self.emit_invalid(InvalidRecordError::CutOff, sink);
                self.advance_to(SplitterState::BetweenDocuments, input.rest.len())
            }
        }
    }

    /// Handles a token that is neither an object nor a comma before an object.
    fn handle_irregular_token(
        &mut self,
        mut list: RecordList,
        at: usize,
        next: u8,
        input: SplitInput<'_>,
        sink: &mut ItemSink<'_>,
    ) -> StepResult {
        match (next, list.position) {
            (b']', ListPosition::First | ListPosition::Comma) => {
                let state = if list.is_member {
                    SplitterState::InDocument
                } else {
                    SplitterState::BetweenDocuments
                };
                self.advance_to(state, at.saturating_add(1))
            }
            (b',', ListPosition::Comma) => {
                list.position = ListPosition::Element;
                self.advance_to(SplitterState::List(list), at.saturating_add(1))
            }
            (_, ListPosition::Comma) => self.reject_invalid_json(at, sink),
            (_, ListPosition::First | ListPosition::Element) => match value_end(input.rest, at) {
                Ok(end) => {
                    self.emit_invalid(InvalidRecordError::NotAnObject, sink);
                    list.position = ListPosition::Comma;
                    self.advance_to(SplitterState::List(list), end)
                }
                Err(MemberStep::NeedsMore) => {
                    self.handle_unfinished_value(SplitterState::List(list), at, input, sink)
                }
                Err(_) => self.reject_invalid_json(at, sink),
            },
        }
    }
}

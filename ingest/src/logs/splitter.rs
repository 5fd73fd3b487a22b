//! Splits a text into records while it is read, without parsing the records.
//!
//! The text is a sequence of documents, each in one of the formats of logs. The splitter finds
//! records only by their brackets, and does not check their content. It reports text that is not
//! JSON with its offset, and continues at the next line that begins with an object.

mod document_layout;
mod documents;
mod object_extent;
mod objects;
#[cfg(fuzzing)]
mod pieces;
mod plain_record;
mod record_list;

#[cfg(fuzzing)]
pub use pieces::split_in_pieces;

use super::bracket_scan::BracketScanner;
use super::item::{ItemSink, LogItem};
use super::problem::{DocumentError, InvalidRecordError};
use record_list::RecordList;

/// A splitter of one text. It stores no text: the caller keeps the bytes that were not consumed,
/// and passes them again with more input.
#[derive(Debug)]
pub(super) struct RecordSplitter {
    state: SplitterState,
    /// The maximum size of a record in bytes.
    longest: usize,
    /// The number of elements so far: records, and other values at the positions of records.
    number: u64,
    /// The number of bytes that are consumed so far.
    used: u64,
    /// True if the next byte begins a line.
    at_line_start: bool,
    content: DetectedContent,
    /// True if an object without an end was found. From then on, a line that begins with `{` ends
    /// any open object.
    strict: bool,
    problems: Vec<DocumentError>,
    stopped: bool,
}

/// The content that is detected so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum DetectedContent {
    /// Only white space.
    Nothing,
    /// Text that is not JSON, beginning at this offset.
    Foreign(u64),
    /// At least one document, possibly after other text.
    Document,
}

/// The position of the next byte in the structure of the text.
#[derive(Debug)]
enum SplitterState {
    /// Between documents.
    BetweenDocuments,
    /// After invalid text. The splitter searches for a line that begins with `{`.
    Resync,
    /// In a list of records.
    List(RecordList),
    /// In a document, after a value.
    InDocument,
    /// In a list, in an object that exceeds the size limit.
    OversizedElement(BracketScanner, RecordList),
}

/// The result of one step.
enum StepResult {
    /// The step consumed this number of bytes.
    Advance(usize),
    /// The step consumed this number of bytes, and the next step needs more input.
    Wait(usize),
}

/// The input of one step.
#[derive(Clone, Copy)]
struct SplitInput<'a> {
    /// The bytes that are not consumed yet. Never empty.
    rest: &'a [u8],
    /// True if the text ends after these bytes.
    last: bool,
}

/// The handling of a value that does not end in the input.
enum MissingEnd {
    /// More input can contain the end.
    Wait,
    /// The text ends before the end of the value.
    CutOff,
    /// The value exceeds the size limit.
    TooLong,
}

impl RecordSplitter {
    /// Creates a splitter. `longest` is the maximum size of a record in bytes.
    pub(super) fn new(longest: usize) -> Self {
        Self {
            state: SplitterState::BetweenDocuments,
            longest,
            number: 0,
            used: 0,
            at_line_start: true,
            content: DetectedContent::Nothing,
            strict: false,
            problems: Vec::new(),
            stopped: false,
        }
    }

    /// Passes the complete items in `window` to `sink`, and returns the number of consumed bytes.
    ///
    /// `last` is true if the text ends after `window`. The splitter consumes at least one byte if
    /// `last` is true, or if `window` is longer than the maximum size of a record.
    pub(super) fn split_window(
        &mut self,
        window: &[u8],
        last: bool,
        sink: &mut ItemSink<'_>,
    ) -> usize {
        let mut used = 0usize;
        while !self.stopped {
            let rest = window.get(used..).unwrap_or_default();
            if rest.is_empty() {
                if last {
                    self.finish_text();
                }
                break;
            }
            let (count, is_waiting) = match self.run_step(SplitInput { rest, last }, sink) {
                StepResult::Advance(count) => (count, false),
                StepResult::Wait(count) => (count, true),
            };
            if let Some(last) = rest.get(..count).and_then(<[u8]>::last) {
                self.at_line_start = *last == b'\n';
            }
            self.used = self.used.saturating_add(u64::try_from(count).unwrap_or(u64::MAX));
            used = used.saturating_add(count);
            if is_waiting {
                break;
            }
        }
        used
    }

    /// Returns whether the sink stopped the splitting.
    pub(super) fn is_stopped(&self) -> bool {
        self.stopped
    }

    /// Returns the problems of the complete text. Each problem occurs once.
    pub(super) fn document_problems(&self) -> &[DocumentError] {
        &self.problems
    }

    fn run_step(&mut self, input: SplitInput<'_>, sink: &mut ItemSink<'_>) -> StepResult {
        match std::mem::replace(&mut self.state, SplitterState::BetweenDocuments) {
            SplitterState::BetweenDocuments => self.find_next_document(input, sink),
            SplitterState::Resync => self.resync_at_line(input, sink),
            SplitterState::List(list) => self.split_list(list, input, sink),
            SplitterState::InDocument => self.skip_trailing_members(input, sink),
            SplitterState::OversizedElement(mut brackets, list) => match brackets
                .find_close(input.rest)
            {
                Some(end) => self.advance_to(SplitterState::List(list), end),
                None => self
                    .advance_to(SplitterState::OversizedElement(brackets, list), input.rest.len()),
            },
        }
    }

    fn advance_to(&mut self, state: SplitterState, used: usize) -> StepResult {
        self.state = state;
        StepResult::Advance(used)
    }

    fn wait_for_input(&mut self, state: SplitterState, used: usize) -> StepResult {
        self.state = state;
        StepResult::Wait(used)
    }

    /// Returns how to handle a value that begins `rest` and does not end in it.
    fn classify_missing_end(&self, rest: &[u8], last: bool) -> MissingEnd {
        match last {
            true => MissingEnd::CutOff,
            false if rest.len() > self.longest => MissingEnd::TooLong,
            false => MissingEnd::Wait,
        }
    }

    /// Records a problem if the text must not end in the current state.
    fn finish_text(&mut self) {
        match std::mem::replace(&mut self.state, SplitterState::BetweenDocuments) {
            SplitterState::BetweenDocuments | SplitterState::Resync => match self.content {
                DetectedContent::Nothing => self.add_problem(DocumentError::Empty),
                DetectedContent::Foreign(_) => self.add_problem(DocumentError::NotCloudTrail),
                DetectedContent::Document => {}
            },
            SplitterState::InDocument
            | SplitterState::List(_)
            | SplitterState::OversizedElement(..) => {
                self.add_problem(DocumentError::CutOff);
            }
        }
    }

    fn emit_item(&mut self, item: LogItem<'_>, sink: &mut ItemSink<'_>) {
        self.stopped = self.stopped || sink(item).is_break();
    }

    /// Reports an element that is not a record.
    fn emit_invalid(&mut self, why: InvalidRecordError, sink: &mut ItemSink<'_>) {
        self.number = self.number.saturating_add(1);
        self.emit_item(LogItem::Invalid { number: self.number, why }, sink);
    }

    /// Reports that the text is not JSON at the offset `at` of the input, and searches for the next
    /// line that begins with an object.
    fn reject_invalid_json(&mut self, at: usize, sink: &mut ItemSink<'_>) -> StepResult {
        let byte = self.text_offset(at);
        self.emit_invalid(InvalidRecordError::NotJson { byte }, sink);
        self.advance_to(SplitterState::Resync, at)
    }

    /// Returns the offset in the text of the byte at `at` of the input.
    fn text_offset(&self, at: usize) -> u64 {
        self.used.saturating_add(u64::try_from(at).unwrap_or(u64::MAX))
    }

    fn add_problem(&mut self, problem: DocumentError) {
        if !self.problems.contains(&problem) {
            self.problems.push(problem);
        }
    }
}

#[cfg(test)]
mod tests;

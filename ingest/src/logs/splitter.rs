//! Cuts a text into records as it comes in, without building anything.
//!
//! The text is a row of documents, each one of the shapes that logs come in. Records are found by their
//! brackets alone; what is inside one is not judged. Text that is no JSON is named with its place, and
//! reading resumes at the next line that begins with an object.

mod document_layout;
mod documents;
mod object_extent;
mod objects;
mod plain_record;
mod record_list;

use super::bracket_scan::BracketScanner;
use super::item::{ItemSink, LogItem};
use super::problem::{DocumentError, InvalidRecordError};
use record_list::RecordList;

/// A text being cut. Holds no text: the caller keeps what was not used and hands it in again, with more.
#[derive(Debug)]
pub(super) struct RecordSplitter {
    state: SplitterState,
    /// No record may be longer.
    longest: usize,
    /// Elements so far: records and what stood in a record's place.
    number: u64,
    /// How many bytes were used so far.
    used: u64,
    /// The last byte used was a line feed, or there was none.
    at_line_start: bool,
    content: DetectedContent,
    /// An object was never closed: from now on, a line that begins with `{` ends whatever is open.
    strict: bool,
    problems: Vec<DocumentError>,
    stopped: bool,
}

/// What the text has shown to be so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum DetectedContent {
    /// White space.
    Nothing,
    /// Something that is no JSON, from this byte on.
    Foreign(u64),
    /// A document, or at least one after something else.
    Document,
}

/// Where in the text the next byte is.
#[derive(Debug)]
enum SplitterState {
    /// Between documents.
    BetweenDocuments,
    /// Behind something broken, looking for a line that begins with `{`.
    Resync,
    /// In a list of records.
    List(RecordList),
    /// In a document, behind a value.
    InDocument,
    /// In a list, in an object that is too long.
    OversizedElement(BracketScanner, RecordList),
}

/// What one step did.
enum StepResult {
    /// Used so many bytes.
    Advance(usize),
    /// Used so many bytes, and needs more input for the next.
    Wait(usize),
}

/// The input that one step sees.
#[derive(Clone, Copy)]
struct SplitInput<'a> {
    /// What was not used yet; never empty.
    rest: &'a [u8],
    /// Nothing follows it.
    last: bool,
}

/// What to do about something that does not end in the input.
enum MissingEnd {
    /// More input may bring the end.
    Wait,
    /// There is no more.
    CutOff,
    /// It is too long already.
    TooLong,
}

impl RecordSplitter {
    /// A splitter that takes no record longer than `longest`.
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

    /// Hands out what is complete in `window`, and says how many of its bytes are used up.
    ///
    /// Something is always used if the window is longer than the longest record, or the last.
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
            let (count, waits) = match self.run_step(SplitInput { rest, last }, sink) {
                StepResult::Advance(count) => (count, false),
                StepResult::Wait(count) => (count, true),
            };
            if let Some(last) = rest.get(..count).and_then(<[u8]>::last) {
                self.at_line_start = *last == b'\n';
            }
            self.used = self.used.saturating_add(u64::try_from(count).unwrap_or(u64::MAX));
            used = used.saturating_add(count);
            if waits {
                break;
            }
        }
        used
    }

    /// The sink has had enough.
    pub(super) fn is_stopped(&self) -> bool {
        self.stopped
    }

    /// What was wrong with the text as a whole, each kind once.
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

    /// Why something that begins with `rest` has no end in it.
    fn classify_missing_end(&self, rest: &[u8], last: bool) -> MissingEnd {
        match last {
            true => MissingEnd::CutOff,
            false if rest.len() > self.longest => MissingEnd::TooLong,
            false => MissingEnd::Wait,
        }
    }

    /// The input ended: says so where that is wrong.
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

    /// Names something at a record's place that is no record.
    fn emit_invalid(&mut self, why: InvalidRecordError, sink: &mut ItemSink<'_>) {
        self.number = self.number.saturating_add(1);
        self.emit_item(LogItem::Invalid { number: self.number, why }, sink);
    }

    /// The text is no JSON from the byte `at` of the input on: names it, and looks for the next line that
    /// begins with an object.
    fn reject_invalid_json(&mut self, at: usize, sink: &mut ItemSink<'_>) -> StepResult {
        let byte = self.text_offset(at);
        self.emit_invalid(InvalidRecordError::NotJson { byte }, sink);
        self.advance_to(SplitterState::Resync, at)
    }

    /// The place in the whole text of the byte `at` of the input.
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

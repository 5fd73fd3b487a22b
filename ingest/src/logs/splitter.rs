//! Cuts a text into records as it comes in, without building anything.
//!
//! The text is a row of documents, each one of the shapes that logs come in. Records are found by their
//! brackets alone; what is inside one is not judged. Text that is no JSON is named with its place, and
//! reading resumes at the next line that begins with an object.

mod documents;
mod lines;
mod list;
mod objects;
mod plain_record;
mod shape;

use super::bracket_scan::Brackets;
use super::item::{Item, Sink};
use super::problem::{BadRecord, DocumentError};
use list::List;

/// A text being cut. Holds no text: the caller keeps what was not used and hands it in again, with more.
#[derive(Debug)]
pub(super) struct Splitter {
    state: State,
    /// No record may be longer.
    longest: usize,
    /// Elements so far: records and what stood in a record's place.
    number: u64,
    /// How many bytes were used so far.
    used: u64,
    /// The last byte used was a line feed, or there was none.
    at_line_start: bool,
    seen: Seen,
    /// An object was never closed: from now on, a line that begins with `{` ends whatever is open.
    strict: bool,
    problems: Vec<DocumentError>,
    stopped: bool,
}

/// What the text has shown to be so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Seen {
    /// White space.
    Nothing,
    /// Something that is no JSON, from this byte on.
    Foreign(u64),
    /// A document, or at least one after something else.
    Document,
}

/// Where in the text the next byte is.
#[derive(Debug)]
enum State {
    /// Between documents.
    Top,
    /// Behind something broken, looking for a line that begins with `{`.
    Resync,
    /// In a list of records.
    List(List),
    /// In a document, behind a value.
    Tail,
    /// In a list, in an object that is too long.
    LongInList(Brackets, List),
}

/// What one step did.
enum Flow {
    /// Used so many bytes.
    Go(usize),
    /// Used so many bytes, and needs more input for the next.
    Wait(usize),
}

/// The input that one step sees.
#[derive(Clone, Copy)]
struct Input<'a> {
    /// What was not used yet; never empty.
    rest: &'a [u8],
    /// Nothing follows it.
    last: bool,
}

/// What to do about something that does not end in the input.
enum Lack {
    /// More input may bring the end.
    Wait,
    /// There is no more.
    CutOff,
    /// It is too long already.
    TooLong,
}

impl Splitter {
    /// A splitter that takes no record longer than `longest`.
    pub(super) fn new(longest: usize) -> Self {
        Self {
            state: State::Top,
            longest,
            number: 0,
            used: 0,
            at_line_start: true,
            seen: Seen::Nothing,
            strict: false,
            problems: Vec::new(),
            stopped: false,
        }
    }

    /// Hands out what is complete in `window`, and says how many of its bytes are used up.
    ///
    /// Something is always used if the window is longer than the longest record, or the last.
    pub(super) fn advance(&mut self, window: &[u8], last: bool, sink: &mut Sink<'_>) -> usize {
        let mut used = 0usize;
        while !self.stopped {
            let rest = window.get(used..).unwrap_or_default();
            if rest.is_empty() {
                if last {
                    self.finish();
                }
                break;
            }
            let (count, waits) = match self.step(Input { rest, last }, sink) {
                Flow::Go(count) => (count, false),
                Flow::Wait(count) => (count, true),
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
    pub(super) fn stopped(&self) -> bool {
        self.stopped
    }

    /// What was wrong with the text as a whole, each kind once.
    pub(super) fn problems(&self) -> &[DocumentError] {
        &self.problems
    }

    fn step(&mut self, input: Input<'_>, sink: &mut Sink<'_>) -> Flow {
        match std::mem::replace(&mut self.state, State::Top) {
            State::Top => self.top(input, sink),
            State::Resync => self.resync(input, sink),
            State::List(list) => self.list(list, input, sink),
            State::Tail => self.tail(input, sink),
            State::LongInList(mut brackets, list) => match brackets.close(input.rest) {
                Some(end) => self.go(State::List(list), end),
                None => self.go(State::LongInList(brackets, list), input.rest.len()),
            },
        }
    }

    fn go(&mut self, state: State, used: usize) -> Flow {
        self.state = state;
        Flow::Go(used)
    }

    fn wait(&mut self, state: State, used: usize) -> Flow {
        self.state = state;
        Flow::Wait(used)
    }

    /// Why something that begins with `rest` has no end in it.
    fn lack(&self, rest: &[u8], last: bool) -> Lack {
        match last {
            true => Lack::CutOff,
            false if rest.len() > self.longest => Lack::TooLong,
            false => Lack::Wait,
        }
    }

    /// The input ended: says so where that is wrong.
    fn finish(&mut self) {
        match std::mem::replace(&mut self.state, State::Top) {
            State::Top | State::Resync => match self.seen {
                Seen::Nothing => self.problem(DocumentError::Empty),
                Seen::Foreign(_) => self.problem(DocumentError::NotCloudTrail),
                Seen::Document => {}
            },
            State::Tail | State::List(_) | State::LongInList(..) => {
                self.problem(DocumentError::CutOff);
            }
        }
    }

    fn emit(&mut self, item: Item<'_>, sink: &mut Sink<'_>) {
        self.stopped = self.stopped || sink(item).is_break();
    }

    /// Names something at a record's place that is no record.
    fn bad(&mut self, why: BadRecord, sink: &mut Sink<'_>) {
        self.number = self.number.saturating_add(1);
        self.emit(Item::Bad { number: self.number, why }, sink);
    }

    /// The text is no JSON from the byte `at` of the input on: names it, and looks for the next line that
    /// begins with an object.
    fn invalid(&mut self, at: usize, sink: &mut Sink<'_>) -> Flow {
        let byte = self.offset(at);
        self.bad(BadRecord::NotJson { byte }, sink);
        self.go(State::Resync, at)
    }

    /// The place in the whole text of the byte `at` of the input.
    fn offset(&self, at: usize) -> u64 {
        self.used.saturating_add(u64::try_from(at).unwrap_or(u64::MAX))
    }

    fn problem(&mut self, problem: DocumentError) {
        if !self.problems.contains(&problem) {
            self.problems.push(problem);
        }
    }
}

#[cfg(test)]
mod tests;

//! Cuts a text into records as it comes in, without building anything.
//!
//! The text is a row of documents, each one of the shapes that `CloudTrail` logs come in. Records are found
//! by their brackets alone; what is inside one is not judged.

mod content;
mod lines;
mod list;
mod shape;
mod top;

use std::ops::ControlFlow;

use evenkeel_rules::ConfigurationItem;

use crate::bits::Brackets;
use crate::opened::Envelope;
use crate::problem::{BadRecord, DocumentError};
use list::{Junk, List};

/// No record may be longer. `CloudTrail`'s own limit is 256 KB.
pub const MAX_RECORD: usize = 16 << 20;

/// What a file holds, piece by piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Item<'a> {
    /// One record.
    Record {
        /// Its place in the file, counted from 1.
        number: u64,
        /// Its JSON text, from bracket to bracket, exactly as it stands in the file.
        bytes: &'a [u8],
        /// What `EventBridge` said about it.
        envelope: Option<&'a Envelope>,
    },
    /// One configuration item of AWS Config.
    Resource {
        /// Its place in the file, counted from 1.
        number: u64,
        /// The item, whatever its dialect.
        item: &'a ConfigurationItem,
        /// Why it may be forged.
        suspect: Option<&'static str>,
    },
    /// Something at a record's place that cannot be used.
    Bad {
        /// Its place in the file, counted from 1.
        number: u64,
        /// What is wrong with it.
        why: BadRecord,
    },
    /// Something that is known, and is no `CloudTrail` record.
    Skipped {
        /// What it is.
        kind: &'a str,
        /// How many there were.
        count: u64,
    },
}

/// Takes the items of a file in order, and says whether to go on.
pub type Sink<'s> = dyn FnMut(Item<'_>) -> ControlFlow<()> + 's;

/// A text being cut. Holds no text: the caller keeps what was not used and hands it in again, with more.
#[derive(Debug)]
pub(crate) struct Splitter {
    state: State,
    /// No record may be longer.
    longest: usize,
    /// Elements so far: records and what stood in a record's place.
    number: u64,
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
    /// Something that is no JSON.
    Foreign,
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
    /// In something in a list that is no object, or between two elements.
    InList(Junk, List),
    /// In a document, behind a value.
    Tail,
    /// In a document, in a value that nobody wants.
    InTail(Junk),
    /// In a list, in an object that is too long.
    LongInList(Brackets, List),
    /// In an object that is too long; the flag says that a line that begins with `{` ends it.
    LongAtTop(Brackets, bool),
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
    pub(crate) fn new(longest: usize) -> Self {
        Self {
            state: State::Top,
            longest,
            number: 0,
            seen: Seen::Nothing,
            strict: false,
            problems: Vec::new(),
            stopped: false,
        }
    }

    /// Hands out what is complete in `window`, and says how many of its bytes are used up.
    ///
    /// Something is always used if the window is longer than the longest record, or the last.
    pub(crate) fn advance(&mut self, window: &[u8], last: bool, sink: &mut Sink<'_>) -> usize {
        let mut used = 0usize;
        while !self.stopped {
            let rest = window.get(used..).unwrap_or_default();
            if rest.is_empty() {
                if last {
                    self.finish();
                }
                break;
            }
            match self.step(Input { rest, last }, sink) {
                Flow::Go(count) => used = used.saturating_add(count),
                Flow::Wait(count) => {
                    used = used.saturating_add(count);
                    break;
                }
            }
        }
        used
    }

    /// The sink has had enough.
    pub(crate) fn stopped(&self) -> bool {
        self.stopped
    }

    /// What was wrong with the text as a whole, each kind once.
    pub(crate) fn problems(&self) -> &[DocumentError] {
        &self.problems
    }

    fn step(&mut self, input: Input<'_>, sink: &mut Sink<'_>) -> Flow {
        match std::mem::replace(&mut self.state, State::Top) {
            State::Top => self.top(input, sink),
            State::Resync => self.resync(input, sink),
            State::List(list) => self.list(list, input, sink),
            State::Tail => self.tail(input, sink),
            State::InList(mut junk, list) => match junk.end(input.rest) {
                Some(end) => self.go(State::List(list), end),
                None => self.go(State::InList(junk, list), input.rest.len()),
            },
            State::InTail(mut junk) => match junk.end(input.rest) {
                Some(end) => self.go(State::Tail, end),
                None => self.go(State::InTail(junk), input.rest.len()),
            },
            State::LongInList(mut brackets, list) => match brackets.close(input.rest) {
                Some(end) => self.go(State::List(list), end),
                None => self.go(State::LongInList(brackets, list), input.rest.len()),
            },
            State::LongAtTop(brackets, lines) => self.long_at_top(brackets, lines, input),
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
                Seen::Foreign => self.problem(DocumentError::NotCloudTrail),
                Seen::Document => {}
            },
            State::LongAtTop(..) => {}
            State::Tail
            | State::InTail(_)
            | State::List(_)
            | State::InList(..)
            | State::LongInList(..) => self.problem(DocumentError::CutOff),
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

    fn problem(&mut self, problem: DocumentError) {
        if !self.problems.contains(&problem) {
            self.problems.push(problem);
        }
    }
}

#[cfg(test)]
mod tests;

//! The documents of a text: which shape each one has, and where it begins and ends.

use super::lines::{Extent, extent, object_line, on_one_line, own_lines};
use super::list::List;
use super::shape::{Shape, list_of, shape};
use super::{Flow, Input, Lack, Seen, Sink, Splitter, State};
use crate::logs::member_scan::{MemberScan, Step, skip_space, value_end};
use crate::logs::problem::{BadRecord, DocumentError};
use crate::payload::BatchElements;

/// The mark that some editors put before UTF-8 text.
const MARK: &[u8] = b"\xEF\xBB\xBF";

/// The names in so many bytes nearly always tell what a document is.
const GLANCE: usize = 512;

/// If not, then those in so many.
const HEAD: usize = 64 << 10;

impl Splitter {
    /// Goes to the next document, and begins it.
    pub(super) fn top(&mut self, input: Input<'_>, sink: &mut Sink<'_>) -> Flow {
        let at = skip_space(input.rest, 0);
        let rest = input.rest.get(at..).unwrap_or_default();
        let Some(first) = rest.first() else { return self.go(State::Top, at) };
        if rest.starts_with(MARK) {
            return self.go(State::Top, at.saturating_add(MARK.len()));
        }
        if MARK.starts_with(rest) && !input.last {
            return self.wait(State::Top, at);
        }
        let before = std::mem::replace(&mut self.seen, Seen::Document);
        match first {
            b'{' if at > 0 => self.go(State::Top, at),
            b'{' => self.open(input, sink),
            b'[' => {
                let list = List::new(BatchElements::Any, false);
                self.go(State::List(list), at.saturating_add(1))
            }
            0 => {
                self.problem(DocumentError::ZeroBytes);
                let zeros = rest.iter().take_while(|byte| **byte == 0).count();
                self.go(State::Top, at.saturating_add(zeros))
            }
            // It may be a file of another kind: nothing is said yet.
            _ if before == Seen::Nothing => {
                self.seen = Seen::Foreign(self.offset(at));
                self.go(State::Resync, at)
            }
            _ => self.invalid(at, sink),
        }
    }

    /// Goes to the next line that begins with an object.
    pub(super) fn resync(&mut self, input: Input<'_>, sink: &mut Sink<'_>) -> Flow {
        let here = self.at_line_start && input.rest.first() == Some(&b'{');
        let line = if here { Some(0) } else { object_line(input.rest) };
        let Some(line) = line else { return self.go(State::Resync, input.rest.len()) };
        if let Seen::Foreign(byte) = self.seen {
            self.bad(BadRecord::NotJson { byte }, sink);
        }
        self.go(State::Top, line)
    }

    /// Begins the document whose opening bracket is the first byte.
    fn open(&mut self, input: Input<'_>, sink: &mut Sink<'_>) -> Flow {
        let all = input.rest;
        let head = all.get(..HEAD).unwrap_or(all);
        let lines = self.lines(all);
        let mut seen = shape(all.get(..GLANCE).unwrap_or(all));
        if matches!(seen, Shape::More) {
            if head.len() < HEAD && !input.last {
                return self.wait(State::Top, 0);
            }
            seen = shape(own_lines(head, lines).unwrap_or(head));
        }
        if matches!(seen, Shape::More) {
            seen = shape(own_lines(all, lines).unwrap_or(all));
        }
        match seen {
            Shape::List(elements, at) => self.go(State::List(List::new(elements, true)), at),
            Shape::NoList(at) => {
                let null = input.rest.get(at) == Some(&b'n');
                self.problem(if null { DocumentError::NullList } else { DocumentError::NotAList });
                self.pass_value(State::Top, at, input, sink)
            }
            Shape::Object | Shape::More => self.collect(input, sink),
        }
    }

    /// Whether a line that begins with an object ends the one before. One that is printed over many lines may
    /// have such lines in it.
    fn lines(&self, object: &[u8]) -> bool {
        self.strict || on_one_line(object)
    }

    /// Takes a whole object, which is a document of its own.
    fn collect(&mut self, input: Input<'_>, sink: &mut Sink<'_>) -> Flow {
        match extent(input.rest, self.lines(input.rest)) {
            Extent::Closed(end) if end > self.longest => {
                self.bad(BadRecord::TooLong, sink);
                self.go(State::Resync, end)
            }
            Extent::Closed(end) => {
                self.object(input.rest.get(..end).unwrap_or_default(), sink);
                self.go(State::Top, end)
            }
            Extent::Line(line) => {
                self.bad(BadRecord::Unbalanced, sink);
                self.go(State::Top, line)
            }
            Extent::Open => self.open_object(input, sink),
        }
    }

    /// The object that the input begins with does not end in it.
    fn open_object(&mut self, input: Input<'_>, sink: &mut Sink<'_>) -> Flow {
        match (self.lack(input.rest, input.last), object_line(input.rest)) {
            (Lack::Wait, _) => self.wait(State::Top, 0),
            // It was taken for an object of many lines, and is none.
            (_, Some(line)) => {
                self.strict = true;
                self.bad(BadRecord::Unbalanced, sink);
                self.go(State::Top, line)
            }
            (Lack::TooLong, None) => {
                self.bad(BadRecord::TooLong, sink);
                self.go(State::Resync, input.rest.len())
            }
            (Lack::CutOff, None) => {
                self.bad(BadRecord::CutOff, sink);
                self.go(State::Top, input.rest.len())
            }
        }
    }

    /// Passes over the members of a document behind its list, or finds another list.
    pub(super) fn tail(&mut self, input: Input<'_>, sink: &mut Sink<'_>) -> Flow {
        match MemberScan::behind_value(input.rest).next() {
            Step::End(end) => self.go(State::Top, end),
            Step::Member(name, at) => match list_of(&name, at, input.rest) {
                Some(Shape::List(elements, at)) => {
                    self.go(State::List(List::new(elements, true)), at)
                }
                Some(_) => {
                    self.problem(DocumentError::NotAList);
                    self.pass_value(State::Tail, at, input, sink)
                }
                None => self.pass_value(State::Tail, at, input, sink),
            },
            Step::Broken => self.invalid(0, sink),
            Step::More => self.open_value(State::Tail, 0, input, sink),
        }
    }

    /// Passes over a value of a document that nobody wants; before it, the text was in this state.
    fn pass_value(
        &mut self,
        before: State,
        at: usize,
        input: Input<'_>,
        sink: &mut Sink<'_>,
    ) -> Flow {
        match value_end(input.rest, at) {
            Ok(end) => self.go(State::Tail, end),
            Err(Step::More) => self.open_value(before, 0, input, sink),
            Err(_) => self.invalid(at, sink),
        }
    }

    /// What begins at `at`, where the text was in this state, does not end in the input.
    pub(super) fn open_value(
        &mut self,
        before: State,
        at: usize,
        input: Input<'_>,
        sink: &mut Sink<'_>,
    ) -> Flow {
        match self.lack(input.rest.get(at..).unwrap_or_default(), input.last) {
            Lack::Wait => self.wait(before, at),
            Lack::TooLong => {
                self.bad(BadRecord::TooLong, sink);
                self.go(State::Resync, at)
            }
            Lack::CutOff => {
                self.problem(DocumentError::CutOff);
                self.go(State::Top, input.rest.len())
            }
        }
    }
}

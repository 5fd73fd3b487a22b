//! The documents of a text: which shape each one has, and where it begins and ends.

use super::lines::{Extent, extent, object_line, on_one_line, own_lines};
use super::list::{Elements, Junk, List};
use super::shape::{Shape, list_of, shape};
use super::{Flow, Input, Lack, Seen, Sink, Splitter, State};
use crate::bits::Brackets;
use crate::members::{Members, Step, skip_space};
use crate::problem::{BadRecord, DocumentError};

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
                let list = List::new(Elements::Objects, false);
                self.go(State::List(list), at.saturating_add(1))
            }
            0 => {
                self.problem(DocumentError::ZeroBytes);
                let zeros = rest.iter().take_while(|byte| **byte == 0).count();
                self.go(State::Top, at.saturating_add(zeros))
            }
            // Someone cut records out of a list: what follows is one, on the same line or not.
            b',' if before == Seen::Document => {
                self.separator(sink);
                self.go(State::Top, at.saturating_add(1))
            }
            _ => {
                if before == Seen::Nothing {
                    self.seen = Seen::Foreign;
                } else {
                    self.bad(BadRecord::NotJson, sink);
                }
                self.go(State::Resync, at)
            }
        }
    }

    /// Goes to the next line that begins with an object.
    pub(super) fn resync(&mut self, input: Input<'_>, sink: &mut Sink<'_>) -> Flow {
        if let Some(line) = object_line(input.rest) {
            if self.seen == Seen::Foreign {
                self.bad(BadRecord::NotJson, sink);
            }
            return self.go(State::Top, line);
        }
        let kept = usize::from(!input.last && input.rest.last() == Some(&b'\n'));
        let used = input.rest.len().saturating_sub(kept);
        if kept > 0 { self.wait(State::Resync, used) } else { self.go(State::Resync, used) }
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
            Shape::NoList(at) => self.no_list(at, input),
            Shape::Record => self.collect(true, input, sink),
            Shape::Whole | Shape::More => self.collect(false, input, sink),
        }
    }

    fn no_list(&mut self, at: usize, input: Input<'_>) -> Flow {
        let null = input.rest.get(at) == Some(&b'n');
        self.problem(if null { DocumentError::NullList } else { DocumentError::NotAList });
        self.go(State::InTail(Junk::default()), at)
    }

    /// Whether a line that begins with an object ends the one before. One that is printed over many lines may
    /// have such lines in it.
    fn lines(&self, object: &[u8]) -> bool {
        self.strict || on_one_line(object)
    }

    /// Takes a whole object, which is a document of its own.
    fn collect(&mut self, is_record: bool, input: Input<'_>, sink: &mut Sink<'_>) -> Flow {
        match extent(input.rest, self.lines(input.rest)) {
            Extent::Closed(end) => {
                let object = input.rest.get(..end).unwrap_or_default();
                if is_record {
                    self.record(object, sink);
                } else {
                    self.object(object, sink);
                }
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
        let lines = self.lines(input.rest);
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
                self.go(State::LongAtTop(Brackets::new(1), lines), 1)
            }
            (Lack::CutOff, None) => {
                self.bad(BadRecord::CutOff, sink);
                self.go(State::Top, input.rest.len())
            }
        }
    }

    /// Passes over the rest of an object that is too long.
    pub(super) fn long_at_top(
        &mut self,
        mut brackets: Brackets,
        lines: bool,
        input: Input<'_>,
    ) -> Flow {
        let line = object_line(input.rest).filter(|_| lines);
        let text = line.and_then(|line| input.rest.get(..line)).unwrap_or(input.rest);
        // A line feed at the end is kept: the next line may begin with an object.
        let kept =
            usize::from(lines && !input.last && text.last() == Some(&b'\n') && line.is_none());
        let text = text.get(..text.len().saturating_sub(kept)).unwrap_or_default();
        match (brackets.close(text), line) {
            (Some(end), _) => self.go(State::Top, end),
            (None, Some(line)) => self.go(State::Top, line),
            (None, None) if kept > 0 => self.wait(State::LongAtTop(brackets, lines), text.len()),
            (None, None) => self.go(State::LongAtTop(brackets, lines), text.len()),
        }
    }

    /// Passes over the members of a document behind its list, or finds another list.
    pub(super) fn tail(&mut self, input: Input<'_>, sink: &mut Sink<'_>) -> Flow {
        match Members::behind_value(input.rest).next() {
            Step::End(end) => self.go(State::Top, end),
            Step::Member(name, at) => match list_of(&name, at, input.rest) {
                Some(Shape::List(elements, at)) => {
                    self.go(State::List(List::new(elements, true)), at)
                }
                Some(_) => {
                    self.problem(DocumentError::NotAList);
                    self.go(State::InTail(Junk::default()), at)
                }
                None => self.go(State::InTail(Junk::default()), at),
            },
            Step::Broken => {
                self.bad(BadRecord::NotJson, sink);
                self.go(State::Resync, 0)
            }
            Step::More => match self.lack(input.rest, input.last) {
                Lack::Wait => self.wait(State::Tail, 0),
                Lack::TooLong => {
                    self.bad(BadRecord::TooLong, sink);
                    self.go(State::Resync, 0)
                }
                Lack::CutOff => {
                    self.problem(DocumentError::CutOff);
                    self.go(State::Top, input.rest.len())
                }
            },
        }
    }
}

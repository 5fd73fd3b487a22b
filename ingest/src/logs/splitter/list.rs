//! The elements of a list: the fast way from one record to the next, and the careful one.

use super::plain_record::is_plain_record;
use super::{Flow, Input, Lack, Sink, Splitter, State};
use crate::logs::bracket_scan::Brackets;
use crate::logs::member_scan::{Step, skip_space, value_end};
use crate::logs::problem::{BadRecord, DocumentError};
use crate::payload::{BatchElements, open};

/// A list whose elements are being taken.
#[derive(Debug, Clone, Copy)]
pub(super) struct List {
    elements: BatchElements,
    /// The list is a member of an object, not a document itself.
    is_member: bool,
    place: Place,
}

/// What may come next in a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// The first element, or the end.
    First,
    /// An element.
    Element,
    /// A comma, or the end.
    Comma,
}

impl List {
    /// A list whose opening bracket was just passed.
    pub(super) fn new(elements: BatchElements, is_member: bool) -> Self {
        Self { elements, is_member, place: Place::First }
    }
}

impl Splitter {
    /// Takes elements while they are objects with one comma between them.
    pub(super) fn list(&mut self, mut list: List, input: Input<'_>, sink: &mut Sink<'_>) -> Flow {
        let mut at = 0usize;
        while !self.stopped {
            at = skip_space(input.rest, at);
            let rest = input.rest.get(at..).unwrap_or_default();
            let (comma, object) = match (list.place, rest) {
                (Place::First | Place::Element, [b'{', ..]) => (0, rest),
                (Place::Comma, [b',', object @ ..]) if object.first() == Some(&b'{') => (1, object),
                (_, []) => break,
                (_, [next, ..]) => return self.careful(list, at, *next, input, sink),
            };
            let inner = object.get(1..).unwrap_or_default();
            let Some(length) = Brackets::new(1).close(inner) else {
                return self.open_element(list, at, comma, input, sink);
            };
            let end = length.saturating_add(1);
            self.element(&mut list, object.get(..end).unwrap_or_default(), sink);
            list.place = Place::Comma;
            at = at.saturating_add(comma).saturating_add(end);
        }
        self.go(State::List(list), at)
    }

    /// Takes one whole element.
    fn element(&mut self, list: &mut List, bytes: &[u8], sink: &mut Sink<'_>) {
        match list.elements {
            BatchElements::Records => {
                if list.place == Place::First && !is_plain_record(bytes) {
                    // Lambda's batches have a list of the same name.
                    if open(bytes).is_ok() {
                        list.elements = BatchElements::Any;
                        return self.object(bytes, sink);
                    }
                    self.problem(DocumentError::NotCloudTrail);
                }
                self.record(bytes, sink);
            }
            BatchElements::Any => self.object(bytes, sink),
            BatchElements::Of(format) => self.formatted(format, bytes, sink),
        }
    }

    /// An element begins `comma` bytes behind `at`, and does not end in the input.
    fn open_element(
        &mut self,
        mut list: List,
        at: usize,
        comma: usize,
        input: Input<'_>,
        sink: &mut Sink<'_>,
    ) -> Flow {
        let start = at.saturating_add(comma);
        let open = input.rest.get(start..).unwrap_or_default();
        match self.lack(open, input.last) {
            Lack::Wait => self.wait(State::List(list), at),
            Lack::TooLong => {
                self.bad(BadRecord::TooLong, sink);
                list.place = Place::Comma;
                self.go(State::LongInList(Brackets::new(1), list), start.saturating_add(1))
            }
            Lack::CutOff => {
                self.bad(BadRecord::CutOff, sink);
                self.go(State::Top, input.rest.len())
            }
        }
    }

    /// Takes what is neither an object nor a comma before one.
    fn careful(
        &mut self,
        mut list: List,
        at: usize,
        next: u8,
        input: Input<'_>,
        sink: &mut Sink<'_>,
    ) -> Flow {
        match (next, list.place) {
            (b']', Place::First | Place::Comma) => {
                let state = if list.is_member { State::Tail } else { State::Top };
                self.go(state, at.saturating_add(1))
            }
            (b',', Place::Comma) => {
                list.place = Place::Element;
                self.go(State::List(list), at.saturating_add(1))
            }
            (_, Place::Comma) => self.invalid(at, sink),
            (_, Place::First | Place::Element) => match value_end(input.rest, at) {
                Ok(end) => {
                    self.bad(BadRecord::NotAnObject, sink);
                    list.place = Place::Comma;
                    self.go(State::List(list), end)
                }
                Err(Step::More) => self.open_value(State::List(list), at, input, sink),
                Err(_) => self.invalid(at, sink),
            },
        }
    }
}

//! The elements of a list: the fast way from one record to the next, and the careful one.

use super::content::{self, Kind};
use super::{Flow, Input, Item, Lack, Sink, Splitter, State};
use crate::bits::Brackets;
use crate::members::skip_space;
use crate::problem::{BadRecord, DocumentError};

/// A list whose elements are being taken.
#[derive(Debug, Clone, Copy)]
pub(super) struct List {
    pub(super) elements: Elements,
    /// The list is a member of an object, not a document itself.
    pub(super) member: bool,
    place: Place,
}

/// What the elements of a list are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Elements {
    /// Records, and nothing else.
    Records,
    /// Any object that may be or hold a record.
    Objects,
    /// AWS Config's items.
    ConfigItems,
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
    pub(super) fn new(elements: Elements, member: bool) -> Self {
        Self { elements, member, place: Place::First }
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
                (_, [next, ..]) => return self.careful(list, at, *next, sink),
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
            Elements::Records => {
                if list.place == Place::First && content::kind(bytes) != Kind::Record {
                    // Lambda's batches have a list of the same name.
                    if content::is_known(bytes) {
                        list.elements = Elements::Objects;
                        return self.object(bytes, sink);
                    }
                    self.problem(DocumentError::NotCloudTrail);
                }
                self.record(bytes, sink);
            }
            Elements::Objects => self.object(bytes, sink),
            Elements::ConfigItems => self.config_item(bytes, sink),
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

    /// Passes over what is neither a complete object nor the one comma before it.
    fn careful(&mut self, mut list: List, at: usize, next: u8, sink: &mut Sink<'_>) -> Flow {
        let behind = at.saturating_add(1);
        match (next, list.place) {
            (b']', place) => {
                if place == Place::Element {
                    self.separator(sink);
                }
                self.go(if list.member { State::Tail } else { State::Top }, behind)
            }
            (b',', place) => {
                if place != Place::Comma {
                    self.separator(sink);
                }
                list.place = Place::Element;
                self.go(State::List(list), behind)
            }
            (b'{', _) => {
                self.separator(sink);
                list.place = Place::Element;
                self.go(State::List(list), at)
            }
            (_, Place::Comma) => {
                self.separator(sink);
                self.go(State::InList(Junk::default(), list), at)
            }
            (_, Place::First | Place::Element) => {
                self.bad(BadRecord::NotAnObject, sink);
                list.place = Place::Comma;
                self.go(State::InList(Junk::default(), list), at)
            }
        }
    }

    /// Names what stands before the next record; that keeps its own number.
    pub(super) fn separator(&mut self, sink: &mut Sink<'_>) {
        let number = self.number.saturating_add(1);
        self.emit(Item::Bad { number, why: BadRecord::Separator }, sink);
    }
}

/// Something that nobody wants: one value, or any text, to the comma or bracket behind it.
#[derive(Debug, Default)]
pub(super) struct Junk {
    begun: bool,
    depth: u64,
    quoted: bool,
    escaped: bool,
}

impl Junk {
    /// The offset of the byte behind it, or none if `bytes` ends before; then the next call goes on there.
    pub(super) fn end(&mut self, bytes: &[u8]) -> Option<usize> {
        bytes.iter().position(|byte| self.ends_before(*byte))
    }

    fn ends_before(&mut self, byte: u8) -> bool {
        let outside = !self.quoted && self.depth == 0 && self.begun;
        if outside && matches!(byte, b',' | b'{' | b'}' | b']') {
            return true;
        }
        self.begun = true;
        match byte {
            _ if self.escaped => self.escaped = false,
            b'\\' if self.quoted => self.escaped = true,
            b'"' => self.quoted = !self.quoted,
            b'{' | b'[' if !self.quoted => self.depth = self.depth.saturating_add(1),
            b'}' | b']' if !self.quoted => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
        false
    }
}

//! Opens what is in what is in a payload, within bounds.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::fault::{Fault, SourceError};
use crate::gunzip::Gunzip;
use crate::object::{self, Object};
use crate::opened::{Content, Message};
use crate::problem::{ProblemKind, ReadError};
use crate::sources::{BATCHES, SOURCES, Source, Unit, validation};

/// So often may one thing be wrapped in another.
const DEPTH: usize = 8;

/// All that one payload unpacks to may have so many bytes. An invocation has at most 6 MB.
const UNPACKED: usize = 128 << 20;

/// And one piece of it so many. `CloudWatch` Logs sends at most 1 MB.
const PIECE: usize = 32 << 20;

/// A payload may have so many parts.
const PARTS: usize = 100_000;

/// What a text holds.
pub(crate) enum Document<'a> {
    /// One thing, and the source that knows it.
    One(&'static Source, Object<'a>),
    /// Many things; the name of their list.
    Batch(Vec<&'a str>),
}

/// What a text holds, by its shape.
pub(crate) fn document(text: &str) -> Result<Document<'_>, SourceError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text).trim_ascii();
    if text.is_empty() {
        return Err(SourceError::new("payload", Fault::Empty));
    }
    if let Some(elements) = object::list(text) {
        return Ok(Document::Batch(elements));
    }
    let object = Object::parse(text).map_err(|why| SourceError::new("payload", why))?;
    if let Some(elements) = BATCHES.iter().find_map(|name| object.list(name)) {
        return Ok(Document::Batch(elements));
    }
    let source = known(&object)?;
    Ok(Document::One(source, object))
}

/// The source that knows an object.
pub(crate) fn known(object: &Object<'_>) -> Result<&'static Source, SourceError> {
    SOURCES.iter().copied().find(|source| (source.knows)(object)).ok_or_else(|| SourceError {
        what: "payload",
        why: Fault::UnknownShape,
        seen: object.names(),
    })
}

/// The opening of one payload.
#[derive(Debug, Default)]
pub(crate) struct Opening {
    parts: Vec<Result<Content, SourceError>>,
    depth: usize,
    unpacked: usize,
    count: usize,
}

impl Opening {
    /// Opens what is a message of its own.
    pub(crate) fn message(&mut self, source: &Source, object: &Object<'_>) -> Message {
        self.object(source, object);
        let Unit { id, trace, sent } = (source.unit)(object);
        Message { id, trace, sent, parts: std::mem::take(&mut self.parts) }
    }

    /// A message that cannot be opened at all.
    pub(crate) fn failed(error: SourceError) -> Message {
        Message { id: None, trace: None, sent: None, parts: vec![Err(error)] }
    }

    /// Takes what is in a text that `carrier` carries; what cannot be opened becomes a part that says so.
    pub(crate) fn text(&mut self, carrier: &'static str, text: &str) {
        if self.depth >= DEPTH {
            return self.fail(SourceError::new(carrier, Fault::TooDeep));
        }
        if let Some(kind) = validation(text) {
            return self.deliver(Content::Skipped { kind: kind.to_owned() });
        }
        self.depth = self.depth.saturating_add(1);
        match document(text) {
            Ok(Document::One(source, object)) => self.object(source, &object),
            Ok(Document::Batch(elements)) if elements.is_empty() => self.deliver(nothing()),
            Ok(Document::Batch(elements)) => self.elements(carrier, &elements),
            Err(error) => self.fail(SourceError { what: carrier, ..error }),
        }
        self.depth = self.depth.saturating_sub(1);
    }

    fn elements(&mut self, carrier: &'static str, elements: &[&str]) {
        for element in elements {
            match element_of(element) {
                Ok((source, object)) => self.object(source, &object),
                Err(error) => self.fail(SourceError { what: carrier, ..error }),
            }
            if self.count > PARTS {
                return;
            }
        }
    }

    fn object(&mut self, source: &Source, object: &Object<'_>) {
        let before = self.parts.len();
        let opened = (source.open)(object, self);
        let why = match opened {
            Err(why) => why,
            // Nothing is never taken for success.
            Ok(()) if self.parts.len() == before => Fault::Empty,
            Ok(()) => return,
        };
        self.fail(SourceError::new(source.name, why));
    }

    /// Takes one thing that is open.
    pub(crate) fn deliver(&mut self, content: Content) {
        self.part(Ok(content));
    }

    /// Takes something that is known, and not judged.
    pub(crate) fn skip(&mut self, kind: impl Into<String>) {
        self.deliver(Content::Skipped { kind: kind.into() });
    }

    /// Takes a part that cannot be opened.
    pub(crate) fn fail(&mut self, error: SourceError) {
        self.part(Err(error));
    }

    fn part(&mut self, part: Result<Content, SourceError>) {
        self.count = self.count.saturating_add(1);
        if self.count <= PARTS {
            self.parts.push(part);
        } else if self.count == PARTS.saturating_add(1) || self.parts.is_empty() {
            self.parts.push(Err(SourceError::new("payload", Fault::TooMany)));
        }
    }

    /// Unpacks gzip data.
    pub(crate) fn unpack(&mut self, packed: &[u8]) -> Result<String, Fault> {
        let limit = PIECE.min(UNPACKED.saturating_sub(self.unpacked));
        let mut gunzip = Gunzip::new(packed);
        let mut text = Vec::new();
        let mut length = 0usize;
        loop {
            // What is there counts, not what it claims to be: the buffer grows with the output.
            let size = length.saturating_mul(2).clamp(64 << 10, limit.saturating_add(1));
            text.resize(size, 0);
            let (count, problem) = gunzip.fill(text.get_mut(length..).unwrap_or_default());
            length = length.saturating_add(count);
            match problem {
                Some(ProblemKind::Read(ReadError::GzipBomb(_))) => return Err(Fault::TooLarge),
                Some(_) => return Err(Fault::Damaged),
                None if length > limit => return Err(Fault::TooLarge),
                None if length < size => break,
                None => {}
            }
        }
        self.unpacked = self.unpacked.saturating_add(length);
        text.truncate(length);
        String::from_utf8(text).map_err(|_| Fault::NotUtf8)
    }
}

/// One element of a batch, and the source that knows it.
pub(crate) fn element_of(text: &str) -> Result<(&'static Source, Object<'_>), SourceError> {
    let object = Object::parse(text).map_err(|why| SourceError::new("element", why))?;
    Ok((known(&object)?, object))
}

/// What an empty list is.
pub(crate) fn nothing() -> Content {
    Content::Skipped { kind: "empty list of records".to_owned() }
}

/// Base64 as AWS writes it.
pub(crate) fn base64(text: &str) -> Result<Vec<u8>, Fault> {
    STANDARD.decode(text).map_err(|_| Fault::NotBase64)
}

//! Opens a payload, and what is in it, and what is in that, within bounds.

use super::error::{Fault, PayloadError};
use super::format::{BatchElements, Delivery, Part, PayloadFormat};
use super::formats::{self, BATCH_LISTS, VALIDATION};
use super::json_object::{self, JsonObject};
use super::model::{Content, Message, Opened, Outer};
use crate::gzip;

/// So often may one thing be wrapped in another.
const DEPTH: usize = 8;

/// All that one payload unpacks to may have so many bytes. An invocation has at most 6 MB.
const UNPACKED: usize = 128 << 20;

/// And one piece of it so many. `CloudWatch` Logs sends at most 1 MB.
const PIECE: usize = 32 << 20;

/// A payload may have so many parts.
const PARTS: usize = 100_000;

/// Opens any payload that a function can be invoked with, and any document that a file can hold.
///
/// # Errors
/// When it is not JSON, or of no format that is known. Where only a part of it is, that part says so.
pub fn open(payload: &[u8]) -> Result<Opened, PayloadError> {
    let text =
        std::str::from_utf8(payload).map_err(|_| PayloadError::new("payload", Fault::NotUtf8))?;
    let mut parser = Parser::default();
    match document(text)? {
        Document::Object(format, object) => {
            let messages = vec![parser.message(format, &object)];
            Ok(Opened { outer: format.invoker, messages })
        }
        Document::Batch(elements, _) if elements.is_empty() => {
            let messages = vec![message(Delivery::default(), vec![Ok(empty_list())])];
            Ok(Opened { outer: Outer::Document, messages })
        }
        Document::Batch(elements, of) => parser.batch(&elements, of),
    }
}

/// Opens the object that a text consists of, and whose format is known.
///
/// # Errors
/// When it is no object.
pub(crate) fn open_as(
    format: &PayloadFormat,
    object: &[u8],
) -> Result<Vec<Result<Content, PayloadError>>, PayloadError> {
    let failed = |why| PayloadError::new(format.name, why);
    let text = std::str::from_utf8(object).map_err(|_| failed(Fault::NotUtf8))?;
    let object = JsonObject::parse(text).map_err(failed)?;
    Ok(Parser::default().open_parts(parse(format, &object)))
}

/// The format that an object is of.
fn find_format(object: &JsonObject<'_>) -> Result<&'static PayloadFormat, PayloadError> {
    formats::all().find(|format| format.matches(object)).ok_or_else(|| PayloadError {
        what: "payload",
        why: Fault::UnknownShape,
        seen: object.names(),
    })
}

/// What a text holds.
enum Document<'a> {
    /// One object, and its format.
    Object(&'static PayloadFormat, JsonObject<'a>),
    /// The elements of a batch, and what they are.
    Batch(Vec<&'a str>, BatchElements),
}

/// What a text holds, by its members.
fn document(text: &str) -> Result<Document<'_>, PayloadError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text).trim_ascii();
    if text.is_empty() {
        return Err(PayloadError::new("payload", Fault::Empty));
    }
    if let Some(elements) = json_object::list(text) {
        return Ok(Document::Batch(elements, BatchElements::Any));
    }
    let object = JsonObject::parse(text).map_err(|why| PayloadError::new("payload", why))?;
    for list in &BATCH_LISTS {
        if let Some(elements) = object.list(list.name) {
            return Ok(Document::Batch(elements, list.elements));
        }
    }
    Ok(Document::Object(find_format(&object)?, object))
}

/// One element of a batch, and its format.
fn element_of(
    text: &str,
    of: BatchElements,
) -> Result<(&'static PayloadFormat, JsonObject<'_>), PayloadError> {
    let object = JsonObject::parse(text).map_err(|why| PayloadError::new("element", why))?;
    let format = match of {
        BatchElements::Of(format) => format,
        BatchElements::Records | BatchElements::Any => find_format(&object)?,
    };
    Ok((format, object))
}

/// The parts of a text that `carrier` carries.
fn parse_text(carrier: &'static str, text: &str) -> Vec<Part> {
    // The only thing that AWS sends and that is no JSON.
    if text.trim_ascii().trim_end_matches('.') == VALIDATION {
        return vec![Part::skipped(VALIDATION)];
    }
    let broken = |error| Part::Broken(PayloadError { what: carrier, ..error });
    match document(text) {
        Ok(Document::Object(format, object)) => parse(format, &object),
        Ok(Document::Batch(elements, _)) if elements.is_empty() => {
            vec![Part::Content(empty_list())]
        }
        Ok(Document::Batch(elements, of)) => {
            let parts = elements.into_iter().flat_map(|element| match element_of(element, of) {
                Ok((format, object)) => parse(format, &object),
                Err(error) => vec![broken(error)],
            });
            // One more than may be, so that it shows.
            parts.take(PARTS.saturating_add(1)).collect()
        }
        Err(error) => vec![broken(error)],
    }
}

/// The parts of one object: never none, as nothing is not taken for success.
fn parse(format: &PayloadFormat, object: &JsonObject<'_>) -> Vec<Part> {
    let why = match (format.parse)(object) {
        Ok(parts) if parts.is_empty() => Fault::Empty,
        Ok(parts) => return parts,
        Err(why) => why,
    };
    vec![Part::Broken(PayloadError::new(format.name, why))]
}

fn message(delivery: Delivery, parts: Vec<Result<Content, PayloadError>>) -> Message {
    let Delivery { id, trace, sent } = delivery;
    Message { id, trace, sent, parts }
}

/// What an empty list is.
fn empty_list() -> Content {
    Content::Skipped { kind: "empty list of records".to_owned() }
}

/// The opening of one payload, and how much it came to so far.
#[derive(Debug, Default)]
struct Parser {
    unpacked: usize,
    parts: usize,
}

impl Parser {
    /// Opens each element on its own. Who invoked is who sent the first one that is known.
    fn batch(&mut self, elements: &[&str], of: BatchElements) -> Result<Opened, PayloadError> {
        let (mut outer, mut first) = (None, None);
        let mut messages = Vec::new();
        for element in elements {
            messages.push(match element_of(element, of) {
                Ok((format, object)) => {
                    outer = outer.or(Some(format.invoker));
                    self.message(format, &object)
                }
                Err(error) => {
                    first = first.or_else(|| Some(error.clone()));
                    message(Delivery::default(), vec![Err(error)])
                }
            });
        }
        match (outer, first) {
            (Some(outer), _) => Ok(Opened { outer, messages }),
            (None, Some(error)) => Err(error),
            (None, None) => Err(PayloadError::new("payload", Fault::Empty)),
        }
    }

    fn message(&mut self, format: &PayloadFormat, object: &JsonObject<'_>) -> Message {
        message((format.delivery)(object), self.open_parts(parse(format, object)))
    }

    /// Opens parts until nothing in them is closed any more, in their order.
    fn open_parts(&mut self, parts: Vec<Part>) -> Vec<Result<Content, PayloadError>> {
        let mut contents = Vec::new();
        let at_depth =
            |depth: usize, parts: Vec<Part>| parts.into_iter().rev().map(move |part| (depth, part));
        let mut pending: Vec<_> = at_depth(0, parts).collect();
        while let Some((depth, part)) = pending.pop() {
            let opened = match part {
                Part::Content(content) => Ok(content),
                Part::Broken(error) => Err(error),
                Part::Text { carrier, .. } | Part::Gzip { carrier, .. } if depth >= DEPTH => {
                    Err(PayloadError::new(carrier, Fault::TooDeep))
                }
                Part::Text { carrier, text } => {
                    pending.extend(at_depth(depth.saturating_add(1), parse_text(carrier, &text)));
                    continue;
                }
                Part::Gzip { carrier, data } => {
                    let unpacked = self.unpack(&data);
                    // It is one wrapping with its text.
                    pending.push((
                        depth,
                        match unpacked {
                            Ok(text) => Part::Text { carrier, text },
                            Err(why) => Part::Broken(PayloadError::new(carrier, why)),
                        },
                    ));
                    continue;
                }
            };
            self.parts = self.parts.saturating_add(1);
            if self.parts > PARTS {
                contents.push(Err(PayloadError::new("payload", Fault::TooMany)));
                break;
            }
            contents.push(opened);
        }
        contents
    }

    /// Unpacks gzip data, within what the whole payload may unpack to.
    fn unpack(&mut self, data: &[u8]) -> Result<String, Fault> {
        let limit = PIECE.min(UNPACKED.saturating_sub(self.unpacked));
        let text = gzip::unpack(data, limit).map_err(|_| Fault::Damaged)?;
        let text = text.ok_or(Fault::TooLarge)?;
        self.unpacked = self.unpacked.saturating_add(text.len());
        String::from_utf8(text).map_err(|_| Fault::NotUtf8)
    }
}

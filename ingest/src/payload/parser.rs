//! Opens a payload, and what is in it, and what is in that, within bounds.

use super::error::{PayloadError, PayloadErrorKind};
use super::format::{BatchElements, DeliveryMetadata, PayloadFormat, PayloadPart};
use super::formats::{self, BATCH_LISTS, VALIDATION_MESSAGE};
use super::json_object::{self, JsonObject};
use super::model::{ParsedPayload, PayloadContent, PayloadInvoker, PayloadMessage};
use crate::gzip;

/// So often may one thing be wrapped in another.
const MAX_DEPTH: usize = 8;

/// All that one payload unpacks to may have so many bytes. An invocation has at most 6 MB.
const MAX_UNPACKED_BYTES: usize = 128 << 20;

/// And one piece of it so many. `CloudWatch` Logs sends at most 1 MB.
const MAX_PIECE_BYTES: usize = 32 << 20;

/// A payload may have so many parts.
const MAX_PARTS: usize = 100_000;

/// Opens any payload that a function can be invoked with, and any document that a file can hold.
///
/// # Errors
/// When it is not JSON, or of no format that is known. Where only a part of it is, that part says so.
pub fn parse_payload(payload: &[u8]) -> Result<ParsedPayload, PayloadError> {
    let text = std::str::from_utf8(payload)
        .map_err(|_| PayloadError::new("payload", PayloadErrorKind::NotUtf8))?;
    let mut parser = PayloadParser::default();
    match parse_document(text)? {
        ParsedDocument::Object(format, object) => {
            let messages = vec![parser.parse_message(format, &object)];
            Ok(ParsedPayload { invoker: format.invoker, messages })
        }
        ParsedDocument::Batch(elements, _) if elements.is_empty() => {
            let messages = vec![build_message(DeliveryMetadata::default(), vec![Ok(empty_list())])];
            Ok(ParsedPayload { invoker: PayloadInvoker::Document, messages })
        }
        ParsedDocument::Batch(elements, of) => parser.parse_batch(&elements, of),
    }
}

/// Opens the object that a text consists of, and whose format is known.
///
/// # Errors
/// When it is no object.
pub(crate) fn parse_as_format(
    format: &PayloadFormat,
    object: &[u8],
) -> Result<Vec<Result<PayloadContent, PayloadError>>, PayloadError> {
    let failed = |why| PayloadError::new(format.name, why);
    let text = std::str::from_utf8(object).map_err(|_| failed(PayloadErrorKind::NotUtf8))?;
    let object = JsonObject::from_text(text).map_err(failed)?;
    Ok(PayloadParser::default().open_parts(parse_object(format, &object)))
}

/// The format that an object is of.
fn find_format(object: &JsonObject<'_>) -> Result<&'static PayloadFormat, PayloadError> {
    formats::all_formats().find(|format| format.matches_object(object)).ok_or_else(|| {
        PayloadError {
            what: "payload",
            why: PayloadErrorKind::UnknownShape,
            member_names: object.displayable_names(),
        }
    })
}

/// What a text holds.
enum ParsedDocument<'a> {
    /// One object, and its format.
    Object(&'static PayloadFormat, JsonObject<'a>),
    /// The elements of a batch, and what they are.
    Batch(Vec<&'a str>, BatchElements),
}

/// What a text holds, by its members.
fn parse_document(text: &str) -> Result<ParsedDocument<'_>, PayloadError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text).trim_ascii();
    if text.is_empty() {
        return Err(PayloadError::new("payload", PayloadErrorKind::Empty));
    }
    if let Some(elements) = json_object::parse_list(text) {
        return Ok(ParsedDocument::Batch(elements, BatchElements::Any));
    }
    let object = JsonObject::from_text(text).map_err(|why| PayloadError::new("payload", why))?;
    for list in &BATCH_LISTS {
        if let Some(elements) = object.list_member(list.name) {
            return Ok(ParsedDocument::Batch(elements, list.elements));
        }
    }
    Ok(ParsedDocument::Object(find_format(&object)?, object))
}

/// One element of a batch, and its format.
fn parse_element(
    text: &str,
    of: BatchElements,
) -> Result<(&'static PayloadFormat, JsonObject<'_>), PayloadError> {
    let object = JsonObject::from_text(text).map_err(|why| PayloadError::new("element", why))?;
    let format = match of {
        BatchElements::KnownFormat(format) => format,
        BatchElements::Records | BatchElements::Any => find_format(&object)?,
    };
    Ok((format, object))
}

/// The parts of a text that `carrier` carries.
fn parse_text(carrier: &'static str, text: &str) -> Vec<PayloadPart> {
    // The only thing that AWS sends and that is no JSON.
    if text.trim_ascii().trim_end_matches('.') == VALIDATION_MESSAGE {
        return vec![PayloadPart::new_skipped(VALIDATION_MESSAGE)];
    }
    let broken = |error| PayloadPart::Broken(PayloadError { what: carrier, ..error });
    match parse_document(text) {
        Ok(ParsedDocument::Object(format, object)) => parse_object(format, &object),
        Ok(ParsedDocument::Batch(elements, _)) if elements.is_empty() => {
            vec![PayloadPart::Content(empty_list())]
        }
        Ok(ParsedDocument::Batch(elements, of)) => {
            let parts = elements.into_iter().flat_map(|element| match parse_element(element, of) {
                Ok((format, object)) => parse_object(format, &object),
                Err(error) => vec![broken(error)],
            });
            // One more than may be, so that it shows.
            parts.take(MAX_PARTS.saturating_add(1)).collect()
        }
        Err(error) => vec![broken(error)],
    }
}

/// The parts of one object: never none, as nothing is not taken for success.
fn parse_object(format: &PayloadFormat, object: &JsonObject<'_>) -> Vec<PayloadPart> {
    let why = match (format.parse)(object) {
        Ok(parts) if parts.is_empty() => PayloadErrorKind::Empty,
        Ok(parts) => return parts,
        Err(why) => why,
    };
    vec![PayloadPart::Broken(PayloadError::new(format.name, why))]
}

fn build_message(
    delivery: DeliveryMetadata,
    parts: Vec<Result<PayloadContent, PayloadError>>,
) -> PayloadMessage {
    let DeliveryMetadata { id, trace, sent } = delivery;
    PayloadMessage { id, trace, sent, parts }
}

/// What an empty list is.
fn empty_list() -> PayloadContent {
    PayloadContent::Skipped { kind: "empty list of records".to_owned() }
}

/// The opening of one payload, and how much it came to so far.
#[derive(Debug, Default)]
struct PayloadParser {
    unpacked: usize,
    parts: usize,
}

impl PayloadParser {
    /// Opens each element on its own. Who invoked is who sent the first one that is known.
    fn parse_batch(
        &mut self,
        elements: &[&str],
        of: BatchElements,
    ) -> Result<ParsedPayload, PayloadError> {
        let (mut outer, mut first) = (None, None);
        let mut messages = Vec::new();
        for element in elements {
            messages.push(match parse_element(element, of) {
                Ok((format, object)) => {
                    outer = outer.or(Some(format.invoker));
                    self.parse_message(format, &object)
                }
                Err(error) => {
                    first = first.or_else(|| Some(error.clone()));
                    build_message(DeliveryMetadata::default(), vec![Err(error)])
                }
            });
        }
        match (outer, first) {
            (Some(outer), _) => Ok(ParsedPayload { invoker: outer, messages }),
            (None, Some(error)) => Err(error),
            (None, None) => Err(PayloadError::new("payload", PayloadErrorKind::Empty)),
        }
    }

    fn parse_message(&mut self, format: &PayloadFormat, object: &JsonObject<'_>) -> PayloadMessage {
        build_message((format.delivery)(object), self.open_parts(parse_object(format, object)))
    }

    /// Opens parts until nothing in them is closed any more, in their order.
    fn open_parts(&mut self, parts: Vec<PayloadPart>) -> Vec<Result<PayloadContent, PayloadError>> {
        let mut contents = Vec::new();
        let at_depth = |depth: usize, parts: Vec<PayloadPart>| {
            parts.into_iter().rev().map(move |part| (depth, part))
        };
        let mut pending: Vec<_> = at_depth(0, parts).collect();
        while let Some((depth, part)) = pending.pop() {
            let opened = match part {
                PayloadPart::Content(content) => Ok(content),
                PayloadPart::Broken(error) => Err(error),
                PayloadPart::Text { carrier, .. } | PayloadPart::Gzip { carrier, .. }
                    if depth >= MAX_DEPTH =>
                {
                    Err(PayloadError::new(carrier, PayloadErrorKind::TooDeep))
                }
                PayloadPart::Text { carrier, text } => {
                    pending.extend(at_depth(depth.saturating_add(1), parse_text(carrier, &text)));
                    continue;
                }
                PayloadPart::Gzip { carrier, data } => {
                    let unpacked = self.unpack_text(&data);
                    // It is one wrapping with its text.
                    pending.push((
                        depth,
                        match unpacked {
                            Ok(text) => PayloadPart::Text { carrier, text },
                            Err(why) => PayloadPart::Broken(PayloadError::new(carrier, why)),
                        },
                    ));
                    continue;
                }
            };
            self.parts = self.parts.saturating_add(1);
            if self.parts > MAX_PARTS {
                contents.push(Err(PayloadError::new("payload", PayloadErrorKind::TooMany)));
                break;
            }
            contents.push(opened);
        }
        contents
    }

    /// Unpacks gzip data, within what the whole payload may unpack to.
    fn unpack_text(&mut self, data: &[u8]) -> Result<String, PayloadErrorKind> {
        let limit = MAX_PIECE_BYTES.min(MAX_UNPACKED_BYTES.saturating_sub(self.unpacked));
        let text = gzip::unpack_within(data, limit).map_err(|_| PayloadErrorKind::Damaged)?;
        let text = text.ok_or(PayloadErrorKind::TooLarge)?;
        self.unpacked = self.unpacked.saturating_add(text.len());
        String::from_utf8(text).map_err(|_| PayloadErrorKind::NotUtf8)
    }
}

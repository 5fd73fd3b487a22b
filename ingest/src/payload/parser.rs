//! Parses a payload and unwraps nested payloads (SNS in SQS, ...), within depth and size limits.

use super::error::{PayloadError, PayloadErrorKind};
use super::format::{BatchElements, DeliveryMetadata, PayloadFormat, PayloadPart};
use super::formats::{self, BATCH_LISTS, VALIDATION_MESSAGE};
use super::json_object::{self, JsonObject};
use super::model::{ParsedPayload, PayloadContent, PayloadInvoker, PayloadMessage};
use crate::gzip;

/// The maximum nesting depth of payloads.
const MAX_DEPTH: usize = 8;

/// The maximum number of bytes that the gzip data of one payload may decompress to. The payload of
/// an invocation has at most 6 MB.
const MAX_UNPACKED_BYTES: usize = 128 << 20;

/// The maximum number of bytes that one piece of gzip data may decompress to. CloudWatch Logs sends
/// at most 1 MB.
const MAX_PIECE_BYTES: usize = 32 << 20;

/// The maximum number of parts of a payload.
const MAX_PARTS: usize = 100_000;

/// Parses a payload of any supported source, or a document of a log file.
///
/// This example parses a batch of SQS with one message:
///
/// ```
/// use evenkeel_ingest::{PayloadContent, PayloadInvoker, parse_payload};
///
/// let payload = br#"{"Records": [{
///     "messageId": "message-1",
///     "eventSource": "aws:sqs",
///     "body": "{\"eventSource\": \"kms.amazonaws.com\", \"eventName\": \"DisableKey\"}"
/// }]}"#;
/// let parsed = parse_payload(payload).expect("the format is known");
/// assert_eq!(parsed.invoker, PayloadInvoker::Sqs);
/// let message = &parsed.messages[0];
/// assert_eq!(message.id.as_deref(), Some("message-1"));
/// assert!(matches!(message.parts[0], Ok(PayloadContent::Record { .. })));
/// ```
///
/// # Errors
///
/// [`PayloadError`] if the payload is not JSON, or if the format of the payload is unknown. If only
/// a part of the payload cannot be parsed, the function succeeds, and the part contains the error.
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
        ParsedDocument::Batch(elements, known) => parser.parse_batch(&elements, known),
    }
}

/// Parses a text that consists of one object of the given format.
///
/// # Errors
///
/// [`PayloadError`] if the text is not a JSON object.
pub(crate) fn parse_as_format(
    format: &PayloadFormat,
    object: &[u8],
) -> Result<Vec<Result<PayloadContent, PayloadError>>, PayloadError> {
    let failed = |why| PayloadError::new(format.name, why);
    let text = std::str::from_utf8(object).map_err(|_| failed(PayloadErrorKind::NotUtf8))?;
    let object = JsonObject::from_text(text).map_err(failed)?;
    Ok(PayloadParser::default().open_parts(parse_object(format, &object)))
}

/// Returns the format of an object.
fn find_format(object: &JsonObject<'_>) -> Result<&'static PayloadFormat, PayloadError> {
    formats::all_formats().find(|format| format.matches_object(object)).ok_or_else(|| {
        PayloadError {
            what: "payload",
            why: PayloadErrorKind::UnknownShape,
            member_names: object.displayable_names(),
        }
    })
}

/// The content of a text.
enum ParsedDocument<'a> {
    /// One object and its format.
    Object(&'static PayloadFormat, JsonObject<'a>),
    /// The elements of a batch and their formats.
    Batch(Vec<&'a str>, BatchElements),
}

/// Determines the content of a text by the names of its members.
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

/// Parses one element of a batch, and determines its format.
fn parse_element(
    text: &str,
    known: BatchElements,
) -> Result<(&'static PayloadFormat, JsonObject<'_>), PayloadError> {
    let object = JsonObject::from_text(text).map_err(|why| PayloadError::new("element", why))?;
    let format = match known {
        BatchElements::KnownFormat(format) => format,
        BatchElements::Records | BatchElements::Any => find_format(&object)?,
    };
    Ok((format, object))
}

/// Parses the text in `carrier` into its parts.
fn parse_text(carrier: &'static str, text: &str) -> Vec<PayloadPart> {
    // This is the only message of AWS that is not JSON.
    if text.trim_ascii().trim_end_matches('.') == VALIDATION_MESSAGE {
        return vec![PayloadPart::new_skipped(VALIDATION_MESSAGE)];
    }
    let broken = |error| PayloadPart::Broken(PayloadError { what: carrier, ..error });
    match parse_document(text) {
        Ok(ParsedDocument::Object(format, object)) => parse_object(format, &object),
        Ok(ParsedDocument::Batch(elements, _)) if elements.is_empty() => {
            vec![PayloadPart::Content(empty_list())]
        }
        Ok(ParsedDocument::Batch(elements, known)) => {
            let parts =
                elements.into_iter().flat_map(|element| match parse_element(element, known) {
                    Ok((format, object)) => parse_object(format, &object),
                    Err(error) => vec![broken(error)],
                });
            // One part more than the limit, so that the caller detects the excess.
            parts.take(MAX_PARTS.saturating_add(1)).collect()
        }
        Err(error) => vec![broken(error)],
    }
}

/// Parses one object into its parts. The result is never empty: for an object without parts, the
/// result contains an error, so that the caller does not treat the object as successful.
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

/// Returns the content for an empty list.
fn empty_list() -> PayloadContent {
    PayloadContent::Skipped { kind: "empty list of records".to_owned() }
}

/// The parser of one payload, with the totals of decompressed bytes and of parts.
#[derive(Debug, Default)]
struct PayloadParser {
    unpacked: usize,
    parts: usize,
}

impl PayloadParser {
    /// Parses each element separately. The invoker is the service of the first element with a known
    /// format.
    fn parse_batch(
        &mut self,
        elements: &[&str],
        known: BatchElements,
    ) -> Result<ParsedPayload, PayloadError> {
        let (mut invoker, mut first) = (None, None);
        let mut messages = Vec::new();
        for element in elements {
            messages.push(match parse_element(element, known) {
                Ok((format, object)) => {
                    invoker = invoker.or(Some(format.invoker));
                    self.parse_message(format, &object)
                }
                Err(error) => {
                    first = first.or_else(|| Some(error.clone()));
                    build_message(DeliveryMetadata::default(), vec![Err(error)])
                }
            });
        }
        match (invoker, first) {
            (Some(invoker), _) => Ok(ParsedPayload { invoker, messages }),
            (None, Some(error)) => Err(error),
            (None, None) => Err(PayloadError::new("payload", PayloadErrorKind::Empty)),
        }
    }

    fn parse_message(&mut self, format: &PayloadFormat, object: &JsonObject<'_>) -> PayloadMessage {
        build_message((format.delivery)(object), self.open_parts(parse_object(format, object)))
    }

    /// Unwraps nested parts until all parts are content or errors. Keeps the order of the parts.
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
                    // The gzip data and its text count as one nesting level.
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

    /// Decompresses gzip data, within the limits of the piece and of the payload.
    fn unpack_text(&mut self, data: &[u8]) -> Result<String, PayloadErrorKind> {
        let limit = MAX_PIECE_BYTES.min(MAX_UNPACKED_BYTES.saturating_sub(self.unpacked));
        let text = gzip::unpack_within(data, limit).map_err(|_| PayloadErrorKind::Damaged)?;
        let text = text.ok_or(PayloadErrorKind::TooLarge)?;
        self.unpacked = self.unpacked.saturating_add(text.len());
        String::from_utf8(text).map_err(|_| PayloadErrorKind::NotUtf8)
    }
}

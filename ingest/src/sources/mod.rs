//! Every shape that a payload can have: one file a source, all on one list.
//!
//! Bytes come in, plain data goes out. Absent here: files, the network, clocks. What a service sends is
//! recognised by the names of its members, never by who is thought to have sent it.

mod config;
mod digest;
mod eventbridge;
mod item;
mod kinesis;
mod logs;
mod lookup;
mod notice;
mod record;
mod rule;
mod s3;
mod sns;
mod sqs;

pub(crate) use item::read as read_item;
pub(crate) use notice::validation;

use crate::fault::{Fault, SourceError};
use crate::object::Object;
use crate::opened::{Message, Opened, Outer};
use crate::opening::{Document, Opening, document, element_of, nothing};

/// All sources. The first that knows an object opens it: carriers come before what they carry.
pub(crate) const SOURCES: [&Source; 13] = [
    &sqs::SOURCE,
    &kinesis::SOURCE,
    &s3::SOURCE,
    &sns::SOURCE,
    &logs::SOURCE,
    &eventbridge::SOURCE,
    &rule::SOURCE,
    &config::SOURCE,
    &item::SOURCE,
    &notice::SOURCE,
    &digest::SOURCE,
    &lookup::SOURCE,
    &record::SOURCE,
];

/// The lists that hold the elements of a batch: of Lambda's batches, of a trail's logs, of the output of
/// `lookup-events`, of AWS Config's snapshots and histories, and of its API.
pub(crate) const BATCHES: [&str; 4] =
    ["Records", "Events", "configurationItems", "baseConfigurationItems"];

/// One shape.
pub(crate) struct Source {
    /// How it is called in messages.
    pub(crate) name: &'static str,
    /// Who invokes with it.
    pub(crate) outer: Outer,
    /// Whether an object has this shape.
    pub(crate) knows: fn(&Object<'_>) -> bool,
    /// Takes what is in it; nothing taken is an error.
    pub(crate) open: fn(&Object<'_>, &mut Opening) -> Result<(), Fault>,
    /// What is said of it where it can fail alone.
    pub(crate) unit: fn(&Object<'_>) -> Unit,
}

/// What a carrier says of one thing that can fail alone.
#[derive(Default)]
pub(crate) struct Unit {
    /// Its id.
    pub(crate) id: Option<String>,
    /// Its trace header.
    pub(crate) trace: Option<String>,
    /// When the carrier got it, in milliseconds since 1970.
    pub(crate) sent: Option<i64>,
}

/// What cannot fail alone has no id.
const NO_UNIT: fn(&Object<'_>) -> Unit = |_| Unit::default();

/// Opens any payload that a function can be invoked with, and any document that a file can hold.
///
/// # Errors
/// When it is not JSON, or of no shape that is known. Where only a part of it is, that part says so.
pub fn open(payload: &[u8]) -> Result<Opened, SourceError> {
    let text =
        std::str::from_utf8(payload).map_err(|_| SourceError::new("payload", Fault::NotUtf8))?;
    let mut opening = Opening::default();
    match document(text)? {
        Document::One(source, object) => {
            let messages = vec![opening.message(source, &object)];
            Ok(Opened { outer: source.outer, messages })
        }
        Document::Batch(elements) if elements.is_empty() => {
            let message = Message { id: None, trace: None, sent: None, parts: vec![Ok(nothing())] };
            Ok(Opened { outer: Outer::Document, messages: vec![message] })
        }
        Document::Batch(elements) => batch(&elements, &mut opening),
    }
}

/// Opens each element on its own. Who invoked is who sent the first one that is known.
fn batch(elements: &[&str], opening: &mut Opening) -> Result<Opened, SourceError> {
    let (mut outer, mut first) = (None, None);
    let mut messages = Vec::new();
    for element in elements {
        messages.push(match element_of(element) {
            Ok((source, object)) => {
                outer = outer.or(Some(source.outer));
                opening.message(source, &object)
            }
            Err(error) => {
                first = first.or_else(|| Some(error.clone()));
                Opening::failed(error)
            }
        });
    }
    match (outer, first) {
        (Some(outer), _) => Ok(Opened { outer, messages }),
        (None, Some(error)) => Err(error),
        (None, None) => Err(SourceError::new("payload", Fault::Empty)),
    }
}

#[cfg(test)]
mod tests;

//! The items that a log file contains.

use std::ops::ControlFlow;

use evenkeel_rules::ConfigurationItem;

use super::problem::InvalidRecordError;
use crate::payload::EventEnvelope;

/// The maximum size of a record in bytes (16 MiB). A longer record is invalid. The limit of
/// CloudTrail is 256 KB.
pub const MAX_RECORD: usize = 16 << 20;

/// An item of a log file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogItem<'a> {
    /// A CloudTrail record.
    Record {
        /// The position of the item in the file, counted from 1.
        number: u64,
        /// The JSON text of the record from brace to brace, exactly as in the file.
        bytes: &'a [u8],
        /// The EventBridge envelope, if the record has one.
        envelope: Option<&'a EventEnvelope>,
    },
    /// A configuration item of AWS Config.
    Resource {
        /// The position of the item in the file, counted from 1.
        number: u64,
        /// The item. All variants of configuration items are converted to this type.
        item: &'a ConfigurationItem,
        /// The reason why the item is possibly forged, if there is one.
        possibly_forged: Option<&'static str>,
    },
    /// An invalid element at the position of a record.
    Invalid {
        /// The position of the item in the file, counted from 1.
        number: u64,
        /// The cause.
        why: InvalidRecordError,
    },
    /// Known elements that are not CloudTrail records.
    Skipped {
        /// The kind of the elements.
        kind: &'a str,
        /// The number of elements.
        count: u64,
    },
}

/// A function that receives the items of a file in order. It returns `ControlFlow::Break` to stop
/// the reading.
pub type ItemSink<'s> = dyn FnMut(LogItem<'_>) -> ControlFlow<()> + 's;

//! What a log file holds, one thing after the other.

use std::ops::ControlFlow;

use evenkeel_rules::ConfigurationItem;

use super::problem::InvalidRecordError;
use crate::payload::EventEnvelope;

/// No record may be longer. `CloudTrail`'s own limit is 256 KB.
pub const MAX_RECORD: usize = 16 << 20;

/// What a file holds, piece by piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogItem<'a> {
    /// One record.
    Record {
        /// Its place in the file, counted from 1.
        number: u64,
        /// Its JSON text, from bracket to bracket, exactly as it stands in the file.
        bytes: &'a [u8],
        /// What `EventBridge` said about it.
        envelope: Option<&'a EventEnvelope>,
    },
    /// One configuration item of AWS Config.
    Resource {
        /// Its place in the file, counted from 1.
        number: u64,
        /// The item, whatever its dialect.
        item: &'a ConfigurationItem,
        /// Why it may be forged.
        possibly_forged: Option<&'static str>,
    },
    /// Something at a record's place that cannot be used.
    Invalid {
        /// Its place in the file, counted from 1.
        number: u64,
        /// What is wrong with it.
        why: InvalidRecordError,
    },
    /// Something that is known, and is no `CloudTrail` record.
    Skipped {
        /// What it is.
        kind: &'a str,
        /// How many there were.
        count: u64,
    },
}

/// Takes the items of a file in order, and says whether to go on.
pub type ItemSink<'s> = dyn FnMut(LogItem<'_>) -> ControlFlow<()> + 's;

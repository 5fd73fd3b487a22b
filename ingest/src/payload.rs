//! Parses the payloads of AWS services and the documents in log files into plain data.
//!
//! The module uses no files, no network and no clock. Therefore the same payload always gives the
//! same result.

mod error;
mod format;
mod formats;
mod json_object;
mod model;
mod parser;
mod provenance;

pub use error::{PayloadError, PayloadErrorKind};
pub(crate) use format::{BatchElements, PayloadFormat};
pub(crate) use formats::{BATCH_LISTS, FormatHint, find_format_hint, is_record_member, read_item};
pub(crate) use json_object::JsonObject;
pub use model::{
    ConfigRuleInvocation, EventEnvelope, ItemChange, LogObject, OversizedItem, ParsedPayload,
    PayloadContent, PayloadInvoker, PayloadMessage, RuleSubject,
};
pub(crate) use parser::parse_as_format;
pub use parser::parse_payload;
pub use provenance::find_forgery_sign;
pub(crate) use provenance::find_record_forgery_sign;

#[cfg(test)]
mod tests;

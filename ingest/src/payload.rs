//! Payloads: what a service delivers, and what a file holds, opened to plain data.
//!
//! Bytes come in, plain data goes out. Absent here: files, the network, clocks.

mod error;
mod format;
mod formats;
mod json_object;
mod model;
mod parser;
mod provenance;

pub use error::{Fault, PayloadError};
pub(crate) use format::{BatchElements, PayloadFormat};
pub(crate) use formats::{BATCH_LISTS, Hint, hint, is_record_member, read_item};
pub(crate) use json_object::JsonObject;
pub use model::{
    ConfigRuleInvocation, Content, Envelope, ItemChange, LogObject, Message, Opened, Outer,
    OversizedItem, RuleSubject,
};
pub use parser::open;
pub(crate) use parser::open_as;
pub use provenance::suspect;
pub(crate) use provenance::suspect_record;

#[cfg(test)]
mod tests;

//! A JSON parser that writes a flat tape of offsets into the borrowed text and builds no tree.

mod json_node;
mod json_string;
mod tape_entry;
mod tape_parser;

pub use json_node::{JsonNode, ListElements, ObjectMembers};
pub use json_string::{decode_string, decode_utf8_lossy};
pub use tape_entry::JsonKind;
pub use tape_parser::{JsonError, JsonTape, MAX_DEPTH};

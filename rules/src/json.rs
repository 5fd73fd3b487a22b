//! JSON as a flat tape over borrowed text: parsed once, looked up without building a tree.

mod entry;
mod node;
mod parse;
mod text;

pub use entry::Kind;
pub use node::{Members, Node, Values};
pub use parse::{JsonError, MAX_DEPTH, Tape};
pub use text::{decode, lossy};

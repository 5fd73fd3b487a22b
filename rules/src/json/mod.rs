//! JSON as a flat tape over borrowed text: parsed once, looked up without building a tree.

mod node;
mod parse;
mod text;

pub use node::{Kind, Members, Node, Values};
pub use parse::{JsonError, MAX_DEPTH, Tape};
pub use text::{decode, lossy};

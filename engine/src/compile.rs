//! Compiling: parsed text becomes an expression whose names are known and whose cost is bounded.

mod charges;
pub(crate) mod compiler;
pub(crate) mod functions;
mod inline;
pub(crate) mod instrument;
pub(crate) mod name_resolution;
pub(crate) mod pass;
pub(crate) mod syntax;
pub(crate) mod syntax_parsing;

//! The compilation of expressions: resolves names, expands variables and functions, and bounds the
//! cost.

mod charges;
pub(crate) mod compiler;
pub(crate) mod functions;
mod inline;
pub(crate) mod instrument;
pub(crate) mod name_resolution;
pub(crate) mod pass;
pub(crate) mod syntax;
pub(crate) mod syntax_parsing;

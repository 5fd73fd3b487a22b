//! Compiles expressions: resolves names, expands variables and functions, and inserts the calls
//! that limit the cost of an evaluation.

mod charges;
pub(crate) mod compiler;
pub(crate) mod functions;
mod inline;
pub(crate) mod instrument;
mod lazy_fallback;
pub(crate) mod name_resolution;
pub(crate) mod pass;
pub(crate) mod syntax;
pub(crate) mod syntax_parsing;

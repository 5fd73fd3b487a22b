//! The CEL engine: the only crate that names crate `cel`, and that mends what it lacks.
//!
//! Absent here: policies, events and statuses. Expressions go in, answers or failures come out.

pub mod ast;
mod compile;
mod environment;
mod failure;
pub mod glob;
mod library;
mod limits;
mod run;
mod stack;

pub use compile::compiler::Compiler;
pub use compile::functions::{Functions, FunctionsError};
pub use compile::instrument::is_written_call;
pub use compile::names::nearest;
pub use compile::pass::AstPass;
pub use compile::syntax::{Syntax, SyntaxKind};
pub use compile::syntax_only::check_syntax;
pub use failure::Failure;
pub use library::{PolicyDocumentError, library_functions, refuses_plain_http};
pub use limits::{EVALUATION_BUDGET, EVALUATION_STACK, MAX_DEPTH, MAX_NODES, MAX_SOURCE, MAX_TEXT};
pub use run::data::{Data, Shape};
pub use run::expression::Expression;
pub use run::fields::{Fields, ReadFlag};
pub use run::observation::{observe, observed, record_observations};
pub use run::scope::{Prepared, Scope};
pub use run::undecided::take_undecided;
pub use run::value::Answer;
pub use stack::{on_evaluation_stack, on_large_stack};

#[cfg(test)]
mod tests;

//! The CEL engine: the only place that names crate `cel`, and that mends what it lacks.
//!
//! Absent here: policies, events and statuses. Expressions go in, answers or failures come out.

mod blame;
mod budget;
mod charges;
mod compile;
mod failure;
mod fields;
mod functions;
mod guard;
mod library;
mod limits;
mod mutate;
mod names;
mod scope;
mod syntax;
mod told;
mod trace;
mod tree;
mod undecided;
mod value;

pub(crate) use compile::Rework;
pub use compile::{Compiler, Expression, Sources, check_syntax, on_large_stack};
pub use failure::Failure;
pub use fields::Fields;
pub use functions::{Functions, FunctionsError};
pub use library::refuses_plain_http;
pub use limits::{EVALUATION_BUDGET, MAX_DEPTH, MAX_NODES, MAX_SOURCE, MAX_TEXT};
pub use mutate::Mutation;
pub(crate) use mutate::Mutator;
pub use names::nearest;
pub use scope::{Prepared, Scope};
pub use syntax::{Syntax, SyntaxKind};
pub use trace::{Part, Sights, watching};
pub(crate) use undecided::take_undecided;
pub use value::Answer;

use cel::Env;
use std::sync::Arc;

thread_local! {
    /// The library every expression sees: CEL's standard one, its extensions, and ours. One a
    /// thread, so that threads do not share the counter of its references.
    static ENV: Result<Arc<Env>, String> = library();
}

/// What the library adds to CEL: each function as it is called, and what it gives.
pub fn library_functions() -> impl Iterator<Item = (&'static str, &'static str)> {
    library::DOCS.iter().copied()
}

type Extension = fn(&mut Env) -> Result<(), cel::DeclarationError>;

fn library() -> Result<Arc<Env>, String> {
    let mut env = Env::stdlib();
    let extensions: [Extension; 7] = [
        cel::extensions::strings,
        cel::extensions::lists,
        cel::extensions::math,
        cel::extensions::encoders,
        library::add,
        budget::add,
        trace::add,
    ];
    for extension in extensions {
        extension(&mut env).map_err(|error| error.to_string())?;
    }
    Ok(Arc::new(env))
}

fn env() -> Result<Arc<Env>, Failure> {
    ENV.with(Clone::clone).map_err(Failure::internal)
}

#[cfg(test)]
mod tests;

//! What every expression can call: CEL's standard library, its extensions, and ours.

use crate::failure::Failure;
use crate::library;
use crate::run::{budget, observation};
use cel::Env;
use std::sync::Arc;

thread_local! {
    /// One a thread, so that threads do not share the counter of its references.
    static ENVIRONMENT: Result<Arc<Env>, Failure> = build();
}

type Extension = fn(&mut Env) -> Result<(), cel::DeclarationError>;

fn build() -> Result<Arc<Env>, Failure> {
    let mut env = Env::stdlib();
    let extensions: [Extension; 7] = [
        cel::extensions::strings,
        cel::extensions::lists,
        cel::extensions::math,
        cel::extensions::encoders,
        library::add,
        budget::add,
        observation::add,
    ];
    for extension in extensions {
        extension(&mut env).map_err(|error| Failure::internal(error.to_string()))?;
    }
    Ok(Arc::new(env))
}

/// This thread's environment.
pub(crate) fn environment() -> Result<Arc<Env>, Failure> {
    ENVIRONMENT.with(Clone::clone)
}

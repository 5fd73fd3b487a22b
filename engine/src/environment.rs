//! The CEL environment: the standard library, its extensions, and the functions of Evenkeel.

use crate::cel_error::CelError;
use crate::library;
use crate::run::{budget, observation};
use cel::Env;
use std::sync::Arc;

thread_local! {
    /// The environment of the current thread. Each thread has its own, so that threads do not share
    /// a reference counter.
    static ENVIRONMENT: Result<Arc<Env>, CelError> = build_environment();
}

type EnvironmentExtension = fn(&mut Env) -> Result<(), cel::DeclarationError>;

fn build_environment() -> Result<Arc<Env>, CelError> {
    let mut env = Env::stdlib();
    let extensions: [EnvironmentExtension; 7] = [
        cel::extensions::strings,
        cel::extensions::lists,
        cel::extensions::math,
        cel::extensions::encoders,
        library::declare_library,
        budget::declare_budget_functions,
        observation::declare_observation,
    ];
    for extension in extensions {
        extension(&mut env).map_err(|error| CelError::internal_error(error.to_string()))?;
    }
    Ok(Arc::new(env))
}

/// Returns the environment of the current thread.
pub(crate) fn thread_environment() -> Result<Arc<Env>, CelError> {
    ENVIRONMENT.with(Clone::clone)
}

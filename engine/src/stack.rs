//! Threads whose stack is large enough to compile on, or to evaluate on.

use std::panic::resume_unwind;
use std::thread::{Builder, scope};

use crate::cel_error::CelError;
use crate::limits::{COMPILE_STACK, EVALUATION_STACK};

/// Runs `work` where there is stack enough to compile anything within the limits.
///
/// # Errors
/// When no thread can be started, or `work` panics.
pub fn on_large_stack<T: Send>(work: impl FnOnce() -> T + Send) -> Result<T, CelError> {
    scope(|threads| {
        let thread = Builder::new().stack_size(COMPILE_STACK);
        let thread = thread
            .spawn_scoped(threads, work)
            .map_err(|error| CelError::internal_error(format!("cannot start a thread: {error}")))?;
        thread.join().map_err(|_| CelError::internal_error("the compiler panicked".to_owned()))
    })
}

/// Runs `work`, a whole program for example, where there is stack enough to evaluate anything within the limits. A panic
/// of `work` goes on in the caller.
///
/// # Errors
/// When no thread can be started.
pub fn on_evaluation_stack<T: Send>(work: impl FnOnce() -> T + Send) -> std::io::Result<T> {
    scope(|threads| {
        let thread = Builder::new().stack_size(EVALUATION_STACK).spawn_scoped(threads, work)?;
        match thread.join() {
            Ok(done) => Ok(done),
            Err(panic) => resume_unwind(panic),
        }
    })
}

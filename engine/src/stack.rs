//! Runs work on threads whose stack is large enough for compilation or evaluation.

use std::panic::resume_unwind;
use std::thread::{Builder, scope};

use crate::cel_error::CelError;
use crate::limits::{COMPILE_STACK, EVALUATION_STACK};

/// Runs `work` on a thread whose stack is large enough to compile any expression within the limits.
///
/// # Errors
/// A [`CelError`] if the thread cannot start, or if `work` panics.
pub fn on_large_stack<T: Send>(work: impl FnOnce() -> T + Send) -> Result<T, CelError> {
    scope(|threads| {
        let thread = Builder::new().stack_size(COMPILE_STACK);
        let thread = thread
            .spawn_scoped(threads, work)
            .map_err(|error| CelError::internal_error(format!("cannot start a thread: {error}")))?;
        thread.join().map_err(|_| CelError::internal_error("the compiler panicked".to_owned()))
    })
}

/// Runs `work` on a thread whose stack is large enough to evaluate any expression within the
/// limits. `work` can be a whole program. A panic of `work` continues in the caller.
///
/// # Errors
/// An I/O error if the thread cannot start.
pub fn on_evaluation_stack<T: Send>(work: impl FnOnce() -> T + Send) -> std::io::Result<T> {
    scope(|threads| {
        let thread = Builder::new().stack_size(EVALUATION_STACK).spawn_scoped(threads, work)?;
        match thread.join() {
            Ok(done) => Ok(done),
            Err(panic) => resume_unwind(panic),
        }
    })
}

//! A stack that is large enough to compile on.

use crate::failure::Failure;
use crate::limits::COMPILE_STACK;

/// Runs `work` where there is stack enough to compile anything within the limits.
///
/// # Errors
/// When no thread can be started, or `work` panics.
pub fn on_large_stack<T: Send>(work: impl FnOnce() -> T + Send) -> Result<T, Failure> {
    std::thread::scope(|threads| {
        let thread = std::thread::Builder::new().stack_size(COMPILE_STACK);
        let thread = thread
            .spawn_scoped(threads, work)
            .map_err(|error| Failure::internal(format!("cannot start a thread: {error}")))?;
        thread.join().map_err(|_| Failure::internal("the compiler panicked".to_owned()))
    })
}

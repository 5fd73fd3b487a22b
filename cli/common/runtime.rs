//! The asynchronous runtime for commands that call AWS.

use crate::common::exit::CommandError;

/// Runs `work` to its end on a new single-threaded runtime.
///
/// # Errors
/// The error of `work`; [`CommandError::Io`] if the runtime cannot start.
pub(crate) fn run_async<T>(
    work: impl Future<Output = Result<T, CommandError>>,
) -> Result<T, CommandError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(CommandError::io_error("cannot start the runtime"))?.block_on(work)
}

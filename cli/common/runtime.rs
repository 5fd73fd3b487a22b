//! What commands need to await AWS: a runtime.

use crate::common::exit::CommandError;

/// Runs what awaits AWS.
pub(crate) fn run_async<T>(
    work: impl Future<Output = Result<T, CommandError>>,
) -> Result<T, CommandError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(CommandError::io_error("cannot start the runtime"))?.block_on(work)
}

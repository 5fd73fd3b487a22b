//! What commands need to await AWS: a runtime.

use crate::common::exit::Stopped;

/// Runs what awaits AWS.
pub(crate) fn awaited<T>(work: impl Future<Output = Result<T, Stopped>>) -> Result<T, Stopped> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(Stopped::io("cannot start the runtime"))?.block_on(work)
}

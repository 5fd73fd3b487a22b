//! How failures of the ledger and of bundles end the command.

use evenkeel_ingest::BundleError;
use evenkeel_ledger::LedgerError;

use crate::common::exit::Stopped;
use crate::common::terminal::safe;

/// The ledger could not be written.
pub(super) fn unwritten(error: LedgerError) -> Stopped {
    Stopped::io("cannot write to the ledger")(std::io::Error::other(error))
}

/// A bundle cannot be used.
pub(super) fn unusable(error: &BundleError) -> Stopped {
    match error {
        BundleError::Ledger(error) => {
            Stopped::io("cannot read the ledger")(std::io::Error::other(error.to_string()))
        }
        error => Stopped::Wrong(safe(&error.to_string())),
    }
}

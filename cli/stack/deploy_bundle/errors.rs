//! How failures of the ledger and of bundles end the command.

use evenkeel_ledger::{LedgerError, LoadBundleError, PublishBundleError};
use evenkeel_rules::bundle::BundleError;

use crate::common::exit::CommandError;
use crate::common::ledger::ledger_read_error;
use crate::common::terminal::escape_terminal;

/// The ledger could not be written.
fn ledger_write_error(error: LedgerError) -> CommandError {
    CommandError::io_error("cannot write to the ledger")(std::io::Error::other(error))
}

/// Files that are to make up a bundle make none.
pub(super) fn invalid_bundle_error(error: &BundleError) -> CommandError {
    CommandError::Invalid(escape_terminal(&error.to_string()))
}

/// A bundle of the ledger cannot be used.
pub(super) fn load_bundle_error(error: &LoadBundleError) -> CommandError {
    match error {
        LoadBundleError::Ledger(error) => CommandError::io_error("cannot read the ledger")(
            std::io::Error::other(error.to_string()),
        ),
        LoadBundleError::Bundle(error) => invalid_bundle_error(error),
    }
}

/// A bundle cannot be published.
pub(super) fn publish_bundle_error(error: PublishBundleError) -> CommandError {
    match error {
        PublishBundleError::Read(error) => ledger_read_error(error),
        PublishBundleError::Write(error) => ledger_write_error(error),
        PublishBundleError::Bundle(error) => invalid_bundle_error(&error),
        taken @ PublishBundleError::KeyConflict(_) => CommandError::Invalid(taken.to_string()),
    }
}

//! Converts errors of the ledger and of bundles into errors of the command.

use evenkeel_ledger::{LedgerError, LoadBundleError, PublishBundleError};
use evenkeel_rules::bundle::BundleError;

use crate::common::exit::CommandError;
use crate::common::ledger::ledger_read_error;
use crate::common::terminal::escape_terminal;

/// Converts an error of a write to the ledger.
fn ledger_write_error(error: LedgerError) -> CommandError {
    CommandError::io_error("cannot write to the ledger")(std::io::Error::other(error))
}

/// Converts an error of an invalid bundle.
pub(super) fn invalid_bundle_error(error: &BundleError) -> CommandError {
    CommandError::Invalid(escape_terminal(&error.to_string()))
}

/// Converts an error of a load of a bundle from the ledger.
pub(super) fn load_bundle_error(error: &LoadBundleError) -> CommandError {
    match error {
        LoadBundleError::Ledger(error) => CommandError::io_error("cannot read the ledger")(
            std::io::Error::other(error.to_string()),
        ),
        LoadBundleError::Bundle(error) => invalid_bundle_error(error),
    }
}

/// Converts an error of the publication of a bundle.
pub(super) fn publish_bundle_error(error: PublishBundleError) -> CommandError {
    match error {
        PublishBundleError::Read(error) => ledger_read_error(error),
        PublishBundleError::Write(error) => ledger_write_error(error),
        PublishBundleError::Bundle(error) => invalid_bundle_error(&error),
        conflict @ PublishBundleError::KeyConflict(_) => {
            CommandError::Invalid(conflict.to_string())
        }
    }
}

//! How failures of the ledger and of bundles end the command.

use evenkeel_ledger::{LedgerError, LoadBundleError, PublishBundleError};
use evenkeel_rules::bundle::BundleError;

use crate::common::exit::Stopped;
use crate::common::ledger::unreadable;
use crate::common::terminal::safe;

/// The ledger could not be written.
fn unwritten(error: LedgerError) -> Stopped {
    Stopped::io("cannot write to the ledger")(std::io::Error::other(error))
}

/// Files that are to make up a bundle make none.
pub(super) fn broken(error: &BundleError) -> Stopped {
    Stopped::Wrong(safe(&error.to_string()))
}

/// A bundle of the ledger cannot be used.
pub(super) fn unusable(error: &LoadBundleError) -> Stopped {
    match error {
        LoadBundleError::Ledger(error) => {
            Stopped::io("cannot read the ledger")(std::io::Error::other(error.to_string()))
        }
        LoadBundleError::Bundle(error) => broken(error),
    }
}

/// A bundle cannot be published.
pub(super) fn unpublished(error: PublishBundleError) -> Stopped {
    match error {
        PublishBundleError::Read(error) => unreadable(error),
        PublishBundleError::Write(error) => unwritten(error),
        PublishBundleError::Bundle(error) => broken(&error),
        taken @ PublishBundleError::Taken(_) => Stopped::Wrong(taken.to_string()),
    }
}

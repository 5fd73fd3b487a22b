//! All remediators: one file each, on one list.

pub mod cloudtrail_restore_trail;
pub mod kms_cancel_key_deletion;
pub mod kms_enable_key;
mod kms_key;
mod refusal;

pub use kms_key::Key;

use crate::remediator::Remediator;
use cloudtrail_restore_trail::RestoreTrail;
use kms_cancel_key_deletion::CancelKeyDeletion;
use kms_enable_key::EnableKey;

/// What is known of a remediator without running it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its name in policies' headers.
    pub id: &'static str,
    /// The IAM actions that it uses.
    pub permissions: &'static [&'static str],
}

/// All remediators.
pub const CATALOG: &[Entry] =
    &[entry::<RestoreTrail>(), entry::<CancelKeyDeletion>(), entry::<EnableKey>()];

const fn entry<R: Remediator>() -> Entry {
    Entry { id: R::ID, permissions: R::PERMISSIONS }
}

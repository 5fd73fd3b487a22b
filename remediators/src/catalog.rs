//! All remediators: one file each, on one list.

pub mod cloudtrail_restore_trail;

use crate::remediator::Remediator;
use cloudtrail_restore_trail::RestoreTrail;

/// What is known of a remediator without running it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its name in policies' headers.
    pub id: &'static str,
    /// The IAM actions that it uses.
    pub permissions: &'static [&'static str],
}

/// All remediators.
pub const CATALOG: &[Entry] = &[entry::<RestoreTrail>()];

const fn entry<R: Remediator>() -> Entry {
    Entry { id: R::ID, permissions: R::PERMISSIONS }
}

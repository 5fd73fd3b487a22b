//! Records of what the library could not decide during an evaluation.
//!
//! A function may find some violations and be unable to decide about others. It returns the
//! violations that it found, and records the reason here. The violations that it found are valid,
//! but the absence of further violations is not proof of compliance.

use std::cell::Cell;

thread_local! {
    static NOTED: Cell<Option<&'static str>> = const { Cell::new(None) };
}

/// Records the reason why something could not be decided.
pub(crate) fn note_undecided(why: &'static str) {
    NOTED.set(Some(why));
}

/// Returns the reason that was recorded since the last call, and clears it.
pub fn take_undecided() -> Option<&'static str> {
    NOTED.take()
}

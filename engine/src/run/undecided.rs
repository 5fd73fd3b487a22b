//! Records that a function of the library could not decide a question during an evaluation.
//!
//! A function may find some violations and be unable to decide whether there are others. The
//! function then returns the violations that it found, and records the reason here. These
//! violations are valid. If the function found none, the caller must not treat the resource as
//! compliant.

use std::cell::Cell;

thread_local! {
    static NOTED: Cell<Option<&'static str>> = const { Cell::new(None) };
}

/// Records the reason why a function could not decide a question.
pub(crate) fn note_undecided(why: &'static str) {
    NOTED.set(Some(why));
}

/// Returns the reason that was recorded since the last call, and clears it.
pub fn take_undecided() -> Option<&'static str> {
    NOTED.take()
}

//! What the library could not decide while an expression was evaluated.
//!
//! A function that finds some violations, and of others cannot tell, gives those that it found and notes the rest here:
//! what was found is a violation all the same, and what was not found is not known to comply.

use std::cell::Cell;

thread_local! {
    static NOTED: Cell<Option<&'static str>> = const { Cell::new(None) };
}

/// Notes that something could not be decided, and why.
pub(crate) fn note_undecided(why: &'static str) {
    NOTED.set(Some(why));
}

/// What was noted since the last call, which is then forgotten.
pub fn take_undecided() -> Option<&'static str> {
    NOTED.take()
}

//! Limits the work of a search.

use std::cell::Cell;

/// The search needs more steps than its limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OutOfWork;

/// The number of steps that a question may still use.
#[derive(Debug)]
pub(crate) struct WorkLimit {
    left: Cell<u64>,
}

impl WorkLimit {
    /// Creates a limit.
    pub(crate) fn new(steps: u64) -> Self {
        WorkLimit { left: Cell::new(steps) }
    }

    /// Uses steps. After the first error, every call fails.
    pub(crate) fn spend_steps(&self, steps: usize) -> Result<(), OutOfWork> {
        let steps = u64::try_from(steps).unwrap_or(u64::MAX);
        match self.left.get().checked_sub(steps) {
            Some(left) => {
                self.left.set(left);
                Ok(())
            }
            None => {
                self.left.set(0);
                Err(OutOfWork)
            }
        }
    }
}

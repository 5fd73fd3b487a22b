//! Limits the steps of the searches.

use std::cell::Cell;

/// The searches need more steps than their limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct StepsExhausted;

/// The number of steps that questions may use together. One step is about one comparison of a
/// character. When no step is left, the answer is unknown.
#[derive(Clone, Debug)]
pub struct StepLimit {
    used: Cell<u64>,
    maximum: u64,
}

impl StepLimit {
    /// Creates a limit.
    pub fn new(maximum: u64) -> Self {
        StepLimit { used: Cell::new(0), maximum }
    }

    /// Returns the number of steps that were used.
    pub fn used_steps(&self) -> u64 {
        self.used.get()
    }

    /// Uses steps. After the first error, every call fails.
    pub(crate) fn spend_steps(&self, steps: usize) -> Result<(), StepsExhausted> {
        let steps = u64::try_from(steps).unwrap_or(u64::MAX);
        let used = self.used.get().saturating_add(steps);
        self.used.set(used.min(self.maximum));
        if used < self.maximum { Ok(()) } else { Err(StepsExhausted) }
    }
}

impl Default for StepLimit {
    /// A limit of one and a half million steps.
    fn default() -> Self {
        StepLimit::new(1_500_000)
    }
}

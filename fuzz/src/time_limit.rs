//! Fails if a piece of work takes too long.

use cpu_time::ThreadTime;
use std::time::Duration;

/// The longest time of one core that one input may take.
const LIMIT: Duration = Duration::from_secs(1);

/// Runs `work`, and returns its result.
///
/// # Panics
/// If the work takes longer than one second.
pub fn run_within_limit<T>(work: impl FnOnce() -> T) -> T {
    // The time on the clock would also count the work of other programs.
    let start = ThreadTime::now();
    let result = work();
    let time = start.elapsed();
    assert!(time <= LIMIT, "one input took {time:?}; the limit is {LIMIT:?}");
    result
}

//! The CEL function `days`, which exists because the standard `duration` has no unit for days.

use cel::common::types::{CelDuration, CelInt};
use cel::{DeclarationError, Env, ExecutionError};
use chrono::Duration;

use super::function::{FunctionDoc, function_error};

/// The documentation of the functions in this file.
pub(super) const DOCS: &[FunctionDoc] = &[("days(n)", "a duration of `n` times 24 hours")];

/// Declares the functions of this file in the environment.
pub(super) fn declare_time_functions(env: &mut Env) -> Result<(), DeclarationError> {
    cel::add_overload!(env, fn days: (CelInt) -> Result<CelDuration>)
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "declared functions take references")]
fn days(n: &CelInt) -> Result<CelDuration, ExecutionError> {
    Duration::try_days(*n.inner())
        // A CEL duration is a number of nanoseconds in 64 bits: at most about 292 years.
        .filter(|duration| duration.num_nanoseconds().is_some())
        .map(CelDuration::from)
        .ok_or_else(|| function_error("days", "out of range"))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{assert_fails, assert_holds};

    #[test]
    fn days_are_24_hours() {
        assert_holds(&[
            "days(90) == duration('2160h')",
            "days(-1) < duration('0s')",
            "timestamp('2024-03-01T00:00:00Z') - days(1) == timestamp('2024-02-29T00:00:00Z')",
        ]);
        assert_fails("out of range", &["days(106752)", "days(9223372036854775807)"]);
    }
}

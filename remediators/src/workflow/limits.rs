//! The limits of remediations: retry limits of a resource and daily budgets.
//!
//! The functions read no ledger and no clock. Their callers read the earlier attempts from the
//! ledger, so the limits survive a crash.

use serde::{Deserialize, Serialize};

/// An attempt on one resource, as the limits count it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttemptRecord {
    /// The start of the attempt in milliseconds since 1970.
    pub time: i64,
    /// The principal that violated the policy.
    pub actor: String,
    /// The SHA-256 digest of the prior state, in hexadecimal.
    pub before: String,
}

/// The limits for one remediator on one resource, for all policies together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryLimits {
    /// The maximum number of attempts within the window.
    pub attempts: usize,
    /// The length of the window in milliseconds.
    pub window: i64,
    /// The maximum number of times that the same state is restored within `reversal_window`.
    pub reversals: usize,
    /// The length in milliseconds of the window for restorations of the same state. It is longer
    /// than `window`, because a deployment pipeline can set the state again once a day.
    pub reversal_window: i64,
}

impl Default for RetryLimits {
    /// Returns limits of three attempts a day, and two restorations of the same state in 14 days.
    fn default() -> Self {
        let day = 86_400_000;
        RetryLimits {
            attempts: 3,
            window: day,
            reversals: 2,
            reversal_window: day.saturating_mul(14),
        }
    }
}

/// The limits of one account for one day (UTC) and all resources. Accounts are counted separately,
/// so that one account cannot use the budget of the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DailyBudget {
    /// The maximum number of attempts in the account.
    pub account: u32,
    /// The maximum number of attempts for one policy in the account.
    pub policy: u32,
    /// The number of failures of one policy in the account that opens the circuit breaker.
    pub failures: u32,
}

impl Default for DailyBudget {
    /// Returns a budget of 100 attempts in an account, and 50 attempts and 5 failures for a policy
    /// in it.
    fn default() -> Self {
        DailyBudget { account: 100, policy: 50, failures: 5 }
    }
}

/// The limit that blocks a further attempt.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LimitExceeded {
    /// The retry limit of the resource is reached.
    #[error(
        "the retry limit is reached: {0} attempts on this resource within the retry window (24 \
         hours by default); run `evenkeel status` and correct the cause"
    )]
    AttemptsExhausted(usize),
    /// A daily budget is used up.
    #[error(
        "the daily budget is used up: {count} attempts today {what}; a new budget starts at 00:00 \
         UTC"
    )]
    BudgetExhausted {
        /// The maximum number of attempts.
        count: u32,
        /// The account, and the policy if the budget is that of a policy.
        what: String,
    },
    /// The circuit breaker is open because of failures.
    #[error(
        "the circuit breaker is open: remediation failed {failures} times today {what}; run \
         `evenkeel status` and correct the cause"
    )]
    CircuitOpen {
        /// The number of failures.
        failures: u32,
        /// The account and the policy.
        what: String,
    },
    /// Somebody sets the same non-compliant state repeatedly.
    #[error(
        "Evenkeel restored the resource {times} times, and the same state was set again by {}; fix \
         the source of the change (for example, a deployment pipeline); remediation is suspended",
        by.join(", ")
    )]
    StateReversed {
        /// The number of earlier attempts that restored the resource from this state.
        times: usize,
        /// The principals that set the state, without duplicates.
        by: Vec<String>,
    },
}

/// Checks whether one more attempt is allowed.
///
/// # Errors
/// [`LimitExceeded::StateReversed`] or [`LimitExceeded::AttemptsExhausted`].
pub fn check_limits(
    limits: &RetryLimits,
    past: &[AttemptRecord],
    now: &AttemptRecord,
) -> Result<(), LimitExceeded> {
    // After a clock correction, earlier attempts can be in the future. They count as well.
    let since = |window| now.time.saturating_sub(window);
    let recent = |window| past.iter().filter(move |attempt| attempt.time > since(window));
    let same: Vec<_> =
        recent(limits.reversal_window).filter(|attempt| attempt.before == now.before).collect();
    if same.len() >= limits.reversals {
        let mut by: Vec<String> = same.iter().map(|attempt| attempt.actor.clone()).collect();
        by.push(now.actor.clone());
        by.sort();
        by.dedup();
        return Err(LimitExceeded::StateReversed { times: same.len(), by });
    }
    let attempts = recent(limits.window).count();
    if attempts >= limits.attempts {
        return Err(LimitExceeded::AttemptsExhausted(attempts));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attempt(time: i64, before: &str) -> AttemptRecord {
        AttemptRecord { time, actor: "pipeline".to_owned(), before: before.to_owned() }
    }

    #[test]
    fn the_retry_limit_applies_within_the_window() {
        let limits = RetryLimits::default();
        let past = [attempt(0, "a"), attempt(1, "b"), attempt(2, "c")];
        assert_eq!(check_limits(&limits, &past[..2], &attempt(3, "d")), Ok(()));
        assert_eq!(
            check_limits(&limits, &past, &attempt(3, "d")),
            Err(LimitExceeded::AttemptsExhausted(3))
        );
        assert_eq!(check_limits(&limits, &past, &attempt(limits.window, "d")), Ok(()));
    }

    #[test]
    fn a_state_that_was_restored_twice_is_not_restored_again() {
        let past = [attempt(0, "a"), attempt(1, "a")];
        let exceeded = check_limits(&RetryLimits::default(), &past, &attempt(2, "a")).unwrap_err();
        assert_eq!(
            exceeded,
            LimitExceeded::StateReversed { times: 2, by: vec!["pipeline".to_owned()] }
        );
    }

    #[test]
    fn attempts_in_the_future_count_after_a_clock_correction() {
        let past = [attempt(90, "a"), attempt(91, "b"), attempt(92, "c")];
        assert_eq!(
            check_limits(&RetryLimits::default(), &past, &attempt(5, "d")),
            Err(LimitExceeded::AttemptsExhausted(3))
        );
    }
}

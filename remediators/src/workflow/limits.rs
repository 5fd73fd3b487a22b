//! How often a resource may be repaired: bounded, and not in a war with whoever breaks it again.
//!
//! Pure: what happened comes in, what is allowed goes out. What happened is read from the ledger, so that the
//! bound survives a crash.

use serde::{Deserialize, Serialize};

/// What happened to one resource under one policy, from the ledger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttemptRecord {
    /// When it was begun: milliseconds since 1970.
    pub time: i64,
    /// Who had violated.
    pub actor: String,
    /// The digest of the state before.
    pub before: String,
}

/// What is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryLimits {
    /// So many attempts on one resource and policy.
    pub attempts: usize,
    /// Within so many milliseconds.
    pub window: i64,
    /// So often may the same state come back within the window.
    pub reversals: usize,
}

impl Default for RetryLimits {
    /// Three attempts in a day; what comes back twice is not fought.
    fn default() -> Self {
        RetryLimits { attempts: 3, window: 86_400_000, reversals: 2 }
    }
}

/// What is allowed in one account in a day, whatever the resource. Nothing is counted across accounts: who owns one
/// account could otherwise use up what repairs in the others need.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DailyBudget {
    /// So many attempts in the account.
    pub account: u32,
    /// So many attempts for one policy in the account.
    pub policy: u32,
    /// After so many failures for one policy in the account its circuit is open.
    pub failures: u32,
}

impl Default for DailyBudget {
    /// A hundred attempts in an account, fifty for a policy in it, five failures for a policy in it.
    fn default() -> Self {
        DailyBudget { account: 100, policy: 50, failures: 5 }
    }
}

/// Why no further attempt is made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LimitExceeded {
    /// Too often already.
    #[error("{0} attempts within the window: the budget is used up")]
    AttemptsExhausted(usize),
    /// Too often already today, on whatever resource.
    #[error("{count} attempts today {what}: the budget is used up")]
    BudgetExhausted {
        /// How many are allowed.
        count: u32,
        /// In which account, and for which policy where it is one policy's.
        what: String,
    },
    /// What fails again and again is not tried on.
    #[error(
        "the circuit is open: repairs failed {failures} times today {what}; see their outcomes"
    )]
    CircuitOpen {
        /// How often they failed.
        failures: u32,
        /// In which account, and for which policy.
        what: String,
    },
    /// Somebody sets the same state again and again.
    #[error(
        "the same state was set again {times} times, by {}, and restored as often by us: who does that, an infrastructure pipeline perhaps, must be mended and not fought",
        by.join(", ")
    )]
    StateReversed {
        /// How often.
        times: usize,
        /// By whom, each once.
        by: Vec<String>,
    },
}

/// Whether one more attempt is allowed.
///
/// # Errors
/// When it is not, and why.
pub fn check_limits(
    limits: &RetryLimits,
    past: &[AttemptRecord],
    now: &AttemptRecord,
) -> Result<(), LimitExceeded> {
    // A clock that was set back makes attempts lie in the future: they count.
    let since = now.time.saturating_sub(limits.window);
    let recent: Vec<&AttemptRecord> = past.iter().filter(|attempt| attempt.time > since).collect();
    let same: Vec<_> = recent.iter().filter(|attempt| attempt.before == now.before).collect();
    if same.len() >= limits.reversals {
        let mut by: Vec<String> = same.iter().map(|attempt| attempt.actor.clone()).collect();
        by.push(now.actor.clone());
        by.sort();
        by.dedup();
        return Err(LimitExceeded::StateReversed { times: same.len(), by });
    }
    if recent.len() >= limits.attempts {
        return Err(LimitExceeded::AttemptsExhausted(recent.len()));
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
    fn attempts_have_a_budget_that_comes_back_with_time() {
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
    fn a_state_that_comes_back_is_not_fought() {
        let past = [attempt(0, "a"), attempt(1, "a")];
        let stop = check_limits(&RetryLimits::default(), &past, &attempt(2, "a")).unwrap_err();
        assert_eq!(
            stop,
            LimitExceeded::StateReversed { times: 2, by: vec!["pipeline".to_owned()] }
        );
    }

    #[test]
    fn attempts_of_a_clock_that_was_set_back_count() {
        let past = [attempt(90, "a"), attempt(91, "b"), attempt(92, "c")];
        assert_eq!(
            check_limits(&RetryLimits::default(), &past, &attempt(5, "d")),
            Err(LimitExceeded::AttemptsExhausted(3))
        );
    }
}

//! Counts attempts against the daily budgets of an account. The counts are in the ledger, so that
//! they apply to all workers and survive crashes.
//!
//! An attempt first claims its intent, and then a numbered place in each budget. A worker that
//! cannot claim the intent therefore uses no budget. An attempt that resumes after a crash claims a
//! place in each budget in which it has none.

use super::{ExecutorResult, RemediationExecutor};
use crate::journal::record::{JournalKeys, digest_text};
use crate::violation::TargetResource;
use crate::workflow::limits::LimitExceeded;

/// A day, in milliseconds.
const DAY: i64 = 86_400_000;

/// One daily budget.
struct DailyAllowance {
    /// The key prefix of the numbered places in the ledger.
    places: String,
    /// The number of places.
    count: u32,
    /// A description of the scope for messages, such as `in account 111122223333`.
    what: String,
}

impl RemediationExecutor {
    /// Returns the budget or the circuit breaker that blocks further attempts today, or `None`. The
    /// function reserves no place in a budget.
    pub(super) async fn check_budget(
        &self,
        target: &TargetResource,
        now: i64,
    ) -> ExecutorResult<Option<LimitExceeded>> {
        let failures = self.daily_budget(target).failures;
        if self.count_places(&failure_places(target, now)).await? >= failures {
            return Ok(Some(LimitExceeded::CircuitOpen {
                failures,
                what: describe_policy(target),
            }));
        }
        for DailyAllowance { places, count, what } in self.daily_allowances(target, now) {
            if self.count_places(&places).await? >= count {
                return Ok(Some(LimitExceeded::BudgetExhausted { count, what }));
            }
        }
        Ok(None)
    }

    /// Reserves a place for an attempt in each budget. Returns the exceeded budget if other workers
    /// have taken all its places since [`Self::check_budget`].
    pub(super) async fn reserve_budget(
        &self,
        target: &TargetResource,
        attempt: u32,
        now: i64,
    ) -> ExecutorResult<Option<LimitExceeded>> {
        let owner = JournalKeys::for_target(target).intent_key(attempt);
        for DailyAllowance { places, count, what } in self.daily_allowances(target, now) {
            if !self.reserve_place(&places, count, &owner).await? {
                return Ok(Some(LimitExceeded::BudgetExhausted { count, what }));
            }
        }
        Ok(None)
    }

    /// Reserves a place for an interrupted attempt in each budget in which the attempt has no
    /// place.
    pub(super) async fn reserve_budget_once(
        &self,
        target: &TargetResource,
        attempt: u32,
        now: i64,
    ) -> ExecutorResult<()> {
        let owner = JournalKeys::for_target(target).intent_key(attempt);
        for DailyAllowance { places, count, .. } in self.daily_allowances(target, now) {
            if !self.has_reserved_place(&places, &owner).await? {
                self.reserve_place(&places, count, &owner).await?;
            }
        }
        Ok(())
    }

    /// Returns whether an owner has a place in a budget.
    async fn has_reserved_place(&self, places: &str, owner: &str) -> ExecutorResult<bool> {
        for key in self.ledger.list_keys(places).await? {
            if self.ledger.read_record(&key).await? == place_record(owner) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Counts a failed remediation for the circuit breaker.
    pub(super) async fn count_failure(
        &self,
        target: &TargetResource,
        now: i64,
    ) -> ExecutorResult<()> {
        self.reserve_place(&failure_places(target, now), u32::MAX, "").await.map(drop)
    }

    /// Returns the budgets of the account and of the policy in the account.
    fn daily_allowances(&self, target: &TargetResource, now: i64) -> [DailyAllowance; 2] {
        let (budget, TargetResource { account, policy, .. }) = (self.daily_budget(target), target);
        let place = |what: &str| format!("budgets/{}/{account}/{what}", now.div_euclid(DAY));
        [
            DailyAllowance {
                places: place("all"),
                count: budget.account,
                what: format!("in account {account}"),
            },
            DailyAllowance {
                places: place(&format!("policy-{}", digest_text(policy))),
                count: budget.policy,
                what: describe_policy(target),
            },
        ]
    }

    /// Returns the number of places of a budget that are taken.
    async fn count_places(&self, places: &str) -> ExecutorResult<u32> {
        let taken = self.ledger.list_keys(places).await?.len();
        Ok(u32::try_from(taken).unwrap_or(u32::MAX))
    }

    /// Claims the next place in a budget. Returns `false` if all places are taken.
    async fn reserve_place(&self, places: &str, count: u32, owner: &str) -> ExecutorResult<bool> {
        let record = place_record(owner);
        let mut place = self.count_places(places).await?;
        while place < count {
            if self.ledger.claim_key(&format!("{places}/{place:06}.json"), &record).await? {
                return Ok(true);
            }
            place = place.saturating_add(1);
        }
        Ok(false)
    }
}

/// Returns the record of a taken place. `owner` is the key of an intent.
fn place_record(owner: &str) -> Vec<u8> {
    serde_json::json!({"intent": owner}).to_string().into_bytes()
}

/// Returns the key prefix under which the failures of a policy in an account are counted.
fn failure_places(target: &TargetResource, now: i64) -> String {
    let TargetResource { account, policy, .. } = target;
    format!("failures/{}/{account}/policy-{}", now.div_euclid(DAY), digest_text(policy))
}

fn describe_policy(target: &TargetResource) -> String {
    format!("for policy {} in account {}", target.policy, target.account)
}

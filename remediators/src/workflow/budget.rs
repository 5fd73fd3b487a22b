//! What may be spent in a day, counted in the ledger by account, so that it is bounded across workers and crashes.
//!
//! Each attempt takes a numbered place that nobody else can take, once its intent is its own: who loses a race for
//! the intent spends nothing. An attempt that goes on after a crash takes a place if it has none.

use super::{Drive, Driven};
use crate::journal::record::{Records, digest};
use crate::violation::Target;
use crate::workflow::limits::Stop;

/// A day, in milliseconds.
const DAY: i64 = 86_400_000;

/// Numbered places in the ledger.
struct Allowance {
    places: String,
    count: u32,
    what: String,
}

impl Drive {
    /// Why nothing more may be spent today, if so. Nothing is spent yet.
    pub(super) async fn check_budget(&self, target: &Target, now: i64) -> Driven<Option<Stop>> {
        let failures = self.settings.budget.failures;
        if self.count_places(&failure_places(target, now)).await? >= failures {
            return Ok(Some(Stop::Open { failures, what: describe_policy(target) }));
        }
        for Allowance { places, count, what } in self.allowances(target, now) {
            if self.count_places(&places).await? >= count {
                return Ok(Some(Stop::Daily { count, what }));
            }
        }
        Ok(None)
    }

    /// Spends what an attempt takes. Says why not where somebody else took the last place meanwhile.
    pub(super) async fn spend(
        &self,
        target: &Target,
        attempt: u32,
        now: i64,
    ) -> Driven<Option<Stop>> {
        let owner = Records::of(target).intent(attempt);
        for Allowance { places, count, what } in self.allowances(target, now) {
            if !self.take(&places, count, &owner).await? {
                return Ok(Some(Stop::Daily { count, what }));
            }
        }
        Ok(None)
    }

    /// Spends what an interrupted attempt takes, unless it did before.
    pub(super) async fn spend_once(&self, target: &Target, attempt: u32, now: i64) -> Driven<()> {
        let owner = Records::of(target).intent(attempt);
        for Allowance { places, count, .. } in self.allowances(target, now) {
            if !self.has_taken(&places, &owner).await? {
                self.take(&places, count, &owner).await?;
            }
        }
        Ok(())
    }

    async fn has_taken(&self, places: &str, owner: &str) -> Driven<bool> {
        for key in self.ledger.list(places).await? {
            if self.ledger.read(&key).await? == place_record(owner) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Counts a failed repair.
    pub(super) async fn count_failure(&self, target: &Target, now: i64) -> Driven<()> {
        self.take(&failure_places(target, now), u32::MAX, "").await.map(drop)
    }

    fn allowances(&self, target: &Target, now: i64) -> [Allowance; 2] {
        let (budget, Target { account, policy, .. }) = (self.settings.budget, target);
        let place = |what: &str| format!("budgets/{}/{account}/{what}", now.div_euclid(DAY));
        [
            Allowance {
                places: place("all"),
                count: budget.account,
                what: format!("in account {account}"),
            },
            Allowance {
                places: place(&format!("policy-{}", digest(policy))),
                count: budget.policy,
                what: describe_policy(target),
            },
        ]
    }

    async fn count_places(&self, places: &str) -> Driven<u32> {
        let taken = self.ledger.list(places).await?.len();
        Ok(u32::try_from(taken).unwrap_or(u32::MAX))
    }

    /// Takes the next place; none where all are taken.
    async fn take(&self, places: &str, count: u32, owner: &str) -> Driven<bool> {
        let record = place_record(owner);
        let mut place = self.count_places(places).await?;
        while place < count {
            if self.ledger.claim(&format!("{places}/{place:06}.json"), &record).await? {
                return Ok(true);
            }
            place = place.saturating_add(1);
        }
        Ok(false)
    }
}

/// Who took a place: the key of an intent.
fn place_record(owner: &str) -> Vec<u8> {
    serde_json::json!({"intent": owner}).to_string().into_bytes()
}

fn failure_places(target: &Target, now: i64) -> String {
    let Target { account, policy, .. } = target;
    format!("failures/{}/{account}/policy-{}", now.div_euclid(DAY), digest(policy))
}

fn describe_policy(target: &Target) -> String {
    format!("for policy {} in account {}", target.policy, target.account)
}

//! What may be spent in a day, counted in the ledger, so that it is bounded across workers and crashes.
//!
//! Each attempt takes a numbered place that nobody else can take. A place that was taken by an attempt that
//! then was not begun is lost for the day: the bound errs on the safe side.

use super::{Drive, Driven};
use crate::guard::Stop;
use crate::record::digest;
use crate::remediator::Remediator;
use crate::violation::Target;

/// A day, in milliseconds.
const DAY: i64 = 86_400_000;

impl<R: Remediator> Drive<R> {
    /// Why nothing more may be spent today, if so; otherwise it is spent.
    pub(super) async fn spend(&self, target: &Target, now: i64) -> Driven<Option<Stop>> {
        let (budget, day) = (self.settings.budget, now.div_euclid(DAY));
        let failed = self.ledger.list(&failures::<R>(day)).await?.len();
        if failed >= usize::try_from(budget.failures).unwrap_or(usize::MAX) {
            return Ok(Some(Stop::Open(R::ID.to_owned(), budget.failures)));
        }
        let account = (format!("account-{}", target.account), budget.account);
        let policy = (format!("policy-{}", digest(&target.policy)), budget.policy);
        let what =
            [format!("in account {}", target.account), format!("for policy {}", target.policy)];
        for ((place, count), what) in [account, policy].into_iter().zip(what) {
            if !self.take(&format!("budgets/{day}/{place}"), count).await? {
                return Ok(Some(Stop::Daily { count, what }));
            }
        }
        Ok(None)
    }

    /// Counts a failure of the remediator.
    pub(super) async fn failed(&self, now: i64) -> Driven<()> {
        self.take(&failures::<R>(now.div_euclid(DAY)), u32::MAX).await.map(drop)
    }

    /// Takes the next place; none where all are taken.
    async fn take(&self, places: &str, count: u32) -> Driven<bool> {
        let taken = self.ledger.list(places).await?.len();
        let mut place = u32::try_from(taken).unwrap_or(u32::MAX);
        while place < count {
            if self.ledger.claim(&format!("{places}/{place:06}.json"), b"{}").await? {
                return Ok(true);
            }
            place = place.saturating_add(1);
        }
        Ok(false)
    }
}

fn failures<R: Remediator>(day: i64) -> String {
    format!("failures/{day}/{}", R::ID)
}

//! What mode and approval let a plan do.

use evenkeel_ledger::Ledger;
use evenkeel_rules::policy::{Mode, Tier};
use serde::{Deserialize, Serialize};

use super::{Drive, DriveError, Driven};
use crate::record::Ended;
use crate::remediator::Remediator;
use crate::violation::Violation;

/// A person's word on a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// Who gave it.
    pub approver: String,
    /// Until when it holds: milliseconds since 1970.
    pub expires: i64,
    /// Whether it may be carried out.
    pub approved: bool,
}

impl Approval {
    /// The latest word on a plan.
    ///
    /// # Errors
    /// When the ledger, or what it holds, cannot be read.
    pub async fn latest(ledger: &Ledger, plan: &str) -> Driven<Option<Approval>> {
        let given = ledger.list(&place(plan)).await?.len();
        let Some(last) = given.checked_sub(1) else { return Ok(None) };
        let key = numbered(plan, last);
        let record = ledger.read(&key).await?;
        let approval = serde_json::from_slice(&record);
        approval.map(Some).map_err(|error| DriveError::Record(key, error))
    }

    /// Gives a word on a plan, which counts from now on.
    ///
    /// # Errors
    /// When the ledger refuses, or somebody else gives theirs at this moment.
    pub async fn give(&self, ledger: &Ledger, plan: &str) -> Driven<()> {
        let key = numbered(plan, ledger.list(&place(plan)).await?.len());
        let record = super::value(self)?.to_string();
        if ledger.claim(&key, record.as_bytes()).await? { Ok(()) } else { Err(DriveError::Busy) }
    }
}

/// Where the words on a plan lie: numbered without a gap, the last one counts.
fn place(plan: &str) -> String {
    format!("approvals/{plan}")
}

fn numbered(plan: &str, number: usize) -> String {
    format!("{}/{number:06}.json", place(plan))
}

impl<R: Remediator> Drive<R> {
    /// Why a plan is not carried out now; none if it may be.
    pub(super) async fn held(
        &self,
        violation: &Violation,
        plan: &str,
        asked: Option<&str>,
        now: i64,
    ) -> Driven<Option<Ended>> {
        let tier = R::TIER.or(violation.target.tier).unwrap_or(Tier::C);
        let most = tier.most(R::CHECK.is_some());
        let mode = violation.mode.min(self.settings.ceiling).min(most);
        match mode {
            Mode::Auto if asked.is_none() => Ok(None),
            Mode::Report | Mode::Notify => {
                Ok(Some(Ended::Planned(format!("plan {plan}: the mode lets nothing be done"))))
            }
            Mode::Auto | Mode::Approve => self.approved(violation, plan, asked, now).await,
        }
    }

    /// An approval is bound to the plan's hash: of another state, or another change, it says nothing.
    async fn approved(
        &self,
        violation: &Violation,
        plan: &str,
        asked: Option<&str>,
        now: i64,
    ) -> Driven<Option<Ended>> {
        let Some(approval) = Approval::latest(&self.ledger, plan).await? else {
            let why = asked.map(|why| format!(": {why}")).unwrap_or_default();
            return Ok(Some(Ended::Waiting(format!("plan {plan} waits for approval{why}"))));
        };
        Ok(if !approval.approved {
            Some(Ended::Refused(format!("plan {plan} was rejected by {}", approval.approver)))
        } else if approval.expires <= now {
            Some(Ended::Refused(format!("the approval of plan {plan} has expired")))
        } else if approval.approver == violation.actor {
            let who = &approval.approver;
            Some(Ended::Refused(format!(
                "{who} violated the policy, and cannot approve the repair"
            )))
        } else {
            None
        })
    }
}

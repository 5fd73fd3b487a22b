//! What mode and approval let a plan do.

use evenkeel_rules::policy::Mode;
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

/// Where a person's word on a plan lies.
pub fn approval_key(plan: &str) -> String {
    format!("approvals/{plan}.json")
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
        let mode = violation.mode.min(self.settings.ceiling);
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
        let key = approval_key(plan);
        let Some(record) = self.ledger.find(&key).await? else {
            let why = asked.map(|why| format!(": {why}")).unwrap_or_default();
            return Ok(Some(Ended::Waiting(format!("plan {plan} waits for approval{why}"))));
        };
        let approval: Approval =
            serde_json::from_slice(&record).map_err(|error| DriveError::Record(key, error))?;
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

//! What mode and approval let a plan do.

use evenkeel_ledger::Ledger;
use evenkeel_rules::policy::{Mode, Tier};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Drive, DriveError, Driven};
use crate::identity::is_same_identity;
use crate::record::Ended;
use crate::remediator::Remediator;
use crate::violation::Violation;

/// A decision holds for so long at most, whatever its record says: a week, in milliseconds, from when it was written.
const LONGEST: i64 = 7 * 86_400_000;

/// A person's decision on the plan of one finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// Who gave it.
    pub approver: String,
    /// Until when it holds: milliseconds since 1970.
    pub expires: i64,
    /// Whether it may be carried out.
    pub approved: bool,
}

/// What a plan may do.
#[derive(Debug)]
pub(super) enum Authorization {
    /// It may be carried out, and uses up the approval with this key where the mode needs one.
    Granted(Option<String>),
    /// It may not: it ends so.
    Withheld(Ended),
}

impl Approval {
    /// The latest decision on the plan of a finding, and its key.
    ///
    /// # Errors
    /// When the ledger, or what it holds, cannot be read.
    pub async fn latest(
        ledger: &Ledger,
        finding: Uuid,
        plan: &str,
    ) -> Driven<Option<(String, Approval)>> {
        let given = ledger.list(&place(finding, plan)).await?.len();
        let Some(last) = given.checked_sub(1) else { return Ok(None) };
        let key = number_key(finding, plan, last);
        let record = ledger.read(&key).await?;
        match serde_json::from_slice(&record) {
            Ok(approval) => Ok(Some((key, approval))),
            Err(error) => Err(DriveError::Record(key, error)),
        }
    }

    /// Decides on the plan of a finding: this decision counts from now on.
    ///
    /// # Errors
    /// When the ledger refuses, or somebody else decides at this moment.
    pub async fn give(&self, ledger: &Ledger, finding: Uuid, plan: &str) -> Driven<()> {
        let given = ledger.list(&place(finding, plan)).await?.len();
        let record = super::value(self)?.to_string();
        if ledger.claim(&number_key(finding, plan, given), record.as_bytes()).await? {
            Ok(())
        } else {
            Err(DriveError::Busy)
        }
    }
}

/// Where the decisions on a plan of a finding are: numbered without a gap, the last one counts.
fn place(finding: Uuid, plan: &str) -> String {
    format!("approvals/{finding}/{plan}")
}

fn number_key(finding: Uuid, plan: &str, number: usize) -> String {
    format!("{}/{number:06}.json", place(finding, plan))
}

/// The mark that an approval was used.
fn use_key(approval: &str) -> String {
    format!("used/{approval}")
}

impl<R: Remediator> Drive<R> {
    /// What a plan may do now, which a person must decide where there are questions about it.
    pub(super) async fn authorize(
        &self,
        violation: &Violation,
        plan: &str,
        questions: &[String],
        now: i64,
    ) -> Driven<Authorization> {
        let tier = R::TIER.or(violation.target.tier).unwrap_or(Tier::C);
        let most = tier.most(R::CHECK.is_some());
        let mode = violation.mode.min(self.settings.ceiling).min(most);
        match mode {
            Mode::Auto if questions.is_empty() => Ok(Authorization::Granted(None)),
            Mode::Report | Mode::Notify => Ok(Authorization::Withheld(Ended::Planned(format!(
                "plan {plan}: the mode lets nothing be done"
            )))),
            Mode::Auto | Mode::Approve => {
                self.check_approval(violation, plan, questions, now).await
            }
        }
    }

    /// An approval is for one finding and one plan with its questions: of another it says nothing.
    async fn check_approval(
        &self,
        violation: &Violation,
        plan: &str,
        questions: &[String],
        now: i64,
    ) -> Driven<Authorization> {
        let wait = |why: &str| {
            Ok(Authorization::Withheld(Ended::Waiting(format!(
                "plan {plan} waits for approval{why}"
            ))))
        };
        let refuse = |why: String| Ok(Authorization::Withheld(Ended::Refused(why)));
        let latest = Approval::latest(&self.ledger, violation.finding, plan).await?;
        let Some((key, Approval { approver, expires, approved })) = latest else {
            let asked: String = questions.iter().map(|question| format!(": {question}")).collect();
            return wait(&asked);
        };
        let written = self.ledger.written_at(&key).await?;
        if expires.min(written.saturating_add(LONGEST)) <= now {
            return wait(": the last decision on it has expired");
        }
        if !approved {
            return refuse(format!("plan {plan} was rejected by {approver}"));
        }
        if is_same_identity(&approver, &violation.actor) {
            let why = "has the identity that violated the policy, and cannot approve the repair";
            return refuse(format!("{approver} {why}"));
        }
        if self.ledger.has(&use_key(&key)).await? {
            return wait(": its approval was used already");
        }
        Ok(Authorization::Granted(Some(key)))
    }

    /// Uses up an approval: of several who try, one may.
    pub(super) async fn use_approval(&self, key: &str) -> Driven<bool> {
        Ok(self.ledger.claim(&use_key(key), b"{}").await?)
    }
}

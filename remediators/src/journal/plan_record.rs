//! The records of plans that are not applied yet, so that people can list them and decide on them
//! without access to the resource.

use evenkeel_ledger::{Ledger, LedgerError};
use evenkeel_rules::policy::RemediationMode;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::workflow::ExecutorError;

/// A day in milliseconds.
const DAY: i64 = 86_400_000;

/// The number of days for which the lists of waiting plans are read. A plan expires within seven
/// days; the other days are for delays.
const LISTED_DAYS: i64 = 9;

/// A plan that is not applied yet, with everything that a person needs for a decision. Times are in
/// milliseconds since 1970.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlanRecord {
    /// The number of the plan, from 0. Each change of the plan of a finding has a new number.
    pub number: usize,
    /// The hash of the plan, which a decision refers to.
    pub plan: String,
    /// The uid of the finding.
    pub finding: Uuid,
    /// The ledger key of the finding; empty if it is not known.
    #[serde(default)]
    pub finding_key: String,
    /// The policy id.
    pub policy: String,
    /// The title of the policy.
    pub title: String,
    /// The severity, such as `HIGH`.
    pub severity: String,
    /// The message of the finding.
    pub message: String,
    /// The principal that violated the policy.
    pub actor: String,
    /// The time of the violation.
    pub violated_at: i64,
    /// The account id.
    pub account: String,
    /// The Region.
    pub region: String,
    /// The CloudFormation type of the resource.
    pub kind: String,
    /// The id of the resource.
    pub resource: String,
    /// The owner of the resource, from its tag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// The id of the remediator.
    pub remediator: String,
    /// The effective mode.
    pub mode: RemediationMode,
    /// The complete state before the change.
    pub before: Value,
    /// The complete state after the change.
    pub after: Value,
    /// The IAM actions that the change needs.
    pub calls: Vec<String>,
    /// The reasons why the plan needs an approval, even in mode `auto`.
    pub questions: Vec<String>,
    /// The reason why the plan is not applied.
    pub blocked_by: String,
    /// The time at which the plan was made.
    pub planned_at: i64,
    /// The time at which the plan expires.
    pub expires_at: i64,
    /// The time at which the plan is applied without a further decision, for the mode `warn` and for
    /// maintenance windows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acts_at: Option<i64>,
}

/// The end of a plan that was recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PlanEnd {
    /// An attempt to apply the plan has started.
    Started,
    /// Another plan of the finding replaces the plan.
    Replaced,
    /// The remediation of the finding ended without the plan.
    Ended,
    /// Nobody decided on the plan in time.
    Expired,
}

/// The record of the end of a plan.
#[derive(Debug, Serialize, Deserialize)]
struct PlanEndRecord {
    end: PlanEnd,
    time: i64,
}

/// The plans in a ledger.
#[derive(Clone, Debug)]
pub struct PlanJournal {
    ledger: Ledger,
}

impl PlanJournal {
    /// Returns the plans in `ledger`.
    pub fn new(ledger: Ledger) -> PlanJournal {
        PlanJournal { ledger }
    }

    /// Records a plan, and ends the earlier plans of its finding. Returns the recorded plan. If the
    /// latest plan of the finding has the same hash and is valid, the function returns that plan.
    ///
    /// # Errors
    /// [`ExecutorError::Busy`] if another worker records a plan of the finding; other errors if the
    /// ledger cannot be read or written.
    pub async fn record_plan(&self, mut record: PlanRecord) -> Result<PlanRecord, ExecutorError> {
        let now = record.planned_at;
        if let Some(latest) = self.find_latest(record.finding).await? {
            if latest.plan == record.plan
                && now < latest.expires_at
                && self.find_end(&latest).await?.is_none()
            {
                return Ok(latest);
            }
            self.end_plan(&latest, PlanEnd::Replaced, now).await?;
            record.number = latest.number.saturating_add(1);
        }
        let text = serde_json::to_string(&record)
            .map_err(|error| ExecutorError::UnreadableRecord("plan".to_owned(), error))?;
        let key = plan_key(record.finding, record.number);
        if !self.ledger.claim_key(&key, text.as_bytes()).await? {
            return Err(ExecutorError::Busy);
        }
        self.ledger.claim_key(&waiting_key(&record), b"{}").await?;
        Ok(record)
    }

    /// Returns the latest plan of a finding, or `None` if no plan was recorded.
    ///
    /// # Errors
    /// [`ExecutorError`] if the ledger or the record cannot be read.
    pub async fn find_latest(&self, finding: Uuid) -> Result<Option<PlanRecord>, ExecutorError> {
        let count = self.ledger.list_keys(&format!("plans/{finding}/made")).await?.len();
        match count.checked_sub(1) {
            Some(last) => self.read_plan(finding, last).await.map(Some),
            None => Ok(None),
        }
    }

    /// Returns the latest plan of a finding if it is valid at `now` and has not ended.
    ///
    /// # Errors
    /// [`ExecutorError`] if the ledger or a record cannot be read.
    pub async fn find_valid(
        &self,
        finding: Uuid,
        now: i64,
    ) -> Result<Option<PlanRecord>, ExecutorError> {
        let Some(latest) = self.find_latest(finding).await? else { return Ok(None) };
        let is_valid = now < latest.expires_at && self.find_end(&latest).await?.is_none();
        Ok(is_valid.then_some(latest))
    }

    async fn read_plan(&self, finding: Uuid, number: usize) -> Result<PlanRecord, ExecutorError> {
        let key = plan_key(finding, number);
        let record = self.ledger.read_record(&key).await?;
        serde_json::from_slice(&record).map_err(|error| ExecutorError::UnreadableRecord(key, error))
    }

    /// Returns the end of a plan, or `None` while it waits.
    ///
    /// # Errors
    /// [`ExecutorError`] if the ledger or the record cannot be read.
    pub async fn find_end(&self, plan: &PlanRecord) -> Result<Option<PlanEnd>, ExecutorError> {
        let key = end_key(plan);
        let Some(record) = self.ledger.find_record(&key).await? else { return Ok(None) };
        let record: PlanEndRecord = serde_json::from_slice(&record)
            .map_err(|error| ExecutorError::UnreadableRecord(key, error))?;
        Ok(Some(record.end))
    }

    /// Records the end of a plan. The first end is valid.
    ///
    /// # Errors
    /// [`ExecutorError`] if the ledger cannot be written.
    pub async fn end_plan(
        &self,
        plan: &PlanRecord,
        end: PlanEnd,
        time: i64,
    ) -> Result<bool, ExecutorError> {
        let record = crate::workflow::to_json_value(&PlanEndRecord { end, time })?.to_string();
        Ok(self.ledger.claim_key(&end_key(plan), record.as_bytes()).await?)
    }

    /// Ends the latest plan of a finding, if there is one that waits.
    ///
    /// # Errors
    /// [`ExecutorError`] if the ledger cannot be read or written.
    pub async fn end_latest(
        &self,
        finding: Uuid,
        end: PlanEnd,
        time: i64,
    ) -> Result<(), ExecutorError> {
        if let Some(latest) = self.find_latest(finding).await? {
            self.end_plan(&latest, end, time).await?;
        }
        Ok(())
    }

    /// Claims the reminder of a plan. Returns whether this caller must send it.
    ///
    /// # Errors
    /// [`ExecutorError`] if the ledger cannot be written.
    pub async fn claim_reminder(&self, plan: &PlanRecord) -> Result<bool, ExecutorError> {
        let key = format!("plans/{}/reminded/{:06}.json", plan.finding, plan.number);
        Ok(self.ledger.claim_key(&key, b"{}").await?)
    }

    /// Returns the plans that have no end, the oldest first. A plan whose record cannot be read is
    /// in the second list, with its key.
    ///
    /// # Errors
    /// [`ExecutorError`] if the ledger cannot be read.
    pub async fn list_waiting(
        &self,
        now: i64,
    ) -> Result<(Vec<PlanRecord>, Vec<String>), ExecutorError> {
        let (mut plans, mut unreadable) = (Vec::new(), Vec::new());
        let today = now.div_euclid(DAY);
        for day in today.saturating_sub(LISTED_DAYS)..=today.saturating_add(1) {
            for key in self.ledger.list_keys(&format!("waiting/{day}")).await? {
                let Some((finding, number)) = parse_waiting_key(&key) else {
                    unreadable.push(key);
                    continue;
                };
                match self.read_plan(finding, number).await {
                    Ok(plan) if self.find_end(&plan).await?.is_none() => plans.push(plan),
                    Ok(_) => {}
                    Err(ExecutorError::UnreadableRecord(key, _)) => unreadable.push(key),
                    Err(ExecutorError::Ledger(error)) if LedgerError::is_absence(&error) => {
                        unreadable.push(key);
                    }
                    Err(error) => return Err(error),
                }
            }
        }
        plans.sort_by_key(|plan| (plan.planned_at, plan.finding));
        Ok((plans, unreadable))
    }
}

/// Returns the key of a plan. Plans of a finding are numbered without gaps, and only the last one
/// is valid.
fn plan_key(finding: Uuid, number: usize) -> String {
    format!("plans/{finding}/made/{number:06}.json")
}

/// Returns the key of the end of a plan.
fn end_key(plan: &PlanRecord) -> String {
    format!("plans/{}/ended/{:06}.json", plan.finding, plan.number)
}

/// Returns the key under which a plan is listed, by the day on which it was made.
fn waiting_key(plan: &PlanRecord) -> String {
    let day = plan.planned_at.div_euclid(DAY);
    format!("waiting/{day}/{}/{:06}.json", plan.finding, plan.number)
}

fn parse_waiting_key(key: &str) -> Option<(Uuid, usize)> {
    let mut parts = key.rsplit('/');
    let number = parts.next()?.strip_suffix(".json")?.parse().ok()?;
    Some((Uuid::try_parse(parts.next()?).ok()?, number))
}

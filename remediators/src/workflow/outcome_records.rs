//! Writes the records of outcomes.

use evenkeel_rules::ocsf::RemediationActivity;

use super::open_attempt::OpenAttempt;
use super::pending_plans::is_pending;
use super::{ExecutorResult, ObservedResult, RemediationExecutor, list_changes};
use crate::journal::plan_record::PlanEnd;
use crate::journal::record::{JournalKeys, RemediationOutcome, RemediationResult};
use crate::violation::PolicyViolation;

impl RemediationExecutor {
    /// Records the outcome of a remediation without an attempt. A plan that is not applied or waits
    /// for approval leaves no record, because the remediation can continue later.
    pub(super) async fn record_without_attempt(
        &self,
        violation: &PolicyViolation,
        result: RemediationResult,
        now: i64,
    ) -> ExecutorResult<RemediationOutcome> {
        let (finding, attempt) = (violation.finding, None);
        let outcome = RemediationOutcome { finding, attempt, result, state: None, plan: None };
        if !is_pending(&outcome.result) {
            self.plan_journal().end_latest(finding, PlanEnd::Ended, now).await?;
        }
        if !matches!(
            outcome.result,
            RemediationResult::Planned(_)
                | RemediationResult::AwaitingApproval(_)
                | RemediationResult::Scheduled(_)
        ) {
            let records = JournalKeys::for_target(&violation.target);
            let activity = records.build_activity(self.remediator_id(), &outcome, now);
            self.record_activity(&records.finding_outcome_key(violation.finding), &activity)
                .await?;
        }
        Ok(outcome)
    }

    /// Records the outcome of an attempt, unless the attempt was halted.
    pub(super) async fn record_attempt(
        &self,
        begun: &OpenAttempt,
        (result, state): ObservedResult,
        now: i64,
    ) -> ExecutorResult<RemediationOutcome> {
        let (finding, attempt) = (begun.violation.finding, Some(begun.number));
        let target = &begun.violation.target;
        if matches!(result, RemediationResult::Failed(_) | RemediationResult::RolledBack(_)) {
            self.count_failure(target, now).await?;
        }
        let outcome = RemediationOutcome { finding, attempt, result, state, plan: None };
        // A halted attempt stays open, so that an operator can continue or undo it.
        if matches!(outcome.result, RemediationResult::Halted(_)) {
            return Ok(outcome);
        }
        if let (RemediationResult::Restored, Some(approval)) = (&outcome.result, &begun.approval) {
            let changes = list_changes(&begun.before, &begun.after);
            let undone = self.find_undone(target, &changes, now).await?;
            self.mark_approved(target, &undone, approval, now).await?;
        }
        let records = JournalKeys::for_target(target);
        let activity = records.build_activity(self.remediator_id(), &outcome, now);
        self.record_activity(&records.outcome_key(begun.number), &activity).await?;
        Ok(outcome)
    }

    /// Stores the record of an outcome, unless a record exists. A second record would differ only
    /// in its time.
    pub(super) async fn record_activity(
        &self,
        key: &str,
        activity: &RemediationActivity<'_>,
    ) -> ExecutorResult<()> {
        self.ledger.claim_key(key, activity.to_json_record().as_bytes()).await?;
        Ok(())
    }
}

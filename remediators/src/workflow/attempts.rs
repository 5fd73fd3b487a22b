//! Writes the intents of attempts, and reads intents and outcomes.

use std::borrow::Cow;

use evenkeel_rules::ocsf::RemediationActivity;
use serde_json::Value;
use uuid::Uuid;

use super::{ExecutorError, ExecutorResult, PendingPlan, RemediationExecutor, to_json_value};
use crate::journal::record::{
    JournalKeys, RemediationIntent, RemediationOutcome, RemediationResult, before_image_key,
};
use crate::violation::{PolicyViolation, TargetResource};
use crate::workflow::limits::AttemptRecord;
use crate::workflow::refusal_reason::RefusalReason;

/// An attempt and its status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttemptSummary {
    /// The number of the attempt, from 1.
    pub number: u32,
    /// The uid of the finding.
    pub finding: Uuid,
    /// The caption of the OCSF status, such as `Success`. `None` while the attempt is open.
    pub end_status: Option<String>,
}

impl AttemptSummary {
    /// Returns whether the attempt can have changed the resource, so that an undo is useful. This
    /// is true if the attempt succeeded, if it failed (perhaps after it wrote a part), and while it
    /// is open.
    pub fn can_be_undone(&self) -> bool {
        self.end_status.as_deref().is_none_or(|ended| matches!(ended, "Success" | "Failure"))
    }
}

/// The outcome of an attempt, from its record.
pub(super) struct RecordedOutcome {
    /// The OCSF `status_id`.
    pub(super) status_id: u8,
    /// The caption of the OCSF status.
    pub(super) status: String,
    /// The state at the end of the attempt.
    pub(super) state: Option<Value>,
}

/// The number of attempts that are read at least. Restorations of the same state are found among
/// them, even if attempts for other states are between them.
const READ_ATTEMPTS: usize = 8;

impl RemediationExecutor {
    /// Returns the latest attempts on a target, oldest first.
    ///
    /// # Errors
    /// [`ExecutorError`] if the ledger or one of its records cannot be read.
    pub async fn summarize_attempts(
        &self,
        target: &TargetResource,
    ) -> ExecutorResult<Vec<AttemptSummary>> {
        let mut attempts = Vec::new();
        for (number, intent) in self.load_past_attempts(target).await? {
            let outcome = self.read_outcome(target, number).await?;
            let end_status = outcome.map(|outcome| outcome.status);
            attempts.push(AttemptSummary { number, finding: intent.finding, end_status });
        }
        Ok(attempts)
    }

    /// Stores the intent of an attempt and a copy of the prior state. Only one of several workers
    /// can claim the number of the attempt.
    pub(super) async fn record_intent(
        &self,
        violation: &PolicyViolation,
        number: u32,
        attempt: AttemptRecord,
        plan: &PendingPlan,
        approval: Option<String>,
    ) -> ExecutorResult<()> {
        let intent = RemediationIntent {
            finding: violation.finding,
            remediator: self.remediator_id().to_owned(),
            policy: violation.target.policy.clone(),
            attempt,
            plan: plan.hash.clone(),
            before: plan.before.clone(),
            after: plan.after.clone(),
            asked: plan.approval_reason.clone(),
            approval,
        };
        self.ledger
            .write_record(&before_image_key(&plan.before), plan.before.to_string().as_bytes())
            .await?;
        let key = JournalKeys::for_target(&violation.target).intent_key(number);
        if self.ledger.claim_key(&key, to_json_value(&intent)?.to_string().as_bytes()).await? {
            Ok(())
        } else {
            Err(ExecutorError::Busy)
        }
    }

    /// Returns the outcome of an earlier successful attempt for this finding, or `None`. If there
    /// is such an attempt, the finding is not remediated again automatically, even after an undo.
    pub(super) async fn find_completed_outcome(
        &self,
        violation: &PolicyViolation,
        past: &[(u32, RemediationIntent)],
    ) -> ExecutorResult<Option<RemediationOutcome>> {
        let finding = violation.finding;
        for (number, _) in past.iter().rev().filter(|(_, intent)| intent.finding == finding) {
            let Some(state) = self.resulting_state(&violation.target, *number).await? else {
                continue;
            };
            let (attempt, state) = (Some(*number), Some(state));
            let undone = JournalKeys::for_target(&violation.target).undo_outcome_key(*number);
            let result = if self.ledger.has_record(&undone).await? {
                RemediationResult::Refused(RefusalReason::UndoneByPerson(*number))
            } else {
                RemediationResult::Restored
            };
            return Ok(Some(RemediationOutcome { finding, attempt, result, state, plan: None }));
        }
        Ok(None)
    }

    /// Returns the latest attempts on a target, oldest first: as many as the retry limits count, and
    /// at least [`READ_ATTEMPTS`].
    pub(super) async fn load_past_attempts(
        &self,
        target: &TargetResource,
    ) -> ExecutorResult<Vec<(u32, RemediationIntent)>> {
        let begun =
            self.ledger.list_keys(&JournalKeys::for_target(target).intents_prefix()).await?.len();
        let limits = self.retry_limits(target);
        let needed = limits.attempts.max(limits.reversals).max(1).max(READ_ATTEMPTS);
        let mut past = Vec::new();
        for number in begun.saturating_sub(needed)..begun {
            // Attempts are numbered from 1, without gaps.
            let number = u32::try_from(number).unwrap_or(u32::MAX).saturating_add(1);
            if let Some(intent) = self.load_intent(target, number).await? {
                past.push((number, intent));
            }
        }
        Ok(past)
    }

    /// Returns the intent of an attempt.
    pub(super) async fn load_intent(
        &self,
        target: &TargetResource,
        number: u32,
    ) -> ExecutorResult<Option<RemediationIntent>> {
        let key = JournalKeys::for_target(target).intent_key(number);
        let Some(intent) = self.ledger.find_record(&key).await? else { return Ok(None) };
        let intent = serde_json::from_slice(&intent);
        intent.map(Some).map_err(|error| ExecutorError::UnreadableRecord(key, error))
    }

    /// Returns earlier attempts as the retry limits count them. An attempt that restored nothing
    /// does not count as a reversal, so the function clears the `before` digest of that attempt.
    pub(super) async fn list_counted_attempts(
        &self,
        target: &TargetResource,
        past: &[(u32, RemediationIntent)],
    ) -> ExecutorResult<Vec<AttemptRecord>> {
        let mut attempts = Vec::new();
        for (number, intent) in past {
            let mut attempt = intent.attempt.clone();
            if self.resulting_state(target, *number).await?.is_none() {
                attempt.before.clear();
            }
            attempts.push(attempt);
        }
        Ok(attempts)
    }

    /// Returns the latest attempt if it is open, and otherwise `None`.
    pub(super) async fn find_open_attempt<'p>(
        &self,
        target: &TargetResource,
        past: &'p [(u32, RemediationIntent)],
    ) -> ExecutorResult<Option<&'p (u32, RemediationIntent)>> {
        match past.last() {
            Some(last) if !self.has_ended(target, last.0).await? => Ok(Some(last)),
            _ => Ok(None),
        }
    }

    /// Returns the outcome of an attempt, or `None` while it is open.
    pub(super) async fn read_outcome(
        &self,
        target: &TargetResource,
        number: u32,
    ) -> ExecutorResult<Option<RecordedOutcome>> {
        let key = JournalKeys::for_target(target).outcome_key(number);
        let Some(record) = self.ledger.find_record(&key).await? else { return Ok(None) };
        match serde_json::from_slice::<RemediationActivity<'_>>(&record) {
            Ok(RemediationActivity { status_id, status, unmapped, .. }) => {
                let (status, state) = (status.into_owned(), unmapped.state.map(Cow::into_owned));
                Ok(Some(RecordedOutcome { status_id, status, state }))
            }
            Err(error) => Err(ExecutorError::UnreadableRecord(key, error)),
        }
    }

    /// Returns whether the outcome of an attempt is recorded.
    pub(super) async fn has_ended(
        &self,
        target: &TargetResource,
        number: u32,
    ) -> ExecutorResult<bool> {
        Ok(self.ledger.has_record(&JournalKeys::for_target(target).outcome_key(number)).await?)
    }
}

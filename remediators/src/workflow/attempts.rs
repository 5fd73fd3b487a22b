//! What was tried on a resource.

use std::borrow::Cow;

use evenkeel_rules::ocsf::RemediationActivity;
use serde_json::Value;
use uuid::Uuid;

use super::{ExecutorError, ExecutorResult, RemediationExecutor};
use crate::journal::record::{
    JournalKeys, RemediationIntent, RemediationOutcome, RemediationResult,
};
use crate::violation::{PolicyViolation, TargetResource};
use crate::workflow::limits::AttemptRecord;
use crate::workflow::refusal_reason::RefusalReason;

/// An attempt, and how it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttemptSummary {
    /// Its number.
    pub number: u32,
    /// The finding that it was about.
    pub finding: Uuid,
    /// How it ended, in a word or two; none if it is open.
    pub end_status: Option<String>,
}

impl AttemptSummary {
    /// Whether something of it can be there to be undone: it succeeded, was left half done, or is open.
    pub fn can_be_undone(&self) -> bool {
        self.end_status.as_deref().is_none_or(|ended| matches!(ended, "Success" | "Failure"))
    }
}

/// How an attempt ended, as the record of its outcome tells.
pub(super) struct RecordedOutcome {
    /// OCSF's `status_id`.
    pub(super) status_id: u8,
    /// In a word or two.
    pub(super) status: String,
    /// The state that was seen then.
    pub(super) state: Option<Value>,
}

impl RemediationExecutor {
    /// The latest attempts on a target, in order.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub async fn summarize_attempts(
        &self,
        target: &TargetResource,
    ) -> ExecutorResult<Vec<AttemptSummary>> {
        let mut tried = Vec::new();
        for (number, intent) in self.load_past_attempts(target).await? {
            let outcome = self.read_outcome(target, number).await?;
            let ended = outcome.map(|outcome| outcome.status);
            tried.push(AttemptSummary { number, finding: intent.finding, end_status: ended });
        }
        Ok(tried)
    }

    /// What was done about this finding already: told again, and not done again, above all not where somebody has
    /// undone it.
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
            return Ok(Some(RemediationOutcome { finding, attempt, result, state }));
        }
        Ok(None)
    }

    /// The latest attempts on a target, in order: as many as the guard can want to know of.
    pub(super) async fn load_past_attempts(
        &self,
        target: &TargetResource,
    ) -> ExecutorResult<Vec<(u32, RemediationIntent)>> {
        let begun =
            self.ledger.list_keys(&JournalKeys::for_target(target).intents_prefix()).await?.len();
        let limits = &self.settings.limits;
        let wanted = limits.attempts.max(limits.reversals).max(1);
        let mut past = Vec::new();
        for number in begun.saturating_sub(wanted)..begun {
            // Numbered from 1, without a gap.
            let number = u32::try_from(number).unwrap_or(u32::MAX).saturating_add(1);
            if let Some(intent) = self.load_intent(target, number).await? {
                past.push((number, intent));
            }
        }
        Ok(past)
    }

    /// An attempt's intent.
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

    /// Earlier attempts as the guard counts them. What an attempt did not restore did not come back after it either.
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

    /// The latest attempt, if it is open.
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

    /// The outcome of an attempt; none while it is open.
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

    pub(super) async fn has_ended(
        &self,
        target: &TargetResource,
        number: u32,
    ) -> ExecutorResult<bool> {
        Ok(self.ledger.has_record(&JournalKeys::for_target(target).outcome_key(number)).await?)
    }
}

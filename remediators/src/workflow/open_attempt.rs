//! Attempts that have a recorded intent and no recorded outcome.

use serde_json::Value;

use super::undo::ABANDONED_AFTER;
use super::{ExecutorError, ExecutorResult, RemediationExecutor, describe_open_attempt};
use crate::journal::record::{
    JournalKeys, RemediationIntent, RemediationOutcome, RemediationResult,
};
use crate::remediator::type_erasure::StateError;
use crate::violation::{PolicyViolation, TargetResource};

/// An attempt whose intent is recorded.
pub(super) struct OpenAttempt {
    pub(super) number: u32,
    /// True if the present call recorded the intent, so that nothing has been written to AWS yet.
    pub(super) is_fresh: bool,
    pub(super) violation: PolicyViolation,
    pub(super) before: Value,
    pub(super) after: Value,
    /// The reason why the plan needed an approval.
    pub(super) approval_reason: Option<String>,
    /// The hash of the plan.
    pub(super) plan: String,
    /// The key of the approval that the attempt used.
    pub(super) approval: Option<String>,
}

impl RemediationExecutor {
    /// Returns the outcome for a resource on which an attempt for another policy is open. The
    /// message of that finding continues the attempt, with the approval and the mode of its policy.
    pub(super) async fn refuse_for_other_policy(
        &self,
        violation: &PolicyViolation,
        number: u32,
        intent: &RemediationIntent,
        now: i64,
    ) -> ExecutorResult<RemediationOutcome> {
        if now.saturating_sub(intent.attempt.time) < ABANDONED_AFTER {
            return Err(ExecutorError::Busy);
        }
        let why = "run `evenkeel apply` or `evenkeel undo` for that finding first".to_owned();
        let reason = describe_open_attempt(number, intent.finding, why);
        self.record_without_attempt(violation, RemediationResult::Refused(reason), now).await
    }

    /// Returns the open attempt that an intent describes.
    pub(super) fn read_open_attempt(
        &self,
        violation: &PolicyViolation,
        number: u32,
        intent: &RemediationIntent,
    ) -> ExecutorResult<OpenAttempt> {
        let state = |kept: &Value| self.read_state(&violation.target, number, kept);
        let mut own = violation.clone();
        own.finding = intent.finding;
        own.actor.clone_from(&intent.attempt.actor);
        Ok(OpenAttempt {
            number,
            is_fresh: false,
            violation: own,
            before: state(&intent.before)?,
            after: state(&intent.after)?,
            approval_reason: intent.asked.clone(),
            plan: intent.plan.clone(),
            approval: intent.approval.clone(),
        })
    }

    /// Converts a state in the intent of an attempt to the form that the remediator returns.
    pub(super) fn read_state(
        &self,
        target: &TargetResource,
        number: u32,
        kept: &Value,
    ) -> ExecutorResult<Value> {
        let state = self.remediator.read_state(kept);
        state.map_err(|StateError { error, .. }| {
            ExecutorError::UnreadableRecord(
                JournalKeys::for_target(target).intent_key(number),
                error,
            )
        })
    }
}

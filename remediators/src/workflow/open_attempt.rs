//! An attempt that has a recorded intent and no recorded outcome.

use serde_json::Value;

use super::{ExecutorError, ExecutorResult, RemediationExecutor};
use crate::journal::record::{JournalKeys, RemediationIntent};
use crate::remediator::type_erasure::StateError;
use crate::violation::{PolicyViolation, TargetResource};

/// An attempt that was begun.
pub(super) struct OpenAttempt {
    pub(super) number: u32,
    /// It was begun just now: nothing of it can have been written yet.
    pub(super) is_fresh: bool,
    pub(super) violation: PolicyViolation,
    pub(super) before: Value,
    pub(super) after: Value,
    /// Why a person had to say yes.
    pub(super) approval_reason: Option<String>,
    /// The plan's hash.
    pub(super) plan: String,
    /// The approval that it used up.
    pub(super) approval: Option<String>,
}

impl RemediationExecutor {
    /// An attempt as its intent tells of it.
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

    /// A state that the intent of an attempt holds.
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

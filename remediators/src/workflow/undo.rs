//! Undoes an attempt: restores the state before the attempt, on request of a person.

use std::collections::{BTreeMap, BTreeSet};

use evenkeel_rules::ocsf::{ActivityActor, ActivityUser};
use serde_json::Value;

use super::state_changes::changes_overlap;
use super::{ExecutorError, ExecutorResult, RemediationExecutor, list_changes, to_json_value};
use crate::journal::record::{
    JournalKeys, RemediationIntent, RemediationOutcome, RemediationResult, UndoIntent, UndoMark,
};
use crate::remediator::AwsFailure;
use crate::violation::TargetResource;
use crate::workflow::refusal_reason::RefusalReason;

/// A day in milliseconds.
const DAY: i64 = 86_400_000;

/// The age in milliseconds after which an open attempt counts as abandoned: the lifetime of its
/// session.
pub(super) const ABANDONED_AFTER: i64 = 900_000;

/// The age in milliseconds after which an open attempt counts as abandoned while a kill switch is
/// on: the maximum duration of a call that was sent before the switch was set.
const LONGEST_CALL: i64 = 60_000;

/// The request of a person to undo an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UndoRequest<'a> {
    /// The ARN of the person, from AWS STS.
    pub by: &'a str,
    /// The reason for the undo.
    pub reason: &'a str,
}

/// The states before and after an attempt that is undone, in the form that the remediator returns.
struct UndoStates {
    before: Value,
    resulting: Value,
    /// True if the attempt was interrupted. The present state is then between `before` and
    /// `resulting`.
    is_open: bool,
}

impl RemediationExecutor {
    /// Restores the state before an attempt, if nobody has changed the resource since. A kill
    /// switch does not stop an undo. `now` is in milliseconds since 1970.
    ///
    /// The ledger records the person and the reason before the write. After an undo, the
    /// remediation is not repeated automatically.
    ///
    /// # Errors
    /// * [`ExecutorError::NoAttempt`] if the attempt does not exist or changed nothing.
    /// * [`ExecutorError::Busy`] if a worker can still be executing the attempt.
    /// * Other errors if the undo has not ended; the call can be repeated safely.
    pub async fn undo_attempt(
        &self,
        target: &TargetResource,
        number: u32,
        request: UndoRequest<'_>,
        now: i64,
    ) -> ExecutorResult<RemediationOutcome> {
        let none = || ExecutorError::NoAttempt(number);
        let intent = self.load_intent(target, number).await?.ok_or_else(none)?;
        let is_open = !self.has_ended(target, number).await?;
        if is_open {
            self.check_abandoned(target, &intent, now).await?;
        }
        let states =
            self.load_undo_states(target, number, &intent, is_open).await?.ok_or_else(none)?;
        if let Some(switch) = &self.switch {
            switch.ignore_switches();
        }
        let (result, seen) =
            self.restore_state(target, (number, &intent), &states, request, now).await?;
        let (finding, attempt) = (intent.finding, Some(number));
        let outcome =
            RemediationOutcome { finding, attempt, result, state: Some(seen), plan: None };
        if matches!(outcome.result, RemediationResult::Restored | RemediationResult::Compliant) {
            self.record_undo(target, &outcome, request, is_open, now).await?;
        }
        Ok(outcome)
    }

    /// Returns the states before and after an attempt, or `None` if the state after the attempt was
    /// written by somebody else.
    async fn load_undo_states(
        &self,
        target: &TargetResource,
        number: u32,
        intent: &RemediationIntent,
        is_open: bool,
    ) -> ExecutorResult<Option<UndoStates>> {
        let state = |kept: &Value| self.read_state(target, number, kept);
        let (before, after) = (state(&intent.before)?, state(&intent.after)?);
        if is_open {
            return Ok(Some(UndoStates { before, resulting: after, is_open }));
        }
        let is_done = self.resulting_state(target, number).await?.is_some();
        let Some(last) = self.final_state(target, number).await? else { return Ok(None) };
        let last = state(&last)?;
        // A state that somebody else wrote must not be undone.
        let is_ours = is_done || self.remediator.is_partial_state(&last, &before, &after)?;
        Ok(is_ours.then_some(UndoStates { before, resulting: last, is_open }))
    }

    /// Returns [`ExecutorError::Busy`] if the worker of an open attempt can still write. The worker
    /// stops at the end of its session, or earlier if a kill switch is on.
    async fn check_abandoned(
        &self,
        target: &TargetResource,
        intent: &RemediationIntent,
        now: i64,
    ) -> ExecutorResult<()> {
        let age = now.saturating_sub(intent.attempt.time);
        let is_stopped = age >= LONGEST_CALL && self.find_active_switch(target).await?.is_some();
        if age >= ABANDONED_AFTER || is_stopped { Ok(()) } else { Err(ExecutorError::Busy) }
    }

    /// Returns whether an undo of an attempt has started.
    pub(super) async fn has_undo_intent(
        &self,
        target: &TargetResource,
        number: u32,
    ) -> ExecutorResult<bool> {
        let intents = self
            .ledger
            .list_keys(&JournalKeys::for_target(target).undo_intents_prefix(number))
            .await?;
        Ok(!intents.is_empty())
    }

    /// Records the intent of the undo, writes the prior state, and returns the result and the state
    /// at the end.
    async fn restore_state(
        &self,
        target: &TargetResource,
        (number, intent): (u32, &RemediationIntent),
        UndoStates { before, resulting: left, is_open }: &UndoStates,
        request: UndoRequest<'_>,
        now: i64,
    ) -> ExecutorResult<(RemediationResult, Value)> {
        let later = |refused: AwsFailure| ExecutorError::Retryable(refused.to_string());
        let seen = self.remediator.observe_state(target).await?.map_err(later)?;
        if self.remediator.has_reached(&seen, before)? {
            self.mark_undone(target, (number, intent), request, now).await?;
            return Ok((RemediationResult::Compliant, seen));
        }
        // An interrupted attempt or undo leaves a partial state, which is not a change by others.
        let has_started = || self.has_undo_intent(target, number);
        let is_interrupted = if *is_open {
            self.remediator.has_reached(&seen, left)?
                || self.remediator.is_partial_state(&seen, before, left)?
                || self.remediator.is_partial_state(&seen, left, before)?
        } else {
            self.remediator.is_partial_state(&seen, left, before)? && has_started().await?
        };
        if seen != *left && !is_interrupted {
            let (is, left) = (seen.clone(), left.clone());
            return Ok((
                RemediationResult::Refused(RefusalReason::ChangedSince { is, left }),
                seen,
            ));
        }
        let record = UndoIntent {
            finding: intent.finding,
            attempt: number,
            by: request.by.to_owned(),
            reason: request.reason.to_owned(),
            time: now,
            before: seen,
            after: intent.before.clone(),
        };
        let prefix = JournalKeys::for_target(target).undo_intents_prefix(number);
        self.claim_next(&prefix, &to_json_value(&record)?).await?;
        // The mark must exist before Evenkeel evaluates the event of the write. Otherwise Evenkeel
        // could repeat the undone remediation without an approval.
        self.mark_undone(target, (number, intent), request, now).await?;
        self.remediator.apply_state(target, before).await?.map_err(later)?;
        let seen = self.remediator.observe_state(target).await?.map_err(later)?;
        if self.remediator.has_reached(&seen, before)? {
            Ok((RemediationResult::Restored, seen))
        } else {
            Err(ExecutorError::not_visible_yet())
        }
    }

    /// Records the outcome of an undo with the person and the reason. If the attempt is open, the
    /// function also records its end.
    async fn record_undo(
        &self,
        target: &TargetResource,
        outcome: &RemediationOutcome,
        UndoRequest { by, reason }: UndoRequest<'_>,
        is_open: bool,
        now: i64,
    ) -> ExecutorResult<()> {
        let Some(number) = outcome.attempt else { return Ok(()) };
        let records = JournalKeys::for_target(target);
        if is_open {
            let result = RemediationResult::RolledBack("a person undid the attempt".to_owned());
            let ended = RemediationOutcome { result, ..outcome.clone() };
            let activity = records.build_activity(self.remediator_id(), &ended, now);
            self.record_activity(&records.outcome_key(number), &activity).await?;
        }
        let mut activity = records.build_activity(self.remediator_id(), outcome, now);
        activity.status_detail =
            format!("undone: the state before attempt {number} was restored").into();
        activity.actor = Some(ActivityActor { user: ActivityUser { uid: by.into() } });
        activity.unmapped.reason = Some(reason.into());
        self.record_activity(&records.undo_outcome_key(number), &activity).await
    }

    /// Records that a person undid the change of an attempt.
    async fn mark_undone(
        &self,
        target: &TargetResource,
        (number, intent): (u32, &RemediationIntent),
        UndoRequest { by, reason }: UndoRequest<'_>,
        time: i64,
    ) -> ExecutorResult<()> {
        let mark = UndoMark {
            intent: JournalKeys::for_target(target).intent_key(number),
            changes: list_changes(&intent.before, &intent.after),
            is_undone: true,
            by: by.to_owned(),
            reason: reason.to_owned(),
            time,
        };
        self.add_undo_mark(target, &mark).await
    }

    /// Records, for each mark in `undone`, that a person approved the undone change again.
    pub(super) async fn mark_approved(
        &self,
        target: &TargetResource,
        undone: &[UndoMark],
        approval: &str,
        time: i64,
    ) -> ExecutorResult<()> {
        for mark in undone {
            let (by, reason) = (approval.to_owned(), "approved again".to_owned());
            let mark = UndoMark { is_undone: false, by, reason, time, ..mark.clone() };
            self.add_undo_mark(target, &mark).await?;
        }
        Ok(())
    }

    /// Returns the marks of undone remediations that overlap with `changes`, that were not cleared
    /// since, and that are not older than the operator's hold time.
    pub(super) async fn find_undone(
        &self,
        target: &TargetResource,
        changes: &BTreeSet<String>,
        now: i64,
    ) -> ExecutorResult<Vec<UndoMark>> {
        let hold = i64::from(self.settings.operator.undo.hold_days).saturating_mul(DAY);
        let is_in_force = |mark: &UndoMark| {
            mark.is_undone
                && now < mark.time.saturating_add(hold)
                && changes_overlap(&mark.changes, changes)
        };
        Ok(self.read_undo_marks(target).await?.into_iter().filter(is_in_force).collect())
    }

    /// Clears the marks of undone remediations, because the resource was compliant once. A later
    /// violation is a new one.
    pub(super) async fn clear_undo_marks(
        &self,
        target: &TargetResource,
        time: i64,
    ) -> ExecutorResult<()> {
        for mark in self.read_undo_marks(target).await? {
            if mark.is_undone {
                let (by, reason) = ("evenkeel".to_owned(), "the resource was compliant".to_owned());
                let mark = UndoMark { is_undone: false, by, reason, time, ..mark };
                self.add_undo_mark(target, &mark).await?;
            }
        }
        Ok(())
    }

    /// Returns the latest mark of each attempt on a resource.
    async fn read_undo_marks(&self, target: &TargetResource) -> ExecutorResult<Vec<UndoMark>> {
        let mut latest = BTreeMap::new();
        for key in self
            .ledger
            .list_keys(&JournalKeys::for_target(target).undo_marks_prefix(self.remediator_id()))
            .await?
        {
            let mark: UndoMark = serde_json::from_slice(&self.ledger.read_record(&key).await?)
                .map_err(|error| ExecutorError::UnreadableRecord(key, error))?;
            latest.insert(mark.intent.clone(), mark);
        }
        Ok(latest.into_values().collect())
    }

    /// Stores the next mark of the resource.
    async fn add_undo_mark(&self, target: &TargetResource, mark: &UndoMark) -> ExecutorResult<()> {
        self.claim_next(
            &JournalKeys::for_target(target).undo_marks_prefix(self.remediator_id()),
            &to_json_value(mark)?,
        )
        .await
    }

    /// Stores the next record under a prefix. Records are numbered from 0, without gaps.
    async fn claim_next(&self, prefix: &str, record: &Value) -> ExecutorResult<()> {
        let number = self.ledger.list_keys(prefix).await?.len();
        let key = format!("{prefix}/{number:06}.json");
        if self.ledger.claim_key(&key, record.to_string().as_bytes()).await? {
            Ok(())
        } else {
            Err(ExecutorError::Busy)
        }
    }

    /// Returns the state after a successful attempt, or `None` if the attempt was not successful.
    pub(super) async fn resulting_state(
        &self,
        target: &TargetResource,
        number: u32,
    ) -> ExecutorResult<Option<Value>> {
        let outcome = self.read_outcome(target, number).await?;
        Ok(outcome.filter(|outcome| outcome.status_id == 1).and_then(|outcome| outcome.state))
    }

    /// Returns the recorded state at the end of an attempt, for any result.
    async fn final_state(
        &self,
        target: &TargetResource,
        number: u32,
    ) -> ExecutorResult<Option<Value>> {
        Ok(self.read_outcome(target, number).await?.and_then(|outcome| outcome.state))
    }
}

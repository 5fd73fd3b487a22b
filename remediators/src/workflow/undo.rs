//! Restoring the state before an attempt, because a person wants it.

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

/// An attempt that is open for longer has been abandoned: a session lives no longer. In milliseconds.
const ABANDONED_AFTER: i64 = 900_000;

/// The same while a kill switch is on: a call that was made before takes no longer. In milliseconds.
const LONGEST_CALL: i64 = 60_000;

/// Who wants an undo, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UndoRequest<'a> {
    /// Who, as AWS tells it.
    pub by: &'a str,
    /// Why.
    pub reason: &'a str,
}

/// Two states of an attempt that is undone, as the remediator knows them.
struct UndoStates {
    before: Value,
    resulting: Value,
    /// The attempt was cut off: what it left lies between the state before it and the planned one.
    is_open: bool,
}

impl RemediationExecutor {
    /// Restores the state before an attempt, if nobody has changed it since. A kill switch does not stop it.
    ///
    /// Who wants it, and why, is durable before anything is written, and the repair is not made again by itself.
    ///
    /// # Errors
    /// When the attempt was not carried out, or is being carried out, or the undo has not ended.
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
        let outcome = RemediationOutcome { finding, attempt, result, state: Some(seen) };
        if matches!(outcome.result, RemediationResult::Restored | RemediationResult::Compliant) {
            self.record_undo(target, &outcome, request, is_open, now).await?;
        }
        Ok(outcome)
    }

    /// The states of an attempt that an undo is about: what was there, and what the attempt left. None where it left
    /// nothing of its own.
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
        let Some(left) = self.final_state(target, number).await? else { return Ok(None) };
        let left = state(&left)?;
        // What somebody else made of it is not ours to undo.
        let is_ours = is_done || self.remediator.is_partial_state(&left, &before, &after)?;
        Ok(is_ours.then_some(UndoStates { before, resulting: left, is_open }))
    }

    /// An attempt that may still be written by its worker is not undone: the switch stops it, or time does.
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

    /// Whether a person has begun to undo an attempt.
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

    /// The write, with its intent before it; and the state that was seen at the end.
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
        // Neither what was left, nor what an attempt or an undo that was cut off makes of it.
        let was_begun = || self.has_undo_intent(target, number);
        let is_cut_off = if *is_open {
            self.remediator.has_reached(&seen, left)?
                || self.remediator.is_partial_state(&seen, before, left)?
                || self.remediator.is_partial_state(&seen, left, before)?
        } else {
            self.remediator.is_partial_state(&seen, left, before)? && was_begun().await?
        };
        if seen != *left && !is_cut_off {
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
        let place = JournalKeys::for_target(target).undo_intents_prefix(number);
        self.claim_next(&place, &to_json_value(&record)?).await?;
        // Before the write: its own event must find it.
        self.mark_undone(target, (number, intent), request, now).await?;
        self.remediator.apply_state(target, before).await?.map_err(later)?;
        let seen = self.remediator.observe_state(target).await?.map_err(later)?;
        if self.remediator.has_reached(&seen, before)? {
            Ok((RemediationResult::Restored, seen))
        } else {
            Err(ExecutorError::Retryable("the change is not seen yet".to_owned()))
        }
    }

    /// What was undone, by whom and why. An attempt that was open ends with it.
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
            let result =
                RemediationResult::RolledBack("a person restored the state before it".to_owned());
            let ended = RemediationOutcome { result, ..outcome.clone() };
            let activity = records.build_activity(self.remediator_id(), &ended, now);
            self.record_activity(&records.outcome_key(number), &activity).await?;
        }
        let mut activity = records.build_activity(self.remediator_id(), outcome, now);
        activity.status_detail =
            format!("undone: set back to the state before attempt {number}").into();
        activity.actor = Some(ActivityActor { user: ActivityUser { uid: by.into() } });
        activity.unmapped.reason = Some(reason.into());
        self.record_activity(&records.undo_outcome_key(number), &activity).await
    }

    /// Marks that a person undid what an attempt changed.
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

    /// Marks that a person approved again what somebody had undone.
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

    /// What people undid of the resource's repairs that changed any of this, and nobody has approved since.
    pub(super) async fn find_undone(
        &self,
        target: &TargetResource,
        changes: &BTreeSet<String>,
    ) -> ExecutorResult<Vec<UndoMark>> {
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
        let is_of_this =
            |mark: &UndoMark| mark.is_undone && changes_overlap(&mark.changes, changes);
        Ok(latest.into_values().filter(is_of_this).collect())
    }

    async fn add_undo_mark(&self, target: &TargetResource, mark: &UndoMark) -> ExecutorResult<()> {
        self.claim_next(
            &JournalKeys::for_target(target).undo_marks_prefix(self.remediator_id()),
            &to_json_value(mark)?,
        )
        .await
    }

    /// Writes the next of some records that are numbered without a gap.
    async fn claim_next(&self, place: &str, record: &Value) -> ExecutorResult<()> {
        let number = self.ledger.list_keys(place).await?.len();
        let key = format!("{place}/{number:06}.json");
        if self.ledger.claim_key(&key, record.to_string().as_bytes()).await? {
            Ok(())
        } else {
            Err(ExecutorError::Busy)
        }
    }

    /// The state that a successful attempt left.
    pub(super) async fn resulting_state(
        &self,
        target: &TargetResource,
        number: u32,
    ) -> ExecutorResult<Option<Value>> {
        let outcome = self.read_outcome(target, number).await?;
        Ok(outcome.filter(|outcome| outcome.status_id == 1).and_then(|outcome| outcome.state))
    }

    /// The state that was seen at the end of an attempt, however it ended.
    async fn final_state(
        &self,
        target: &TargetResource,
        number: u32,
    ) -> ExecutorResult<Option<Value>> {
        Ok(self.read_outcome(target, number).await?.and_then(|outcome| outcome.state))
    }
}

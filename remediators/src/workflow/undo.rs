//! Restoring the state before an attempt, because a person wants it.

use std::collections::{BTreeMap, BTreeSet};

use evenkeel_rules::ocsf::{ActivityActor, ActivityUser};
use serde_json::Value;

use super::changes::do_overlap;
use super::{Drive, DriveError, Driven, list_changes, write_value};
use crate::journal::record::{Ended, Intent, Outcome, Records, UndoIntent, UndoMark};
use crate::remediator::RefusedByAws;
use crate::violation::Target;
use crate::workflow::refusal_reason::RefusalReason;

/// An attempt that is open for longer has been abandoned: a session lives no longer. In milliseconds.
const ABANDONED: i64 = 900_000;

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
    left: Value,
    /// The attempt was cut off: what it left lies between the state before it and the planned one.
    is_open: bool,
}

impl Drive {
    /// Restores the state before an attempt, if nobody has changed it since. A kill switch does not stop it.
    ///
    /// Who wants it, and why, is durable before anything is written, and the repair is not made again by itself.
    ///
    /// # Errors
    /// When the attempt was not carried out, or is being carried out, or the undo has not ended.
    pub async fn undo(
        &self,
        target: &Target,
        number: u32,
        request: UndoRequest<'_>,
        now: i64,
    ) -> Driven<Outcome> {
        let none = || DriveError::NoAttempt(number);
        let intent = self.intent(target, number).await?.ok_or_else(none)?;
        let is_open = !self.ended(target, number).await?;
        if is_open {
            self.check_abandoned(target, &intent, now).await?;
        }
        let states = self.undo_states(target, number, &intent, is_open).await?.ok_or_else(none)?;
        if let Some(switch) = &self.switch {
            switch.ignore();
        }
        let (result, seen) = self.restore(target, (number, &intent), &states, request, now).await?;
        let (finding, attempt) = (intent.finding, Some(number));
        let outcome = Outcome { finding, attempt, result, state: Some(seen) };
        if matches!(outcome.result, Ended::Done | Ended::Compliant) {
            self.record_undo(target, &outcome, request, is_open, now).await?;
        }
        Ok(outcome)
    }

    /// The states of an attempt that an undo is about: what was there, and what the attempt left. None where it left
    /// nothing of its own.
    async fn undo_states(
        &self,
        target: &Target,
        number: u32,
        intent: &Intent,
        is_open: bool,
    ) -> Driven<Option<UndoStates>> {
        let state = |kept: &Value| self.read_state(target, number, kept);
        let (before, after) = (state(&intent.before)?, state(&intent.after)?);
        if is_open {
            return Ok(Some(UndoStates { before, left: after, is_open }));
        }
        let is_done = self.left(target, number).await?.is_some();
        let Some(left) = self.state_at_end(target, number).await? else { return Ok(None) };
        let left = state(&left)?;
        // What somebody else made of it is not ours to undo.
        let is_ours = is_done || self.remediator.between(&left, &before, &after)?;
        Ok(is_ours.then_some(UndoStates { before, left, is_open }))
    }

    /// An attempt that may still be written by its worker is not undone: the switch stops it, or time does.
    async fn check_abandoned(&self, target: &Target, intent: &Intent, now: i64) -> Driven<()> {
        let age = now.saturating_sub(intent.attempt.time);
        let is_stopped = age >= LONGEST_CALL && self.find_switch(target).await?.is_some();
        if age >= ABANDONED || is_stopped { Ok(()) } else { Err(DriveError::Busy) }
    }

    /// Whether a person has begun to undo an attempt.
    pub(super) async fn has_undo_intent(&self, target: &Target, number: u32) -> Driven<bool> {
        let intents = self.ledger.list(&Records::of(target).undo_intents(number)).await?;
        Ok(!intents.is_empty())
    }

    /// The write, with its intent before it; and the state that was seen at the end.
    async fn restore(
        &self,
        target: &Target,
        (number, intent): (u32, &Intent),
        UndoStates { before, left, is_open }: &UndoStates,
        request: UndoRequest<'_>,
        now: i64,
    ) -> Driven<(Ended, Value)> {
        let later = |refused: RefusedByAws| DriveError::Later(refused.to_string());
        let seen = self.remediator.observe(target).await?.map_err(later)?;
        if self.remediator.reached(&seen, before)? {
            self.mark_undone(target, (number, intent), request, now).await?;
            return Ok((Ended::Compliant, seen));
        }
        // Neither what was left, nor what an attempt or an undo that was cut off makes of it.
        let was_begun = || self.has_undo_intent(target, number);
        let is_cut_off = if *is_open {
            self.remediator.reached(&seen, left)?
                || self.remediator.between(&seen, before, left)?
                || self.remediator.between(&seen, left, before)?
        } else {
            self.remediator.between(&seen, left, before)? && was_begun().await?
        };
        if seen != *left && !is_cut_off {
            let (is, left) = (seen.clone(), left.clone());
            return Ok((Ended::Refused(RefusalReason::ChangedSince { is, left }), seen));
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
        let place = Records::of(target).undo_intents(number);
        self.claim_next(&place, &write_value(&record)?).await?;
        // Before the write: its own event must find it.
        self.mark_undone(target, (number, intent), request, now).await?;
        self.remediator.apply(target, before).await?.map_err(later)?;
        let seen = self.remediator.observe(target).await?.map_err(later)?;
        if self.remediator.reached(&seen, before)? {
            Ok((Ended::Done, seen))
        } else {
            Err(DriveError::Later("the change is not seen yet".to_owned()))
        }
    }

    /// What was undone, by whom and why. An attempt that was open ends with it.
    async fn record_undo(
        &self,
        target: &Target,
        outcome: &Outcome,
        UndoRequest { by, reason }: UndoRequest<'_>,
        is_open: bool,
        now: i64,
    ) -> Driven<()> {
        let Some(number) = outcome.attempt else { return Ok(()) };
        let records = Records::of(target);
        if is_open {
            let result = Ended::Undone("a person restored the state before it".to_owned());
            let ended = Outcome { result, ..outcome.clone() };
            let activity = records.activity(self.id(), &ended, now);
            self.keep_activity(&records.outcome(number), &activity).await?;
        }
        let mut activity = records.activity(self.id(), outcome, now);
        activity.status_detail =
            format!("undone: set back to the state before attempt {number}").into();
        activity.actor = Some(ActivityActor { user: ActivityUser { uid: by.into() } });
        activity.unmapped.reason = Some(reason.into());
        self.keep_activity(&records.undone(number), &activity).await
    }

    /// Marks that a person undid what an attempt changed.
    async fn mark_undone(
        &self,
        target: &Target,
        (number, intent): (u32, &Intent),
        UndoRequest { by, reason }: UndoRequest<'_>,
        time: i64,
    ) -> Driven<()> {
        let mark = UndoMark {
            intent: Records::of(target).intent(number),
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
        target: &Target,
        undone: &[UndoMark],
        approval: &str,
        time: i64,
    ) -> Driven<()> {
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
        target: &Target,
        changes: &BTreeSet<String>,
    ) -> Driven<Vec<UndoMark>> {
        let mut latest = BTreeMap::new();
        for key in self.ledger.list(&Records::of(target).undo_marks(self.id())).await? {
            let mark: UndoMark = serde_json::from_slice(&self.ledger.read(&key).await?)
                .map_err(|error| DriveError::Record(key, error))?;
            latest.insert(mark.intent.clone(), mark);
        }
        let is_of_this = |mark: &UndoMark| mark.is_undone && do_overlap(&mark.changes, changes);
        Ok(latest.into_values().filter(is_of_this).collect())
    }

    async fn add_undo_mark(&self, target: &Target, mark: &UndoMark) -> Driven<()> {
        self.claim_next(&Records::of(target).undo_marks(self.id()), &write_value(mark)?).await
    }

    /// Writes the next of some records that are numbered without a gap.
    async fn claim_next(&self, place: &str, record: &Value) -> Driven<()> {
        let number = self.ledger.list(place).await?.len();
        let key = format!("{place}/{number:06}.json");
        if self.ledger.claim(&key, record.to_string().as_bytes()).await? {
            Ok(())
        } else {
            Err(DriveError::Busy)
        }
    }

    /// The state that a successful attempt left.
    pub(super) async fn left(&self, target: &Target, number: u32) -> Driven<Option<Value>> {
        let outcome = self.read_outcome(target, number).await?;
        Ok(outcome.filter(|outcome| outcome.status_id == 1).and_then(|outcome| outcome.state))
    }

    /// The state that was seen at the end of an attempt, however it ended.
    async fn state_at_end(&self, target: &Target, number: u32) -> Driven<Option<Value>> {
        Ok(self.read_outcome(target, number).await?.and_then(|outcome| outcome.state))
    }
}

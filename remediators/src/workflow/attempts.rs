//! What was tried on a resource.

use std::borrow::Cow;

use evenkeel_rules::ocsf::RemediationActivity;
use serde_json::Value;
use uuid::Uuid;

use super::{Drive, DriveError, Driven};
use crate::journal::record::{Ended, Intent, Outcome, Records};
use crate::violation::{Target, Violation};
use crate::workflow::limits::Attempt;
use crate::workflow::refusal_reason::RefusalReason;

/// An attempt, and how it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tried {
    /// Its number.
    pub number: u32,
    /// The finding that it was about.
    pub finding: Uuid,
    /// How it ended, in a word or two; none if it is open.
    pub ended: Option<String>,
}

impl Tried {
    /// Whether something of it can be there to be undone: it succeeded, was left half done, or is open.
    pub fn can_be_undone(&self) -> bool {
        self.ended.as_deref().is_none_or(|ended| matches!(ended, "Success" | "Failure"))
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

impl Drive {
    /// The latest attempts on a target, in order.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub async fn attempts(&self, target: &Target) -> Driven<Vec<Tried>> {
        let mut tried = Vec::new();
        for (number, intent) in self.past(target).await? {
            let outcome = self.read_outcome(target, number).await?;
            let ended = outcome.map(|outcome| outcome.status);
            tried.push(Tried { number, finding: intent.finding, ended });
        }
        Ok(tried)
    }

    /// What was done about this finding already: told again, and not done again, above all not where somebody has
    /// undone it.
    pub(super) async fn done(
        &self,
        violation: &Violation,
        past: &[(u32, Intent)],
    ) -> Driven<Option<Outcome>> {
        let finding = violation.finding;
        for (number, _) in past.iter().rev().filter(|(_, intent)| intent.finding == finding) {
            let Some(state) = self.left(&violation.target, *number).await? else { continue };
            let (attempt, state) = (Some(*number), Some(state));
            let undone = Records::of(&violation.target).undone(*number);
            let result = if self.ledger.has(&undone).await? {
                Ended::Refused(RefusalReason::Undone(*number))
            } else {
                Ended::Done
            };
            return Ok(Some(Outcome { finding, attempt, result, state }));
        }
        Ok(None)
    }

    /// The latest attempts on a target, in order: as many as the guard can want to know of.
    pub(super) async fn past(&self, target: &Target) -> Driven<Vec<(u32, Intent)>> {
        let begun = self.ledger.list(&Records::of(target).intents()).await?.len();
        let limits = &self.settings.limits;
        let wanted = limits.attempts.max(limits.reversals).max(1);
        let mut past = Vec::new();
        for number in begun.saturating_sub(wanted)..begun {
            // Numbered from 1, without a gap.
            let number = u32::try_from(number).unwrap_or(u32::MAX).saturating_add(1);
            if let Some(intent) = self.intent(target, number).await? {
                past.push((number, intent));
            }
        }
        Ok(past)
    }

    /// An attempt's intent.
    pub(super) async fn intent(&self, target: &Target, number: u32) -> Driven<Option<Intent>> {
        let key = Records::of(target).intent(number);
        let Some(intent) = self.ledger.find(&key).await? else { return Ok(None) };
        let intent = serde_json::from_slice(&intent);
        intent.map(Some).map_err(|error| DriveError::Record(key, error))
    }

    /// Earlier attempts as the guard counts them. What an attempt did not restore did not come back after it either.
    pub(super) async fn list_attempts(
        &self,
        target: &Target,
        past: &[(u32, Intent)],
    ) -> Driven<Vec<Attempt>> {
        let mut attempts = Vec::new();
        for (number, intent) in past {
            let mut attempt = intent.attempt.clone();
            if self.left(target, *number).await?.is_none() {
                attempt.before.clear();
            }
            attempts.push(attempt);
        }
        Ok(attempts)
    }

    /// The latest attempt, if it is open.
    pub(super) async fn find_open<'p>(
        &self,
        target: &Target,
        past: &'p [(u32, Intent)],
    ) -> Driven<Option<&'p (u32, Intent)>> {
        match past.last() {
            Some(last) if !self.ended(target, last.0).await? => Ok(Some(last)),
            _ => Ok(None),
        }
    }

    /// The outcome of an attempt; none while it is open.
    pub(super) async fn read_outcome(
        &self,
        target: &Target,
        number: u32,
    ) -> Driven<Option<RecordedOutcome>> {
        let key = Records::of(target).outcome(number);
        let Some(record) = self.ledger.find(&key).await? else { return Ok(None) };
        match serde_json::from_slice::<RemediationActivity<'_>>(&record) {
            Ok(RemediationActivity { status_id, status, unmapped, .. }) => {
                let (status, state) = (status.into_owned(), unmapped.state.map(Cow::into_owned));
                Ok(Some(RecordedOutcome { status_id, status, state }))
            }
            Err(error) => Err(DriveError::Record(key, error)),
        }
    }

    pub(super) async fn ended(&self, target: &Target, number: u32) -> Driven<bool> {
        Ok(self.ledger.has(&Records::of(target).outcome(number)).await?)
    }
}

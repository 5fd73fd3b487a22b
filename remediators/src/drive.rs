//! The order of a remediation, in one place.
//!
//! A finding only points: what is repaired is the state just read. The intent, with the whole before-image, is
//! durable before anything is written; what was interrupted is finished when its message comes again.

mod approval;
mod undo;

use evenkeel_ledger::{Ledger, LedgerError};
use evenkeel_rules::policy::Mode;
use serde_json::Value;

use crate::guard::{Attempt, Limits, permit};
use crate::record::{Ended, Intent, Outcome, Records, before_key, digest, plan_hash};
use crate::remediator::{Plan, RefusedByAws, Remediator};
use crate::violation::{Target, Violation, ViolationError};

/// Whoever creates this record stops every repair; an undo goes on. Below it, one account's or one policy's.
const KILL_SWITCH: &str = "control/kill-switch";

/// So often is a plan made anew because somebody changed the state meanwhile.
const ROUNDS: usize = 3;

/// What the operator lets remediators do.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// The most that any policy may do by itself in this account.
    pub ceiling: Mode,
    /// How often.
    pub limits: Limits,
}

/// Drives one remediator.
#[derive(Clone, Debug)]
pub struct Drive<R> {
    remediator: R,
    ledger: Ledger,
    settings: Settings,
}

/// Why a remediation has not ended: its message must come again.
#[derive(Debug, thiserror::Error)]
pub enum DriveError {
    /// The ledger refused.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// AWS refused for now.
    #[error("{0}")]
    Later(String),
    /// Somebody else is at it.
    #[error("another worker, or a person, changes the resource at this moment")]
    Busy,
    /// A record of the ledger cannot be read.
    #[error("the record `{0}` cannot be read: {1}")]
    Record(String, serde_json::Error),
    /// The message is not for this remediator.
    #[error("the finding is for remediator `{0}`")]
    Another(String),
    /// There is no such attempt, or it was not carried out.
    #[error("attempt {0} was not carried out")]
    NoAttempt(u32),
}

/// An attempt that was begun.
struct Begun<S> {
    number: u32,
    /// It was begun just now: nothing of it can have been written yet.
    fresh: bool,
    violation: Violation,
    before: S,
    after: S,
}

type Driven<T> = std::result::Result<T, DriveError>;

impl<R: Remediator> Drive<R> {
    /// A drive that keeps its records in `ledger`.
    pub fn new(remediator: R, ledger: Ledger, settings: Settings) -> Self {
        Drive { remediator, ledger, settings }
    }

    /// Does what is to be done about the finding whose record this is. `now` is in milliseconds since 1970.
    ///
    /// # Errors
    /// When it has not ended; to do it again is harmless.
    pub async fn run(&self, record: &[u8], now: i64) -> Driven<Option<Outcome>> {
        let violation = match Violation::read(record) {
            Ok(violation) => violation,
            Err(ViolationError::Record(error)) => {
                return Err(DriveError::Record("finding".to_owned(), error));
            }
            // Nothing may be done about it, and the finding itself says so.
            Err(_) => return Ok(None),
        };
        if violation.remediator != R::ID {
            return Err(DriveError::Another(violation.remediator));
        }
        for _ in 0..ROUNDS {
            let past = self.past(&violation.target).await?;
            let outcome = match past.last() {
                Some((number, intent)) if !self.ended(&violation.target, *number).await? => {
                    self.resume(&violation, *number, intent, now).await?
                }
                _ => self.begin(&violation, &past, now).await?,
            };
            // What another finding's attempt left open says nothing of this one.
            if outcome.result != Ended::Superseded && outcome.finding == violation.finding {
                return Ok(Some(outcome));
            }
        }
        Err(DriveError::Busy)
    }

    /// The latest attempts on a target, in order: as many as the guard can want to know of.
    async fn past(&self, target: &Target) -> Driven<Vec<(u32, Intent)>> {
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
    async fn intent(&self, target: &Target, number: u32) -> Driven<Option<Intent>> {
        let key = Records::of(target).intent(number);
        let Some(intent) = self.ledger.find(&key).await? else { return Ok(None) };
        let intent = serde_json::from_slice(&intent);
        intent.map(Some).map_err(|error| DriveError::Record(key, error))
    }

    async fn ended(&self, target: &Target, number: u32) -> Driven<bool> {
        Ok(self.ledger.has(&Records::of(target).outcome(number)).await?)
    }

    /// From the finding to an intent, and on.
    async fn begin(
        &self,
        violation: &Violation,
        past: &[(u32, Intent)],
        now: i64,
    ) -> Driven<Outcome> {
        if let Some(why) = self.stopped(&violation.target).await? {
            return self.close(violation, Ended::Refused(why), now).await;
        }
        let before = match self.remediator.observe(&violation.target).await {
            Ok(before) => before,
            Err(refused) => return self.unread(violation, refused, now).await,
        };
        let after = match self.remediator.plan(&violation.target, &before) {
            Plan::Change(after) => after,
            Plan::Nothing => return self.close(violation, Ended::Compliant, now).await,
            Plan::Refuse(why) => return self.close(violation, Ended::Refused(why), now).await,
        };
        let (was, will) = (value(&before)?, value(&after)?);
        let plan = plan_hash(violation, &was, &will);
        if let Some(held) = self.held(violation, &plan, now).await? {
            return self.close(violation, held, now).await;
        }
        let attempt =
            Attempt { time: now, actor: violation.actor.clone(), before: digest(&was.to_string()) };
        let attempts: Vec<Attempt> = past.iter().map(|one| one.1.attempt.clone()).collect();
        if let Err(stop) = permit(&self.settings.limits, &attempts, &attempt) {
            return self.close(violation, Ended::Refused(stop.to_string()), now).await;
        }
        let remediator = R::ID.to_owned();
        let finding = violation.finding;
        let intent =
            Intent { finding, remediator, attempt, plan, before: was.clone(), after: will };
        let number = past.last().map_or(0, |last| last.0).saturating_add(1);
        self.ledger.write(&before_key(&was), was.to_string().as_bytes()).await?;
        let key = Records::of(&violation.target).intent(number);
        if !self.ledger.claim(&key, value(&intent)?.to_string().as_bytes()).await? {
            return Err(DriveError::Busy);
        }
        let violation = violation.clone();
        let begun = Begun { number, fresh: true, violation, before, after };
        self.carry_out(&begun, now).await
    }

    /// What an interruption left open.
    async fn resume(
        &self,
        violation: &Violation,
        number: u32,
        intent: &Intent,
        now: i64,
    ) -> Driven<Outcome> {
        let violation = Violation { finding: intent.finding, ..violation.clone() };
        let state = |value: &Value| {
            let key = Records::of(&violation.target).intent(number);
            R::State::deserialize_from(value).map_err(|error| DriveError::Record(key, error))
        };
        let (before, after) = (state(&intent.before)?, state(&intent.after)?);
        let begun = Begun { number, fresh: false, violation, before, after };
        self.carry_out(&begun, now).await
    }

    /// From an intent to its outcome. Whatever happened before, an interruption included, the state tells.
    async fn carry_out(&self, begun: &Begun<R::State>, now: i64) -> Driven<Outcome> {
        if let Some(result) = self.settled(begun).await? {
            return self.end(begun, result, now).await;
        }
        let result = match self.stopped(&begun.violation.target).await? {
            Some(why) => Ended::Refused(why),
            None => self.write(begun).await?,
        };
        self.end(begun, result, now).await
    }

    /// The second read: how it ended already, unless the state is still the one that was planned from.
    async fn settled(&self, begun: &Begun<R::State>) -> Driven<Option<Ended>> {
        Ok(Some(match self.remediator.observe(&begun.violation.target).await {
            Ok(state) if state == begun.before => return Ok(None),
            // What somebody else did is not ours to undo.
            Ok(state) if state == begun.after && !begun.fresh => Ended::Done,
            // Somebody else's change, or our own in part: it is never written over.
            Ok(_) => Ended::Superseded,
            Err(RefusedByAws::Gone) => Ended::Gone,
            Err(refused @ RefusedByAws::Denied(_)) => Ended::Failed(refused.to_string()),
            Err(RefusedByAws::Later(why)) => return Err(DriveError::Later(why)),
        }))
    }

    /// The write, and what came of it.
    async fn write(&self, begun: &Begun<R::State>) -> Driven<Ended> {
        let target = &begun.violation.target;
        let applied = self.remediator.apply(target, &begun.after).await;
        let seen = self.remediator.observe(target).await;
        let state = match seen {
            Ok(state) => state,
            Err(RefusedByAws::Gone) => return Ok(Ended::Gone),
            Err(refused) => return Err(DriveError::Later(refused.to_string())),
        };
        Ok(match applied {
            _ if state == begun.after => Ended::Done,
            Err(RefusedByAws::Gone) => Ended::Gone,
            Err(refused @ RefusedByAws::Denied(_)) if state == begun.before => {
                Ended::Failed(refused.to_string())
            }
            // Not there yet, or not seen yet: the message comes again and looks again.
            _ if state == begun.before => {
                return Err(DriveError::Later("the change is not seen yet".to_owned()));
            }
            Err(refused) => self.set_back(begun, &refused).await,
            Ok(()) => Ended::Failed("somebody else changed it right after".to_owned()),
        })
    }

    /// What was written in part is set back.
    async fn set_back(&self, begun: &Begun<R::State>, refused: &RefusedByAws) -> Ended {
        let target = &begun.violation.target;
        let applied = self.remediator.apply(target, &begun.before).await;
        let seen = self.remediator.observe(target).await;
        match (applied, seen) {
            (_, Ok(state)) if state == begun.before => Ended::Undone(refused.to_string()),
            _ => Ended::Failed(format!("left half done: {refused}; see the before-image")),
        }
    }

    /// Why no write may be made now.
    async fn stopped(&self, target: &Target) -> Driven<Option<String>> {
        let switches = [
            (KILL_SWITCH.to_owned(), "all remediation"),
            (format!("{KILL_SWITCH}-account/{}", target.account), "remediation in this account"),
            (format!("{KILL_SWITCH}-policy/{}", target.policy), "remediation for this policy"),
        ];
        for (key, what) in switches {
            if self.ledger.has(&key).await? {
                return Ok(Some(format!("the kill switch stops {what}: `{key}`")));
            }
        }
        Ok(None)
    }

    /// A state that could not be read: nothing is written.
    async fn unread(
        &self,
        violation: &Violation,
        refused: RefusedByAws,
        now: i64,
    ) -> Driven<Outcome> {
        match refused {
            RefusedByAws::Gone => self.close(violation, Ended::Gone, now).await,
            RefusedByAws::Denied(_) => {
                self.close(violation, Ended::Refused(refused.to_string()), now).await
            }
            RefusedByAws::Later(why) => Err(DriveError::Later(why)),
        }
    }

    /// Ends without an attempt. What is only planned or waits may go on later: that leaves no record.
    async fn close(&self, violation: &Violation, result: Ended, now: i64) -> Driven<Outcome> {
        let outcome = Outcome { finding: violation.finding, attempt: None, result };
        if !matches!(outcome.result, Ended::Planned(_) | Ended::Waiting(_)) {
            let records = Records::of(&violation.target);
            let activity = records.activity(R::ID, &outcome, now).to_string();
            // The first stands: told again, it would differ by its time only.
            self.ledger.claim(&records.closed(violation.finding), activity.as_bytes()).await?;
        }
        Ok(outcome)
    }

    /// Ends an attempt.
    async fn end(&self, begun: &Begun<R::State>, result: Ended, now: i64) -> Driven<Outcome> {
        let (finding, attempt) = (begun.violation.finding, Some(begun.number));
        let outcome = Outcome { finding, attempt, result };
        let records = Records::of(&begun.violation.target);
        let activity = records.activity(R::ID, &outcome, now).to_string();
        self.ledger.claim(&records.outcome(begun.number), activity.as_bytes()).await?;
        Ok(outcome)
    }
}

/// Reads a state back.
trait DeserializeFrom: Sized {
    fn deserialize_from(value: &Value) -> std::result::Result<Self, serde_json::Error>;
}

impl<T: serde::de::DeserializeOwned> DeserializeFrom for T {
    fn deserialize_from(value: &Value) -> std::result::Result<Self, serde_json::Error> {
        serde_json::from_value(value.clone())
    }
}

fn value<T: serde::Serialize>(of: &T) -> Driven<Value> {
    serde_json::to_value(of).map_err(|error| DriveError::Record("state".to_owned(), error))
}

#[cfg(test)]
mod tests;

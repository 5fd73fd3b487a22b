//! The order of a remediation, in one place.
//!
//! A finding only points: what is repaired is the state just read. The intent, with the whole before-image, is
//! durable before anything is written; what was interrupted is finished when its message comes again.

mod approval;
mod attempts;
mod budget;
mod changes;
mod error;
mod identity;
pub(crate) mod kill_switch;
pub(crate) mod limits;
mod preview;
pub(crate) mod refusal_reason;
mod set_back;
mod undo;
mod verify;
mod waived;

pub use approval::Approval;
use approval::Authorization;
pub use attempts::Tried;
pub(crate) use changes::list_changes;
pub use error::DriveError;
pub use preview::Preview;
pub(crate) use set_back::SESSION_PREFIX;
pub use undo::UndoRequest;

use std::fmt;

use evenkeel_ledger::Ledger;
use evenkeel_rules::ocsf::RemediationActivity;
use evenkeel_rules::policy::Mode;
use serde_json::Value;
use uuid::Uuid;

use crate::journal::record::{
    Ended, Intent, Outcome, Records, UndoMark, before_key, digest, plan_hash,
};
use crate::remediator::erased::{ErasedRemediator, StateError};
use crate::remediator::{Check, Plan, RefusedByAws};
use crate::violation::{Target, Violation};
use crate::workflow::kill_switch::{ActiveSwitch, KillSwitch};
use crate::workflow::limits::{Attempt, Budget, Limits, permit};
use crate::workflow::refusal_reason::RefusalReason;

/// So often is a plan made anew because somebody changed the state meanwhile.
const ROUNDS: usize = 3;

/// What the operator lets remediators do.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// The most that any policy may do by itself in this account.
    pub ceiling: Mode,
    /// How often on one resource.
    pub limits: Limits,
    /// How often in a day.
    pub budget: Budget,
}

/// Drives one remediator.
pub struct Drive {
    remediator: Box<dyn ErasedRemediator>,
    ledger: Ledger,
    settings: Settings,
    /// Asked before each write, here and for each call that changes something at AWS.
    switch: Option<KillSwitch>,
}

/// An attempt that was begun.
struct Begun {
    number: u32,
    /// It was begun just now: nothing of it can have been written yet.
    fresh: bool,
    violation: Violation,
    before: Value,
    after: Value,
    /// Why a person had to say yes.
    asked: Option<String>,
    /// The plan's hash.
    plan: String,
    /// The approval that it used up.
    approval: Option<String>,
}

/// How an attempt ended, and the state that was seen then.
type End = (Ended, Option<Value>);

/// What may be done about a violation.
enum Prepared {
    /// Nothing: it ends so.
    Ended(Ended),
    /// This.
    Planned(Box<Planned>),
}

/// Whether an attempt may be begun.
enum Permission {
    /// Not: it ends so.
    Ended(Ended),
    /// This one.
    Granted(Box<Permit>),
}

/// An attempt that may be begun.
struct Permit {
    number: u32,
    plan: Planned,
    attempt: Attempt,
    /// The approval that it uses up, where the mode needs one.
    approval: Option<String>,
}

/// A plan, not yet permitted.
struct Planned {
    before: Value,
    after: Value,
    hash: String,
    /// What the check before the write asks a person.
    asked: Option<String>,
    /// All that a person is asked.
    questions: Vec<String>,
}

impl fmt::Debug for Drive {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.debug_struct("Drive").field("remediator", &self.id()).finish_non_exhaustive()
    }
}

type Driven<T> = std::result::Result<T, DriveError>;

impl Drive {
    /// A drive that keeps its records in `ledger`.
    pub fn new(remediator: Box<dyn ErasedRemediator>, ledger: Ledger, settings: Settings) -> Self {
        Drive { remediator, ledger, settings, switch: None }
    }

    /// The same, with the kill switch that is asked before each call that changes something at AWS.
    #[must_use]
    pub fn with_switch(self, switch: Option<KillSwitch>) -> Self {
        Drive { switch, ..self }
    }

    /// The remediator's name.
    fn id(&self) -> &'static str {
        self.remediator.spec().id
    }

    /// Does what is to be done about a violation, once. `now` is in milliseconds since 1970.
    ///
    /// # Errors
    /// When it has not ended; to do it again is harmless.
    pub async fn remediate(&self, violation: &Violation, now: i64) -> Driven<Outcome> {
        self.check_remediator(violation)?;
        let past = self.past(&violation.target).await?;
        match self.done(violation, &past).await? {
            Some(done) => Ok(done),
            None => Box::pin(self.remediate_again(violation, now)).await,
        }
    }

    /// Like [`Drive::remediate`], also where the violation was acted on before: a person wants it.
    ///
    /// # Errors
    /// When it has not ended; to do it again is harmless.
    pub async fn remediate_again(&self, violation: &Violation, now: i64) -> Driven<Outcome> {
        self.check_remediator(violation)?;
        for _ in 0..ROUNDS {
            let past = self.past(&violation.target).await?;
            let outcome = match self.find_open(&violation.target, &past).await? {
                Some((number, intent)) => self.resume(violation, *number, intent, now).await?,
                None => self.begin(violation, &past, now).await?,
            };
            if let (Ended::Halted(_), Some(number)) = (&outcome.result, outcome.attempt)
                && outcome.finding != violation.finding
            {
                let why = outcome.result.to_string();
                let reason = describe_open(number, outcome.finding, why);
                return self.close(violation, Ended::Refused(reason), now).await;
            }
            // What another finding's attempt left open says nothing of this one.
            if outcome.result != Ended::Superseded && outcome.finding == violation.finding {
                return Ok(outcome);
            }
        }
        Err(DriveError::Busy)
    }

    /// A violation that is for another remediator has come the wrong way.
    fn check_remediator(&self, violation: &Violation) -> Driven<()> {
        if violation.remediator == self.id() {
            Ok(())
        } else {
            Err(DriveError::Another(violation.remediator.clone()))
        }
    }

    /// From the finding to an intent, and on.
    async fn begin(
        &self,
        violation: &Violation,
        past: &[(u32, Intent)],
        now: i64,
    ) -> Driven<Outcome> {
        match self.permit_attempt(violation, past, now).await? {
            Permission::Ended(ended) => self.close(violation, ended, now).await,
            Permission::Granted(permit) => self.start(violation, *permit, now).await,
        }
    }

    /// What may be done now, with all that bounds it. Nothing is spent or used up yet.
    async fn permit_attempt(
        &self,
        violation: &Violation,
        past: &[(u32, Intent)],
        now: i64,
    ) -> Driven<Permission> {
        let refuse = |why: RefusalReason| Ok(Permission::Ended(Ended::Refused(why)));
        if let Some(why) = self.find_refusal(violation, past).await? {
            return refuse(why);
        }
        let plan = match self.prepare(violation).await? {
            Prepared::Ended(ended) => return Ok(Permission::Ended(ended)),
            Prepared::Planned(plan) => plan,
        };
        let number = past.last().map_or(0, |last| last.0).saturating_add(1);
        let approval = match self.authorize(violation, &plan, number, now).await? {
            Authorization::Granted(approval) => approval,
            Authorization::Withheld(ended) => return Ok(Permission::Ended(ended)),
        };
        let attempt = Attempt {
            time: now,
            actor: violation.actor.clone(),
            before: digest(&plan.before.to_string()),
        };
        let attempts = self.list_attempts(&violation.target, past).await?;
        if let Err(stop) = permit(&self.settings.limits, &attempts, &attempt) {
            return refuse(stop.into());
        }
        match self.check_budget(&violation.target, now).await? {
            Some(stop) => refuse(stop.into()),
            None => {
                Ok(Permission::Granted(Box::new(Permit { number, plan: *plan, attempt, approval })))
            }
        }
    }

    /// Why nothing is planned, whatever the state.
    async fn find_refusal(
        &self,
        violation: &Violation,
        past: &[(u32, Intent)],
    ) -> Driven<Option<RefusalReason>> {
        match self.stopped(violation).await? {
            None => self.find_own_set_back(violation, past).await,
            stopped => Ok(stopped),
        }
    }

    /// Uses up the approval, claims the attempt, spends, and carries it out.
    async fn start(
        &self,
        violation: &Violation,
        Permit { number, plan, attempt, approval }: Permit,
        now: i64,
    ) -> Driven<Outcome> {
        if let Some(key) = &approval
            && !self.use_approval(key, &violation.target, number).await?
        {
            return Err(DriveError::Busy);
        }
        self.claim(violation, number, attempt, &plan, approval.clone()).await?;
        let spent = self.spend(&violation.target, number, now).await?;
        let (violation, Planned { before, after, asked, hash, .. }) = (violation.clone(), plan);
        let (fresh, plan) = (true, hash);
        let begun = Begun { number, fresh, violation, before, after, asked, plan, approval };
        match spent {
            Some(stop) => self.end(&begun, (Ended::Refused(stop.into()), None), now).await,
            None => self.carry_out(&begun, now).await,
        }
    }

    /// The intent, durable: of two workers one has it.
    async fn claim(
        &self,
        violation: &Violation,
        number: u32,
        attempt: Attempt,
        plan: &Planned,
        approval: Option<String>,
    ) -> Driven<()> {
        let intent = Intent {
            finding: violation.finding,
            remediator: self.id().to_owned(),
            attempt,
            plan: plan.hash.clone(),
            before: plan.before.clone(),
            after: plan.after.clone(),
            asked: plan.asked.clone(),
            approval,
        };
        self.ledger.write(&before_key(&plan.before), plan.before.to_string().as_bytes()).await?;
        let key = Records::of(&violation.target).intent(number);
        if self.ledger.claim(&key, write_value(&intent)?.to_string().as_bytes()).await? {
            Ok(())
        } else {
            Err(DriveError::Busy)
        }
    }

    /// Reads, plans, and asks the world what speaks against it. Nothing is written.
    async fn prepare(&self, violation: &Violation) -> Driven<Prepared> {
        let target = &violation.target;
        // A slip in its name must not leave a setting out.
        if let Some(name) =
            target.with.keys().find(|name| !self.remediator.spec().with.contains(&name.as_str()))
        {
            let (remediator, name) = (self.id(), name.clone());
            let reason = RefusalReason::UnknownSetting { remediator, name };
            return Ok(Prepared::Ended(Ended::Refused(reason)));
        }
        let before = match self.remediator.observe(target).await? {
            Ok(before) => before,
            Err(refused) => return unread(refused).map(Prepared::Ended),
        };
        let after = match self.remediator.plan(target, &before)? {
            Plan::Change(after) => after,
            Plan::Nothing => return Ok(Prepared::Ended(Ended::Compliant)),
            Plan::Refuse(why) => return Ok(Prepared::Ended(Ended::Refused(why.into()))),
        };
        let asked = match self.remediator.precheck(target, &before, &after).await? {
            Ok(Check::Go) => None,
            Ok(Check::Ask(why)) => Some(why),
            Ok(Check::Refuse(why)) => {
                let reason = RefusalReason::Precondition(why);
                return Ok(Prepared::Ended(Ended::Refused(reason)));
            }
            Err(refused) => return unread(refused).map(Prepared::Ended),
        };
        let mut questions: Vec<String> = asked.iter().cloned().collect();
        let undone = self.find_undone(target, &list_changes(&before, &after)).await?;
        questions.extend(undone.iter().map(|UndoMark { by, reason, .. }| {
            format!("{by} undid this repair ({reason}), and nobody approved it since")
        }));
        let hash = plan_hash(violation, &before, &after, &questions);
        let plan = Planned { before, after, hash, asked, questions };
        Ok(Prepared::Planned(Box::new(plan)))
    }

    /// What an interruption left open.
    async fn resume(
        &self,
        violation: &Violation,
        number: u32,
        intent: &Intent,
        now: i64,
    ) -> Driven<Outcome> {
        let begun = self.read_begun(violation, number, intent)?;
        self.spend_once(&violation.target, number, intent.attempt.time).await?;
        self.carry_out(&begun, now).await
    }

    /// An attempt as its intent tells of it.
    fn read_begun(&self, violation: &Violation, number: u32, intent: &Intent) -> Driven<Begun> {
        let state = |kept: &Value| self.read_state(&violation.target, number, kept);
        let mut own = violation.clone();
        own.finding = intent.finding;
        own.actor.clone_from(&intent.attempt.actor);
        Ok(Begun {
            number,
            fresh: false,
            violation: own,
            before: state(&intent.before)?,
            after: state(&intent.after)?,
            asked: intent.asked.clone(),
            plan: intent.plan.clone(),
            approval: intent.approval.clone(),
        })
    }

    /// A state that the intent of an attempt holds.
    fn read_state(&self, target: &Target, number: u32, kept: &Value) -> Driven<Value> {
        let state = self.remediator.read_state(kept);
        state.map_err(|StateError { error, .. }| {
            DriveError::Record(Records::of(target).intent(number), error)
        })
    }

    /// From an intent to its outcome. Whatever happened before, an interruption included, the state tells.
    async fn carry_out(&self, begun: &Begun, now: i64) -> Driven<Outcome> {
        if let Some(result) = self.settled(begun).await? {
            return self.end(begun, result, now).await;
        }
        let stopped = match self.stopped(&begun.violation).await? {
            None if !begun.fresh => match self.check_resumed(begun, now).await? {
                None => self.use_for_resumed(begun, now).await?,
                refused => refused,
            },
            stopped => stopped,
        };
        let result = match stopped {
            Some(why) => self.stop(begun, why).await?,
            None => self.write(begun).await?,
        };
        self.end(begun, result, now).await
    }

    /// How an attempt ends that may not go on: refused while nothing of it is written, otherwise halted.
    async fn stop(&self, begun: &Begun, why: RefusalReason) -> Driven<End> {
        match self.remediator.observe(&begun.violation.target).await? {
            Ok(state) if state == begun.before => Ok((Ended::Refused(why), Some(state))),
            Ok(state) => Ok((Ended::Halted(why), Some(state))),
            Err(RefusedByAws::Gone) => Ok((Ended::Gone, None)),
            Err(refused) => Err(DriveError::Later(refused.to_string())),
        }
    }

    /// The second read: how it ended already, unless the world is still the one that was planned from.
    async fn settled(&self, begun: &Begun) -> Driven<Option<End>> {
        let Begun { before, after, .. } = begun;
        let mut written = None;
        match self.remediator.observe(&begun.violation.target).await? {
            Ok(state) if state == *before => {}
            // What somebody else did is not ours to undo.
            Ok(state) if !begun.fresh && self.remediator.reached(&state, after)? => {
                return Ok(Some((Ended::Done, Some(state))));
            }
            Ok(state) if !begun.fresh && self.remediator.between(&state, before, after)? => {
                written = Some(state);
            }
            // Somebody else's change: it is never written over.
            Ok(_) => return Ok(Some((Ended::Superseded, None))),
            Err(RefusedByAws::Gone) => return Ok(Some((Ended::Gone, None))),
            Err(refused @ RefusedByAws::Denied(_)) if begun.fresh => {
                return Ok(Some((Ended::Failed(refused.to_string()), None)));
            }
            // What was written is not known: the attempt stays open.
            Err(refused @ RefusedByAws::Denied(_)) => {
                return Err(DriveError::Later(refused.to_string()));
            }
            Err(RefusedByAws::Later(why)) => return Err(DriveError::Later(why)),
        }
        let checked = self.remediator.precheck(&begun.violation.target, before, after).await?;
        Ok(match checked.map_err(|refused| DriveError::Later(refused.to_string()))? {
            Check::Go => None,
            Check::Ask(why) if begun.asked.as_ref() == Some(&why) => None,
            Check::Ask(why) | Check::Refuse(why) => Some(match written {
                None => (Ended::Superseded, None),
                written => (Ended::Halted(RefusalReason::Precondition(why)), written),
            }),
        })
    }

    /// The write, and what came of it.
    async fn write(&self, begun: &Begun) -> Driven<End> {
        let target = &begun.violation.target;
        let token = Records::of(target).token(begun.number, "apply");
        let applied = self.remediator.apply_once(target, &begun.after, &token).await?;
        let seen = self.remediator.observe(target).await?;
        let state = match seen {
            Ok(state) => state,
            Err(RefusedByAws::Gone) => return Ok((Ended::Gone, None)),
            Err(refused) => return Err(DriveError::Later(refused.to_string())),
        };
        let result = match applied {
            _ if self.remediator.reached(&state, &begun.after)? => Ended::Done,
            Err(RefusedByAws::Gone) => Ended::Gone,
            Err(refused @ RefusedByAws::Denied(_)) if state == begun.before => {
                Ended::Failed(refused.to_string())
            }
            // Not there yet, or not seen yet: the message comes again and looks again.
            _ if state == begun.before => {
                if let Some(why) = self.find_switch(target).await? {
                    return Ok((Ended::Refused(why.into()), Some(state)));
                }
                return Err(DriveError::Later("the change is not seen yet".to_owned()));
            }
            Err(refused) => return self.set_back(begun, &refused, state).await,
            Ok(()) => Ended::Failed("somebody else changed it right after".to_owned()),
        };
        Ok((result, Some(state)))
    }

    /// What was written in part is set back, unless a kill switch stops that too.
    async fn set_back(&self, begun: &Begun, refused: &RefusedByAws, state: Value) -> Driven<End> {
        if let Some(why) = self.find_switch(&begun.violation.target).await? {
            return Ok((Ended::Halted(why.into()), Some(state)));
        }
        let target = &begun.violation.target;
        let token = Records::of(target).token(begun.number, "set back");
        let applied = self.remediator.apply_once(target, &begun.before, &token).await?;
        let seen = self.remediator.observe(target).await?;
        let half = format!("left half done: {refused}; see the before-image");
        Ok(match (applied, seen) {
            (_, Ok(state)) if self.remediator.reached(&state, &begun.before)? => {
                (Ended::Undone(refused.to_string()), Some(state))
            }
            (_, Ok(state)) => match self.find_switch(&begun.violation.target).await? {
                Some(why) => (Ended::Halted(why.into()), Some(state)),
                None => (Ended::Failed(half), Some(state)),
            },
            // What is left is not known: the attempt stays open.
            (_, Err(_)) => return Err(DriveError::Later(half)),
        })
    }

    /// The kill switch that lets no write be made to the target now.
    async fn find_switch(&self, target: &Target) -> Driven<Option<ActiveSwitch>> {
        Ok(KillSwitch::new(self.ledger.clone(), target).find_active().await?)
    }

    /// Why no write may be made now.
    async fn stopped(&self, violation: &Violation) -> Driven<Option<RefusalReason>> {
        match self.find_switch(&violation.target).await? {
            Some(active) => Ok(Some(active.into())),
            None => self.waived(violation).await,
        }
    }

    /// Ends without an attempt. What is only planned or waits may go on later: that leaves no record.
    async fn close(&self, violation: &Violation, result: Ended, now: i64) -> Driven<Outcome> {
        let outcome = Outcome { finding: violation.finding, attempt: None, result, state: None };
        if !matches!(outcome.result, Ended::Planned(_) | Ended::Waiting(_)) {
            let records = Records::of(&violation.target);
            let activity = records.activity(self.id(), &outcome, now);
            self.keep_activity(&records.closed(violation.finding), &activity).await?;
        }
        Ok(outcome)
    }

    /// Ends an attempt.
    async fn end(&self, begun: &Begun, end: End, now: i64) -> Driven<Outcome> {
        let (finding, attempt) = (begun.violation.finding, Some(begun.number));
        let (result, state) = end;
        let target = &begun.violation.target;
        if matches!(result, Ended::Failed(_) | Ended::Undone(_)) {
            self.count_failure(target, now).await?;
        }
        let outcome = Outcome { finding, attempt, result, state };
        // The attempt stays open: it goes on, or is undone, when a person wants it.
        if matches!(outcome.result, Ended::Halted(_)) {
            return Ok(outcome);
        }
        if let (Ended::Done, Some(approval)) = (&outcome.result, &begun.approval) {
            let changes = list_changes(&begun.before, &begun.after);
            let undone = self.find_undone(target, &changes).await?;
            self.mark_approved(target, &undone, approval, now).await?;
        }
        let records = Records::of(target);
        let activity = records.activity(self.id(), &outcome, now);
        self.keep_activity(&records.outcome(begun.number), &activity).await?;
        Ok(outcome)
    }

    /// Keeps the record of an outcome. The first stands: told again, it would differ by its time only.
    async fn keep_activity(&self, key: &str, activity: &RemediationActivity<'_>) -> Driven<()> {
        self.ledger.claim(key, activity.record().as_bytes()).await?;
        Ok(())
    }
}

/// Why an attempt that is open stands in the way of another finding's repair.
fn describe_open(attempt: u32, finding: Uuid, why: String) -> RefusalReason {
    RefusalReason::AttemptOpen { attempt, finding, why }
}

/// How it ends when the world cannot be read: nothing is written.
fn unread(refused: RefusedByAws) -> Driven<Ended> {
    match refused {
        RefusedByAws::Gone => Ok(Ended::Gone),
        RefusedByAws::Denied(code) => Ok(Ended::Refused(RefusalReason::AccessDenied(code))),
        RefusedByAws::Later(why) => Err(DriveError::Later(why)),
    }
}

/// A record, as JSON.
fn write_value<T: serde::Serialize>(of: &T) -> Driven<Value> {
    serde_json::to_value(of).map_err(|error| DriveError::Record("record".to_owned(), error))
}

#[cfg(test)]
mod tests;

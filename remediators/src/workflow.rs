//! The order of a remediation, in one place.
//!
//! A finding only points: what is repaired is the state just read. The intent, with the whole before-image, is
//! durable before anything is written; what was interrupted is finished when its message comes again.

mod approval;
mod attempts;
mod budget;
mod error;
mod identity;
pub(crate) mod kill_switch;
pub(crate) mod limits;
mod open_attempt;
mod outcome_records;
mod own_rollback;
mod preview;
pub(crate) mod refusal_reason;
mod state_changes;
mod undo;
mod verify;
mod waivers;

pub use approval::PlanApproval;
use approval::PlanAuthorization;
pub use attempts::AttemptSummary;
pub use error::ExecutorError;
use open_attempt::OpenAttempt;
pub(crate) use own_rollback::SESSION_PREFIX;
pub use preview::RemediationPreview;
pub(crate) use state_changes::list_changes;
pub use undo::UndoRequest;

use std::fmt;

use evenkeel_ledger::Ledger;
use evenkeel_rules::policy::RemediationMode;
use serde_json::Value;
use uuid::Uuid;

use crate::journal::record::{
    JournalKeys, RemediationIntent, RemediationOutcome, RemediationResult, UndoMark,
    before_image_key, digest_text, plan_hash,
};
use crate::remediator::type_erasure::ErasedRemediator;
use crate::remediator::{AwsFailure, PrecheckResult, RemediationPlan};
use crate::violation::{PolicyViolation, TargetResource};
use crate::workflow::kill_switch::{ActiveSwitch, KillSwitch};
use crate::workflow::limits::{AttemptRecord, DailyBudget, RetryLimits, check_limits};
use crate::workflow::refusal_reason::RefusalReason;

/// So often is a plan made anew because somebody changed the state meanwhile.
const MAX_PLAN_ROUNDS: usize = 3;

/// What the operator lets remediators do.
#[derive(Clone, Copy, Debug)]
pub struct ExecutorSettings {
    /// The most that any policy may do by itself in this account.
    pub maximum_mode: RemediationMode,
    /// How often on one resource.
    pub limits: RetryLimits,
    /// How often in a day.
    pub budget: DailyBudget,
}

/// Drives one remediator.
pub struct RemediationExecutor {
    remediator: Box<dyn ErasedRemediator>,
    ledger: Ledger,
    settings: ExecutorSettings,
    /// Asked before each write, here and for each call that changes something at AWS.
    switch: Option<KillSwitch>,
}

/// How an attempt ended, and the state that was seen then.
type ObservedResult = (RemediationResult, Option<Value>);

/// What may be done about a violation.
enum PlanPreparation {
    /// Nothing: it ends so.
    Ended(RemediationResult),
    /// This.
    Planned(Box<PendingPlan>),
}

/// Whether an attempt may be begun.
enum AttemptPermission {
    /// Not: it ends so.
    Ended(RemediationResult),
    /// This one.
    Granted(Box<AttemptPermit>),
}

/// An attempt that may be begun.
struct AttemptPermit {
    number: u32,
    plan: PendingPlan,
    attempt: AttemptRecord,
    /// The approval that it uses up, where the mode needs one.
    approval: Option<String>,
}

/// A plan, not yet permitted.
struct PendingPlan {
    before: Value,
    after: Value,
    hash: String,
    /// What the check before the write asks a person.
    approval_reason: Option<String>,
    /// All that a person is asked.
    questions: Vec<String>,
}

impl fmt::Debug for RemediationExecutor {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.debug_struct("RemediationExecutor")
            .field("remediator", &self.remediator_id())
            .finish_non_exhaustive()
    }
}

type ExecutorResult<T> = std::result::Result<T, ExecutorError>;

impl RemediationExecutor {
    /// A drive that keeps its records in `ledger`.
    pub fn new(
        remediator: Box<dyn ErasedRemediator>,
        ledger: Ledger,
        settings: ExecutorSettings,
    ) -> Self {
        RemediationExecutor { remediator, ledger, settings, switch: None }
    }

    /// The same, with the kill switch that is asked before each call that changes something at AWS.
    #[must_use]
    pub fn with_kill_switch(self, switch: Option<KillSwitch>) -> Self {
        RemediationExecutor { switch, ..self }
    }

    /// The remediator's name.
    fn remediator_id(&self) -> &'static str {
        self.remediator.spec().id
    }

    /// Does what is to be done about a violation, once. `now` is in milliseconds since 1970.
    ///
    /// # Errors
    /// When it has not ended; to do it again is harmless.
    pub async fn remediate_violation(
        &self,
        violation: &PolicyViolation,
        now: i64,
    ) -> ExecutorResult<RemediationOutcome> {
        self.check_remediator(violation)?;
        let past = self.load_past_attempts(&violation.target).await?;
        match self.find_completed_outcome(violation, &past).await? {
            Some(done) => Ok(done),
            None => Box::pin(self.remediate_again(violation, now)).await,
        }
    }

    /// Like [`RemediationExecutor::remediate_violation`], also where the violation was acted on before: a person wants it.
    ///
    /// # Errors
    /// When it has not ended; to do it again is harmless.
    pub async fn remediate_again(
        &self,
        violation: &PolicyViolation,
        now: i64,
    ) -> ExecutorResult<RemediationOutcome> {
        self.check_remediator(violation)?;
        for _ in 0..MAX_PLAN_ROUNDS {
            let past = self.load_past_attempts(&violation.target).await?;
            let outcome = match self.find_open_attempt(&violation.target, &past).await? {
                Some((number, intent)) => {
                    self.resume_attempt(violation, *number, intent, now).await?
                }
                None => self.attempt_remediation(violation, &past, now).await?,
            };
            if let (RemediationResult::Halted(_), Some(number)) = (&outcome.result, outcome.attempt)
                && outcome.finding != violation.finding
            {
                let why = outcome.result.to_string();
                let reason = describe_open_attempt(number, outcome.finding, why);
                return self
                    .record_without_attempt(violation, RemediationResult::Refused(reason), now)
                    .await;
            }
            // What another finding's attempt left open says nothing of this one.
            if outcome.result != RemediationResult::Superseded
                && outcome.finding == violation.finding
            {
                return Ok(outcome);
            }
        }
        Err(ExecutorError::Busy)
    }

    /// A violation that is for another remediator has come the wrong way.
    fn check_remediator(&self, violation: &PolicyViolation) -> ExecutorResult<()> {
        if violation.remediator == self.remediator_id() {
            Ok(())
        } else {
            Err(ExecutorError::OtherRemediator(violation.remediator.clone()))
        }
    }

    /// From the finding to an intent, and on.
    async fn attempt_remediation(
        &self,
        violation: &PolicyViolation,
        past: &[(u32, RemediationIntent)],
        now: i64,
    ) -> ExecutorResult<RemediationOutcome> {
        match self.permit_attempt(violation, past, now).await? {
            AttemptPermission::Ended(ended) => {
                self.record_without_attempt(violation, ended, now).await
            }
            AttemptPermission::Granted(permit) => self.start_attempt(violation, *permit, now).await,
        }
    }

    /// What may be done now, with all that bounds it. Nothing is spent or used up yet.
    async fn permit_attempt(
        &self,
        violation: &PolicyViolation,
        past: &[(u32, RemediationIntent)],
        now: i64,
    ) -> ExecutorResult<AttemptPermission> {
        let refuse =
            |why: RefusalReason| Ok(AttemptPermission::Ended(RemediationResult::Refused(why)));
        if let Some(why) = self.find_refusal(violation, past).await? {
            return refuse(why);
        }
        let plan = match self.prepare_plan(violation).await? {
            PlanPreparation::Ended(ended) => return Ok(AttemptPermission::Ended(ended)),
            PlanPreparation::Planned(plan) => plan,
        };
        let number = past.last().map_or(0, |last| last.0).saturating_add(1);
        let approval = match self.authorize_plan(violation, &plan, number, now).await? {
            PlanAuthorization::Granted(approval) => approval,
            PlanAuthorization::Withheld(ended) => return Ok(AttemptPermission::Ended(ended)),
        };
        let attempt = AttemptRecord {
            time: now,
            actor: violation.actor.clone(),
            before: digest_text(&plan.before.to_string()),
        };
        let attempts = self.list_counted_attempts(&violation.target, past).await?;
        if let Err(stop) = check_limits(&self.settings.limits, &attempts, &attempt) {
            return refuse(stop.into());
        }
        match self.check_budget(&violation.target, now).await? {
            Some(stop) => refuse(stop.into()),
            None => Ok(AttemptPermission::Granted(Box::new(AttemptPermit {
                number,
                plan: *plan,
                attempt,
                approval,
            }))),
        }
    }

    /// Why nothing is planned, whatever the state.
    async fn find_refusal(
        &self,
        violation: &PolicyViolation,
        past: &[(u32, RemediationIntent)],
    ) -> ExecutorResult<Option<RefusalReason>> {
        match self.find_stop_reason(violation).await? {
            None => self.find_own_rollback(violation, past).await,
            stopped => Ok(stopped),
        }
    }

    /// Uses up the approval, claims the attempt, spends, and carries it out.
    async fn start_attempt(
        &self,
        violation: &PolicyViolation,
        AttemptPermit { number, plan, attempt, approval }: AttemptPermit,
        now: i64,
    ) -> ExecutorResult<RemediationOutcome> {
        if let Some(key) = &approval
            && !self.use_approval(key, &violation.target, number).await?
        {
            return Err(ExecutorError::Busy);
        }
        self.record_intent(violation, number, attempt, &plan, approval.clone()).await?;
        let spent = self.reserve_budget(&violation.target, number, now).await?;
        let (violation, PendingPlan { before, after, approval_reason: asked, hash, .. }) =
            (violation.clone(), plan);
        let (fresh, plan) = (true, hash);
        let begun = OpenAttempt {
            number,
            is_fresh: fresh,
            violation,
            before,
            after,
            approval_reason: asked,
            plan,
            approval,
        };
        match spent {
            Some(stop) => {
                self.record_attempt(&begun, (RemediationResult::Refused(stop.into()), None), now)
                    .await
            }
            None => self.execute_attempt(&begun, now).await,
        }
    }

    /// The intent, durable: of two workers one has it.
    async fn record_intent(
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

    /// Reads, plans, and asks the world what speaks against it. Nothing is written.
    async fn prepare_plan(&self, violation: &PolicyViolation) -> ExecutorResult<PlanPreparation> {
        let target = &violation.target;
        // A slip in its name must not leave a setting out.
        if let Some(name) = target
            .parameters
            .keys()
            .find(|name| !self.remediator.spec().parameter_names.contains(&name.as_str()))
        {
            let (remediator, name) = (self.remediator_id(), name.clone());
            let reason = RefusalReason::UnknownSetting { remediator, name };
            return Ok(PlanPreparation::Ended(RemediationResult::Refused(reason)));
        }
        let before = match self.remediator.observe_state(target).await? {
            Ok(before) => before,
            Err(refused) => return classify_read_failure(refused).map(PlanPreparation::Ended),
        };
        let after = match self.remediator.plan_change(target, &before)? {
            RemediationPlan::Change(after) => after,
            RemediationPlan::Nothing => {
                return Ok(PlanPreparation::Ended(RemediationResult::Compliant));
            }
            RemediationPlan::Refuse(why) => {
                return Ok(PlanPreparation::Ended(RemediationResult::Refused(why.into())));
            }
        };
        let asked = match self.remediator.check_preconditions(target, &before, &after).await? {
            Ok(PrecheckResult::Proceed) => None,
            Ok(PrecheckResult::RequireApproval(why)) => Some(why),
            Ok(PrecheckResult::Abort(why)) => {
                let reason = RefusalReason::Precondition(why);
                return Ok(PlanPreparation::Ended(RemediationResult::Refused(reason)));
            }
            Err(refused) => return classify_read_failure(refused).map(PlanPreparation::Ended),
        };
        let mut questions: Vec<String> = asked.iter().cloned().collect();
        let undone = self.find_undone(target, &list_changes(&before, &after)).await?;
        questions.extend(undone.iter().map(|UndoMark { by, reason, .. }| {
            format!("{by} undid this repair ({reason}), and nobody approved it since")
        }));
        let hash = plan_hash(violation, &before, &after, &questions);
        let plan = PendingPlan { before, after, hash, approval_reason: asked, questions };
        Ok(PlanPreparation::Planned(Box::new(plan)))
    }

    /// What an interruption left open.
    async fn resume_attempt(
        &self,
        violation: &PolicyViolation,
        number: u32,
        intent: &RemediationIntent,
        now: i64,
    ) -> ExecutorResult<RemediationOutcome> {
        let begun = self.read_open_attempt(violation, number, intent)?;
        self.reserve_budget_once(&violation.target, number, intent.attempt.time).await?;
        self.execute_attempt(&begun, now).await
    }

    /// From an intent to its outcome. Whatever happened before, an interruption included, the state tells.
    async fn execute_attempt(
        &self,
        begun: &OpenAttempt,
        now: i64,
    ) -> ExecutorResult<RemediationOutcome> {
        if let Some(result) = self.find_settled_result(begun).await? {
            return self.record_attempt(begun, result, now).await;
        }
        let stopped = match self.find_stop_reason(&begun.violation).await? {
            None if !begun.is_fresh => match self.check_resumed_attempt(begun, now).await? {
                None => self.use_newer_approval(begun, now).await?,
                refused => refused,
            },
            stopped => stopped,
        };
        let result = match stopped {
            Some(why) => self.stop_attempt(begun, why).await?,
            None => self.apply_plan(begun).await?,
        };
        self.record_attempt(begun, result, now).await
    }

    /// How an attempt ends that may not go on: refused while nothing of it is written, otherwise halted.
    async fn stop_attempt(
        &self,
        begun: &OpenAttempt,
        why: RefusalReason,
    ) -> ExecutorResult<ObservedResult> {
        match self.remediator.observe_state(&begun.violation.target).await? {
            Ok(state) if state == begun.before => {
                Ok((RemediationResult::Refused(why), Some(state)))
            }
            Ok(state) => Ok((RemediationResult::Halted(why), Some(state))),
            Err(AwsFailure::NotFound) => Ok((RemediationResult::ResourceGone, None)),
            Err(refused) => Err(ExecutorError::Retryable(refused.to_string())),
        }
    }

    /// The second read: how it ended already, unless the world is still the one that was planned from.
    async fn find_settled_result(
        &self,
        begun: &OpenAttempt,
    ) -> ExecutorResult<Option<ObservedResult>> {
        let OpenAttempt { before, after, .. } = begun;
        let mut written = None;
        match self.remediator.observe_state(&begun.violation.target).await? {
            Ok(state) if state == *before => {}
            // What somebody else did is not ours to undo.
            Ok(state) if !begun.is_fresh && self.remediator.has_reached(&state, after)? => {
                return Ok(Some((RemediationResult::Restored, Some(state))));
            }
            Ok(state)
                if !begun.is_fresh
                    && self.remediator.is_partial_state(&state, before, after)? =>
            {
                written = Some(state);
            }
            // Somebody else's change: it is never written over.
            Ok(_) => return Ok(Some((RemediationResult::Superseded, None))),
            Err(AwsFailure::NotFound) => return Ok(Some((RemediationResult::ResourceGone, None))),
            Err(refused @ AwsFailure::Denied(_)) if begun.is_fresh => {
                return Ok(Some((RemediationResult::Failed(refused.to_string()), None)));
            }
            // What was written is not known: the attempt stays open.
            Err(refused @ AwsFailure::Denied(_)) => {
                return Err(ExecutorError::Retryable(refused.to_string()));
            }
            Err(AwsFailure::Retryable(why)) => return Err(ExecutorError::Retryable(why)),
        }
        let checked =
            self.remediator.check_preconditions(&begun.violation.target, before, after).await?;
        Ok(match checked.map_err(|refused| ExecutorError::Retryable(refused.to_string()))? {
            PrecheckResult::Proceed => None,
            PrecheckResult::RequireApproval(why)
                if begun.approval_reason.as_ref() == Some(&why) =>
            {
                None
            }
            PrecheckResult::RequireApproval(why) | PrecheckResult::Abort(why) => {
                Some(match written {
                    None => (RemediationResult::Superseded, None),
                    written => {
                        (RemediationResult::Halted(RefusalReason::Precondition(why)), written)
                    }
                })
            }
        })
    }

    /// The write, and what came of it.
    async fn apply_plan(&self, begun: &OpenAttempt) -> ExecutorResult<ObservedResult> {
        let target = &begun.violation.target;
        let token = JournalKeys::for_target(target).idempotency_token(begun.number, "apply");
        let applied = self.remediator.apply_state_once(target, &begun.after, &token).await?;
        let seen = self.remediator.observe_state(target).await?;
        let state = match seen {
            Ok(state) => state,
            Err(AwsFailure::NotFound) => return Ok((RemediationResult::ResourceGone, None)),
            Err(refused) => return Err(ExecutorError::Retryable(refused.to_string())),
        };
        let result = match applied {
            _ if self.remediator.has_reached(&state, &begun.after)? => RemediationResult::Restored,
            Err(AwsFailure::NotFound) => RemediationResult::ResourceGone,
            Err(refused @ AwsFailure::Denied(_)) if state == begun.before => {
                RemediationResult::Failed(refused.to_string())
            }
            // Not there yet, or not seen yet: the message comes again and looks again.
            _ if state == begun.before => {
                if let Some(why) = self.find_active_switch(target).await? {
                    return Ok((RemediationResult::Refused(why.into()), Some(state)));
                }
                return Err(ExecutorError::Retryable("the change is not seen yet".to_owned()));
            }
            Err(refused) => return self.roll_back(begun, &refused, state).await,
            Ok(()) => RemediationResult::Failed("somebody else changed it right after".to_owned()),
        };
        Ok((result, Some(state)))
    }

    /// What was written in part is set back, unless a kill switch stops that too.
    async fn roll_back(
        &self,
        begun: &OpenAttempt,
        refused: &AwsFailure,
        state: Value,
    ) -> ExecutorResult<ObservedResult> {
        if let Some(why) = self.find_active_switch(&begun.violation.target).await? {
            return Ok((RemediationResult::Halted(why.into()), Some(state)));
        }
        let target = &begun.violation.target;
        let token = JournalKeys::for_target(target).idempotency_token(begun.number, "set back");
        let applied = self.remediator.apply_state_once(target, &begun.before, &token).await?;
        let seen = self.remediator.observe_state(target).await?;
        let half = format!("left half done: {refused}; see the before-image");
        Ok(match (applied, seen) {
            (_, Ok(state)) if self.remediator.has_reached(&state, &begun.before)? => {
                (RemediationResult::RolledBack(refused.to_string()), Some(state))
            }
            (_, Ok(state)) => match self.find_active_switch(&begun.violation.target).await? {
                Some(why) => (RemediationResult::Halted(why.into()), Some(state)),
                None => (RemediationResult::Failed(half), Some(state)),
            },
            // What is left is not known: the attempt stays open.
            (_, Err(_)) => return Err(ExecutorError::Retryable(half)),
        })
    }

    /// The kill switch that lets no write be made to the target now.
    async fn find_active_switch(
        &self,
        target: &TargetResource,
    ) -> ExecutorResult<Option<ActiveSwitch>> {
        Ok(KillSwitch::new(self.ledger.clone(), target).find_active().await?)
    }

    /// Why no write may be made now.
    async fn find_stop_reason(
        &self,
        violation: &PolicyViolation,
    ) -> ExecutorResult<Option<RefusalReason>> {
        match self.find_active_switch(&violation.target).await? {
            Some(active) => Ok(Some(active.into())),
            None => self.find_waiver(violation).await,
        }
    }
}

/// Why an attempt that is open stands in the way of another finding's repair.
fn describe_open_attempt(attempt: u32, finding: Uuid, why: String) -> RefusalReason {
    RefusalReason::AttemptOpen { attempt, finding, why }
}

/// How it ends when the world cannot be read: nothing is written.
fn classify_read_failure(refused: AwsFailure) -> ExecutorResult<RemediationResult> {
    match refused {
        AwsFailure::NotFound => Ok(RemediationResult::ResourceGone),
        AwsFailure::Denied(code) => {
            Ok(RemediationResult::Refused(RefusalReason::AccessDenied(code)))
        }
        AwsFailure::Retryable(why) => Err(ExecutorError::Retryable(why)),
    }
}

/// A record, as JSON.
fn to_json_value<T: serde::Serialize>(of: &T) -> ExecutorResult<Value> {
    serde_json::to_value(of)
        .map_err(|error| ExecutorError::UnreadableRecord("record".to_owned(), error))
}

#[cfg(test)]
mod tests;

//! The executor: the order of the steps of a remediation.
//!
//! A finding only identifies the resource. The executor reads the present state of the resource and
//! plans from that state. Before the executor writes to AWS, it stores the intent of the attempt,
//! with the complete prior state. An interrupted attempt continues when the message of the finding
//! is delivered again.

mod approval;
mod attempts;
mod budget;
mod error;
pub(crate) mod identity;
pub(crate) mod kill_switch;
pub(crate) mod limits;
mod open_attempt;
mod operator_rules;
mod outcome_records;
mod own_rollback;
mod pending_plans;
mod planning;
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
use std::sync::Arc;

use chrono::{DateTime, SecondsFormat};
use evenkeel_ledger::Ledger;
use evenkeel_rules::operator_settings::OperatorSettings;
use evenkeel_rules::policy::RemediationMode;
use serde_json::Value;
use uuid::Uuid;

use crate::access::ownership::OwnershipSource;
use crate::journal::plan_record::PlanEnd;
use crate::journal::record::{
    JournalKeys, RemediationIntent, RemediationOutcome, RemediationResult, digest_text,
};
use crate::remediator::type_erasure::ErasedRemediator;
use crate::remediator::{AwsFailure, PrecheckResult};
use crate::violation::{PolicyViolation, TargetResource};
use crate::workflow::kill_switch::{ActiveSwitch, KillSwitch};
use crate::workflow::limits::{AttemptRecord, DailyBudget, RetryLimits};
use crate::workflow::pending_plans::is_pending;
use crate::workflow::planning::{PendingPlan, PlanPreparation};
use crate::workflow::refusal_reason::RefusalReason;

/// The maximum number of plans per call. A change by somebody else requires a new plan.
const MAX_PLAN_ROUNDS: usize = 3;

/// The limits that the operator sets for remediations.
#[derive(Clone, Debug)]
pub struct ExecutorSettings {
    /// The maximum mode of all policies in the account.
    pub maximum_mode: RemediationMode,
    /// The limits for one resource.
    pub limits: RetryLimits,
    /// The limits for one day.
    pub budget: DailyBudget,
    /// The operator's settings. They can lower the maximum mode, and replace the limits.
    pub operator: OperatorSettings,
}

/// The executor of one remediator: it plans, writes, verifies, records and undoes.
///
/// # Examples
///
/// ```no_run
/// use evenkeel_remediators::{ExecutorError, PolicyViolation, RemediationExecutor};
///
/// async fn preview_and_remediate(
///     executor: &RemediationExecutor,
///     violation: &PolicyViolation,
///     now: i64,
/// ) -> Result<(), ExecutorError> {
///     let preview = executor.preview_remediation(violation, now).await?;
///     if preview.plan.is_some() {
///         let outcome = executor.remediate_violation(violation, now).await?;
///         println!("{}: {}", violation.target.id, outcome.result);
///     }
///     Ok(())
/// }
/// ```
pub struct RemediationExecutor {
    remediator: Box<dyn ErasedRemediator>,
    ledger: Ledger,
    settings: ExecutorSettings,
    /// The kill switch of the AWS calls. An undo ignores the switch.
    switch: Option<KillSwitch>,
    /// The source of the ownership of resources. Without a source, nothing is known about owners.
    ownership: Option<Arc<dyn OwnershipSource>>,
}

/// The result of an attempt, and the last state of the resource that was read.
type ObservedResult = (RemediationResult, Option<Value>);

/// The decision whether an attempt may start.
enum AttemptPermission {
    /// The attempt may not start. The remediation ends with this result.
    Ended(RemediationResult),
    /// The attempt may not start now. The plan can be applied later, at the time if there is one.
    Pending(Box<PendingPlan>, RemediationResult, Option<i64>),
    /// The attempt may start.
    Granted(Box<AttemptPermit>),
}

/// An attempt that may start.
struct AttemptPermit {
    number: u32,
    plan: PendingPlan,
    attempt: AttemptRecord,
    /// The key of the approval that the attempt uses, if the mode needs one.
    approval: Option<String>,
    /// True if the approval overrides the limits.
    overrides_limits: bool,
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
    /// Returns an executor that stores its records in `ledger`.
    pub fn new(
        remediator: Box<dyn ErasedRemediator>,
        ledger: Ledger,
        settings: ExecutorSettings,
    ) -> Self {
        RemediationExecutor { remediator, ledger, settings, switch: None, ownership: None }
    }

    /// Sets the kill switch that is checked before each call that changes something in AWS.
    #[must_use]
    pub fn with_kill_switch(self, switch: Option<KillSwitch>) -> Self {
        RemediationExecutor { switch, ..self }
    }

    /// Sets the source of the ownership of resources.
    #[must_use]
    pub fn with_ownership(self, ownership: Option<Arc<dyn OwnershipSource>>) -> Self {
        RemediationExecutor { ownership, ..self }
    }

    /// Returns the id of the remediator.
    fn remediator_id(&self) -> &'static str {
        self.remediator.spec().id
    }

    /// Remediates a violation once. If an earlier attempt for the finding was successful, the
    /// function writes nothing and returns the outcome of that attempt. `now` is in milliseconds
    /// since 1970.
    ///
    /// # Errors
    /// [`ExecutorError`] if the remediation has not ended. The call can be repeated safely.
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

    /// Remediates a violation even if an earlier attempt exists. Used for an operator's explicit
    /// request.
    ///
    /// # Errors
    /// [`ExecutorError`] if the remediation has not ended. The call can be repeated safely.
    pub async fn remediate_again(
        &self,
        violation: &PolicyViolation,
        now: i64,
    ) -> ExecutorResult<RemediationOutcome> {
        self.check_remediator(violation)?;
        for _ in 0..MAX_PLAN_ROUNDS {
            let past = self.load_past_attempts(&violation.target).await?;
            let outcome = match self.find_open_attempt(&violation.target, &past).await? {
                Some((number, intent)) if intent.policy == violation.target.policy => {
                    self.resume_attempt(violation, *number, intent, now).await?
                }
                Some((number, intent)) => {
                    return self.refuse_for_other_policy(violation, *number, intent, now).await;
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
            // The outcome of another finding's open attempt is not the outcome of this finding.
            if outcome.result != RemediationResult::Superseded
                && outcome.finding == violation.finding
            {
                return Ok(outcome);
            }
        }
        Err(ExecutorError::Busy)
    }

    /// Returns an error if the violation is for another remediator.
    fn check_remediator(&self, violation: &PolicyViolation) -> ExecutorResult<()> {
        if violation.target.remediator == self.remediator_id() {
            Ok(())
        } else {
            Err(ExecutorError::OtherRemediator(violation.target.remediator.clone()))
        }
    }

    /// Makes a new attempt if it is permitted, and records the result.
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
            AttemptPermission::Pending(plan, result, acts_at) => {
                let record =
                    self.record_pending_plan(violation, &plan, (&result, acts_at), now).await?;
                let outcome = self.record_without_attempt(violation, result, now).await?;
                Ok(RemediationOutcome { plan: Some(Box::new(record)), ..outcome })
            }
            AttemptPermission::Granted(permit) => self.start_attempt(violation, *permit, now).await,
        }
    }

    /// Checks the approval, the retry limits and the budgets for a new attempt. The function does
    /// not use up the approval or the budgets yet.
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
        let plan = match self.prepare_plan(violation, now).await? {
            PlanPreparation::Ended(ended) => {
                if ended == RemediationResult::Compliant {
                    self.clear_undo_marks(&violation.target, now).await?;
                }
                return Ok(AttemptPermission::Ended(ended));
            }
            PlanPreparation::Planned(plan) => plan,
        };
        let number = past.last().map_or(0, |last| last.0).saturating_add(1);
        let granted = match self.authorize_plan(violation, &plan, number, now).await? {
            PlanAuthorization::Granted(granted) => granted,
            PlanAuthorization::Withheld(ended, acts_at) => {
                return Ok(withhold_plan(plan, ended, acts_at));
            }
        };
        let overrides_limits = granted.as_ref().is_some_and(|granted| granted.overrides_limits);
        if let Some((ended, acts_at)) = self.find_schedule(violation, &plan, overrides_limits, now)
        {
            return Ok(withhold_plan(plan, ended, Some(acts_at)));
        }
        let attempt = AttemptRecord {
            time: now,
            actor: violation.actor.clone(),
            before: digest_text(&plan.before.to_string()),
        };
        if !overrides_limits
            && let Some(exceeded) = self.find_exceeded_limit(violation, past, &attempt, now).await?
        {
            return Ok(withhold_plan(plan, RemediationResult::Refused(exceeded.into()), None));
        }
        Ok(AttemptPermission::Granted(Box::new(AttemptPermit {
            number,
            plan: *plan,
            attempt,
            approval: granted.map(|granted| granted.key),
            overrides_limits,
        })))
    }

    /// Returns the reason why the remediation is refused before the state is read: a kill switch, a
    /// waiver, or Evenkeel's own rollback.
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

    /// Claims the approval, records the intent, reserves the budget and executes the attempt.
    async fn start_attempt(
        &self,
        violation: &PolicyViolation,
        AttemptPermit { number, plan, attempt, approval, overrides_limits }: AttemptPermit,
        now: i64,
    ) -> ExecutorResult<RemediationOutcome> {
        if let Some(key) = &approval
            && !self.use_approval(key, &violation.target, number).await?
        {
            return Err(ExecutorError::Busy);
        }
        self.record_intent(violation, number, attempt, &plan, approval.clone()).await?;
        self.plan_journal().end_latest(violation.finding, PlanEnd::Started, now).await?;
        let exceeded = self.reserve_budget(&violation.target, number, now).await?;
        let exceeded = exceeded.filter(|_| !overrides_limits);
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
        match exceeded {
            Some(limit) => {
                self.record_attempt(&begun, (RemediationResult::Refused(limit.into()), None), now)
                    .await
            }
            None => self.execute_attempt(&begun, now).await,
        }
    }

    /// Continues an interrupted attempt.
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

    /// Executes an attempt whose intent is recorded. For an interrupted attempt, the state of the
    /// resource shows which writes have succeeded.
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

    /// Returns the result of an attempt that may not continue. The result is `Refused` if nothing
    /// was written, and otherwise `Halted`.
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

    /// Reads the state again before the write. Returns a result if the attempt ends without a
    /// write, and otherwise `None`.
    async fn find_settled_result(
        &self,
        begun: &OpenAttempt,
    ) -> ExecutorResult<Option<ObservedResult>> {
        let OpenAttempt { before, after, .. } = begun;
        let mut written = None;
        match self.remediator.observe_state(&begun.violation.target).await? {
            Ok(state) if state == *before => {}
            // Only a resumed attempt can have written the planned state itself.
            Ok(state) if !begun.is_fresh && self.remediator.has_reached(&state, after)? => {
                return Ok(Some((RemediationResult::Restored, Some(state))));
            }
            Ok(state)
                if !begun.is_fresh
                    && self.remediator.is_partial_state(&state, before, after)? =>
            {
                written = Some(state);
            }
            // Somebody else changed the resource. That change is never overwritten.
            Ok(_) => return Ok(Some((RemediationResult::Superseded, None))),
            Err(AwsFailure::NotFound) => return Ok(Some((RemediationResult::ResourceGone, None))),
            Err(refused @ AwsFailure::Denied(_)) if begun.is_fresh => {
                return Ok(Some((RemediationResult::Failed(refused.to_string()), None)));
            }
            // It is unknown which changes were written, so the attempt stays open.
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

    /// Writes the planned state, reads the state again and returns the result.
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
            // The write failed or is not visible yet. The next delivery checks the state again.
            _ if state == begun.before => {
                if let Some(why) = self.find_active_switch(target).await? {
                    return Ok((RemediationResult::Refused(why.into()), Some(state)));
                }
                return Err(ExecutorError::not_visible_yet());
            }
            Err(refused) => return self.roll_back(begun, &refused, state).await,
            Ok(()) => RemediationResult::Failed(OVERWRITTEN.to_owned()),
        };
        Ok((result, Some(state)))
    }

    /// Rolls back a partial write, unless a kill switch is on.
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
        let token = JournalKeys::for_target(target).idempotency_token(begun.number, "roll back");
        let applied = self.remediator.apply_state_once(target, &begun.before, &token).await?;
        let seen = self.remediator.observe_state(target).await?;
        let partial = format!(
            "the change is incomplete and was not rolled back: {refused}; compare the resource \
             with the prior state (`before` in the intent record) and correct the resource by hand"
        );
        Ok(match (applied, seen) {
            (_, Ok(state)) if self.remediator.has_reached(&state, &begun.before)? => {
                (RemediationResult::RolledBack(refused.to_string()), Some(state))
            }
            (_, Ok(state)) => match self.find_active_switch(&begun.violation.target).await? {
                Some(why) => (RemediationResult::Halted(why.into()), Some(state)),
                None => (RemediationResult::Failed(partial), Some(state)),
            },
            // The present state is unknown, so the attempt stays open.
            (_, Err(_)) => return Err(ExecutorError::Retryable(partial)),
        })
    }

    /// Returns the kill switch that blocks writes to the target now.
    async fn find_active_switch(
        &self,
        target: &TargetResource,
    ) -> ExecutorResult<Option<ActiveSwitch>> {
        Ok(KillSwitch::new(self.ledger.clone(), target).find_active().await?)
    }

    /// Returns the kill switch or the waiver that blocks writes now.
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

/// The message for an attempt after which the resource has neither the prior nor the planned state.
const OVERWRITTEN: &str = "the resource was changed again immediately after the remediation, and \
    that change was not overwritten; find out who changed the resource, then run `evenkeel plan`";

/// Returns the permission for a plan that may not be applied now.
fn withhold_plan(
    plan: Box<PendingPlan>,
    ended: RemediationResult,
    acts_at: Option<i64>,
) -> AttemptPermission {
    if is_pending(&ended) {
        AttemptPermission::Pending(plan, ended, acts_at)
    } else {
        AttemptPermission::Ended(ended)
    }
}

/// Returns a time in the format of CloudTrail.
pub(crate) fn format_time(millis: i64) -> String {
    let time = DateTime::from_timestamp_millis(millis).unwrap_or_default();
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// Returns the refusal for a finding whose resource has an open attempt for another finding.
fn describe_open_attempt(attempt: u32, finding: Uuid, why: String) -> RefusalReason {
    RefusalReason::AttemptOpen { attempt, finding, why }
}

/// Returns a record as JSON.
pub(crate) fn to_json_value<T: serde::Serialize>(of: &T) -> ExecutorResult<Value> {
    serde_json::to_value(of)
        .map_err(|error| ExecutorError::UnreadableRecord("record".to_owned(), error))
}

#[cfg(test)]
mod tests;

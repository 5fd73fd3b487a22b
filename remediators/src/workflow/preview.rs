//! Previews a remediation, without a write to AWS or to the ledger.

use serde::Serialize;
use serde_json::Value;

use super::{
    ExecutorResult, PlanAuthorization, PlanPreparation, RemediationExecutor, describe_open_attempt,
};
use crate::journal::record::{RemediationIntent, RemediationOutcome, RemediationResult};
use crate::violation::PolicyViolation;
use crate::workflow::refusal_reason::{RefusalCode, RefusalReason};

/// The preview of the remediation of a finding.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RemediationPreview {
    /// The hash of the plan, which an approval refers to. `None` if nothing would be changed.
    pub plan: Option<String>,
    /// The complete state before the change.
    pub before: Value,
    /// The complete state after the change.
    pub after: Value,
    /// The IAM actions that the change needs.
    pub calls: Vec<&'static str>,
    /// The reasons why the plan needs an approval, even in mode `auto`.
    pub asks: Vec<String>,
    /// The reason why the plan is blocked: the mode, a missing approval, a kill switch, another
    /// refusal, or a compliant resource.
    pub blocked_by: Option<String>,
    /// The code of the refusal that blocks the plan.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<RefusalCode>,
}

impl RemediationExecutor {
    /// Returns a preview of the remediation of a violation. `now` is in milliseconds since 1970.
    ///
    /// # Errors
    /// [`ExecutorError`](super::ExecutorError) if AWS or the ledger cannot be read now.
    pub async fn preview_remediation(
        &self,
        violation: &PolicyViolation,
        now: i64,
    ) -> ExecutorResult<RemediationPreview> {
        self.check_remediator(violation)?;
        let past = self.load_past_attempts(&violation.target).await?;
        if let Some((number, intent)) = self.find_open_attempt(&violation.target, &past).await? {
            return self.preview_open_attempt(violation, *number, intent, now).await;
        }
        let mut stopped = self.find_stop_reason(violation).await?;
        if stopped.is_none() {
            stopped = self.find_own_rollback(violation, &past).await?;
        }
        Ok(match self.prepare_plan(violation, now).await? {
            PlanPreparation::Ended(ended) => RemediationPreview {
                plan: None,
                before: Value::Null,
                after: Value::Null,
                calls: Vec::new(),
                asks: Vec::new(),
                code: ended.refusal_reason().map(RefusalReason::refusal_code),
                blocked_by: Some(ended.to_string()),
            },
            PlanPreparation::Planned(plan) => {
                let number = past.last().map_or(0, |last| last.0).saturating_add(1);
                let blocked = match self.authorize_plan(violation, &plan, number, now).await? {
                    PlanAuthorization::Granted(_) => stopped.map(RemediationResult::Refused),
                    PlanAuthorization::Withheld(ended, _) => {
                        Some(stopped.map_or(ended, RemediationResult::Refused))
                    }
                };
                RemediationPreview {
                    calls: self.remediator.required_actions(&plan.before, &plan.after)?,
                    plan: Some(plan.hash),
                    before: plan.before,
                    after: plan.after,
                    asks: plan.questions,
                    code: blocked
                        .as_ref()
                        .and_then(RemediationResult::refusal_reason)
                        .map(RefusalReason::refusal_code),
                    blocked_by: blocked.map(|ended| ended.to_string()),
                }
            }
        })
    }

    /// Makes a plan for a person and records it, and changes nothing in AWS. The plan waits for an
    /// approval even if the mode is `auto`.
    ///
    /// # Errors
    /// [`ExecutorError`](super::ExecutorError) if AWS or the ledger cannot be read now.
    pub async fn plan_remediation(
        &self,
        violation: &PolicyViolation,
        now: i64,
    ) -> ExecutorResult<RemediationOutcome> {
        self.check_remediator(violation)?;
        let past = self.load_past_attempts(&violation.target).await?;
        let ended = |result| {
            let (finding, attempt) = (violation.finding, None);
            RemediationOutcome { finding, attempt, result, state: None, plan: None }
        };
        if let Some((number, intent)) = self.find_open_attempt(&violation.target, &past).await? {
            let why = "run `evenkeel apply` or `evenkeel undo` for that finding".to_owned();
            let reason = describe_open_attempt(*number, intent.finding, why);
            return Ok(ended(RemediationResult::Refused(reason)));
        }
        let plan = match self.prepare_plan(violation, now).await? {
            PlanPreparation::Ended(result) => return Ok(ended(result)),
            PlanPreparation::Planned(plan) => plan,
        };
        let result = RemediationResult::AwaitingApproval(format!(
            "plan {} waits for approval (run `evenkeel approve` or `evenkeel reject`)",
            plan.hash
        ));
        let record = self.record_pending_plan(violation, &plan, (&result, None), now).await?;
        Ok(RemediationOutcome { plan: Some(Box::new(record)), ..ended(result) })
    }

    /// Returns a preview of the continuation of an interrupted attempt.
    async fn preview_open_attempt(
        &self,
        violation: &PolicyViolation,
        number: u32,
        intent: &RemediationIntent,
        now: i64,
    ) -> ExecutorResult<RemediationPreview> {
        let begun = self.read_open_attempt(violation, number, intent)?;
        let stopped = match self.find_stop_reason(violation).await? {
            None => self.check_resumed_attempt(&begun, now).await?,
            stopped => stopped,
        };
        let is_own = intent.finding == violation.finding;
        let blocked = if is_own {
            stopped
        } else {
            let why = "run `evenkeel apply` or `evenkeel undo` for that finding first".to_owned();
            Some(describe_open_attempt(number, intent.finding, why))
        };
        let interrupted = format!("attempt {number} was interrupted; this plan continues it");
        Ok(RemediationPreview {
            plan: is_own.then(|| intent.plan.clone()),
            calls: self.remediator.required_actions(&begun.before, &begun.after)?,
            before: intent.before.clone(),
            after: intent.after.clone(),
            asks: [interrupted].into_iter().chain(intent.asked.clone()).collect(),
            code: blocked.as_ref().map(RefusalReason::refusal_code),
            blocked_by: blocked.map(|reason| reason.to_string()),
        })
    }
}

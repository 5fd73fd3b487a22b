//! What would be done, without doing it.

use serde::Serialize;
use serde_json::Value;

use super::{
    ExecutorResult, PlanAuthorization, PlanPreparation, RemediationExecutor, describe_open_attempt,
};
use crate::journal::record::{RemediationIntent, RemediationResult};
use crate::violation::PolicyViolation;
use crate::workflow::refusal_reason::{RefusalCode, RefusalReason};

/// What would be done about a finding now.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RemediationPreview {
    /// The hash that an approval binds to; none where nothing would be done.
    pub plan: Option<String>,
    /// The whole state before.
    pub before: Value,
    /// The whole state after.
    pub after: Value,
    /// The IAM actions that it takes.
    pub calls: Vec<&'static str>,
    /// Why a person must decide, whatever the mode.
    pub asks: Vec<String>,
    /// What stops it: the mode, a missing approval, a kill switch, or that nothing is to be done.
    pub held: Option<String>,
    /// The code of what stops it, where that is a refusal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<RefusalCode>,
}

impl RemediationExecutor {
    /// What would be done about a violation.
    ///
    /// # Errors
    /// When it cannot be told now.
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
        Ok(match self.prepare_plan(violation).await? {
            PlanPreparation::Ended(ended) => RemediationPreview {
                plan: None,
                before: Value::Null,
                after: Value::Null,
                calls: Vec::new(),
                asks: Vec::new(),
                code: ended.refusal_reason().map(RefusalReason::refusal_code),
                held: Some(ended.to_string()),
            },
            PlanPreparation::Planned(plan) => {
                let number = past.last().map_or(0, |last| last.0).saturating_add(1);
                let held = match self.authorize_plan(violation, &plan, number, now).await? {
                    PlanAuthorization::Granted(_) => stopped.map(RemediationResult::Refused),
                    PlanAuthorization::Withheld(ended) => {
                        Some(stopped.map_or(ended, RemediationResult::Refused))
                    }
                };
                RemediationPreview {
                    calls: self.remediator.required_actions(&plan.before, &plan.after)?,
                    plan: Some(plan.hash),
                    before: plan.before,
                    after: plan.after,
                    asks: plan.questions,
                    code: held
                        .as_ref()
                        .and_then(RemediationResult::refusal_reason)
                        .map(RefusalReason::refusal_code),
                    held: held.map(|ended| ended.to_string()),
                }
            }
        })
    }

    /// What an attempt that was cut off would do if it went on.
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
        let held = if is_own {
            stopped
        } else {
            let why = "apply that finding or undo it first".to_owned();
            Some(describe_open_attempt(number, intent.finding, why))
        };
        let cut_off = format!("attempt {number} was cut off, and would go on");
        Ok(RemediationPreview {
            plan: is_own.then(|| intent.plan.clone()),
            calls: self.remediator.required_actions(&begun.before, &begun.after)?,
            before: intent.before.clone(),
            after: intent.after.clone(),
            asks: [cut_off].into_iter().chain(intent.asked.clone()).collect(),
            code: held.as_ref().map(RefusalReason::refusal_code),
            held: held.map(|reason| reason.to_string()),
        })
    }
}

//! Records plans that are not applied yet.

use super::{ExecutorResult, PendingPlan, RemediationExecutor};
use crate::journal::plan_record::{PlanJournal, PlanRecord};
use crate::journal::record::RemediationResult;
use crate::violation::PolicyViolation;

/// An hour in milliseconds.
pub(super) const HOUR: i64 = 3_600_000;

impl RemediationExecutor {
    /// Returns the plans in the ledger.
    pub(super) fn plan_journal(&self) -> PlanJournal {
        PlanJournal::new(self.ledger.clone())
    }

    /// Records a plan that is not applied now, with the reason.
    pub(super) async fn record_pending_plan(
        &self,
        violation: &PolicyViolation,
        plan: &PendingPlan,
        (blocked, acts_at): (&RemediationResult, Option<i64>),
        now: i64,
    ) -> ExecutorResult<PlanRecord> {
        let (target, finding) = (&violation.target, violation.finding_details());
        let life = i64::from(self.settings.operator.approvals.expire_after_hours);
        let expires_at = now.saturating_add(life.saturating_mul(HOUR));
        let calls = self.remediator.required_actions(&plan.before, &plan.after)?;
        let record = PlanRecord {
            number: 0,
            plan: plan.hash.clone(),
            finding: violation.finding,
            finding_key: violation.key.clone(),
            policy: target.policy.clone(),
            title: finding.title.clone(),
            severity: finding.severity.to_string(),
            message: finding.message.clone(),
            actor: violation.actor.clone(),
            violated_at: violation.time,
            account: target.account.clone(),
            region: target.region.clone(),
            kind: target.kind.clone(),
            resource: target.id.clone(),
            owner: self.find_owner(&plan.ownership),
            remediator: target.remediator.clone(),
            mode: self.effective_mode(violation, &plan.ownership),
            before: plan.before.clone(),
            after: plan.after.clone(),
            calls: calls.into_iter().map(str::to_owned).collect(),
            questions: plan.questions.clone(),
            blocked_by: blocked.to_string(),
            planned_at: now,
            // A plan that is applied later must not expire before.
            expires_at: acts_at
                .map_or(expires_at, |at| at.saturating_add(24 * HOUR).max(expires_at)),
            acts_at,
        };
        self.plan_journal().record_plan(record).await
    }

    /// Returns the time at which the mode `warn` applies a plan: after the waiting time that began
    /// when the plan was recorded.
    pub(super) async fn find_warning_end(
        &self,
        violation: &PolicyViolation,
        plan: &PendingPlan,
        now: i64,
    ) -> ExecutorResult<i64> {
        let recorded = self.plan_journal().find_valid(violation.finding, now).await?;
        let recorded = recorded.filter(|record| record.plan == plan.hash);
        let begun = recorded.map_or(now, |record| record.planned_at);
        let wait = i64::from(self.settings.operator.warnings.wait_hours);
        Ok(begun.saturating_add(wait.saturating_mul(HOUR)))
    }
}

/// Returns whether a plan with this result can be applied later, so that it must be recorded.
pub(super) fn is_pending(result: &RemediationResult) -> bool {
    use crate::workflow::refusal_reason::RefusalReason;
    matches!(
        result,
        RemediationResult::Planned(_)
            | RemediationResult::AwaitingApproval(_)
            | RemediationResult::Scheduled(_)
            | RemediationResult::Refused(RefusalReason::Limit(_))
    )
}

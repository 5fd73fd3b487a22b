//! Looks at the plans that wait: announces them again, sends those whose time has come, and ends
//! those on which nobody decided.

use evenkeel_client::clock::current_millis;
use evenkeel_ledger::{Notice, NoticeAnnouncer, RemediationReport};
use evenkeel_remediators::{
    JournalKeys, PlanEnd, PlanJournal, PlanRecord, PolicyViolation, RemediationOutcome,
    RemediationResult, load_operator_settings,
};
use lambda_runtime::tracing::{info, warn};
use serde_json::{Value, json};

use super::OperateFunction;
use super::error::OperateError;

/// The numbers of plans that a sweep handled.
#[derive(Debug, Default)]
struct SweepCounts {
    waiting: usize,
    expired: usize,
    reminded: usize,
    sent: usize,
    failed: usize,
}

fn log_failure(plan: &str, why: &str) {
    warn!(plan, why, "a waiting plan was not handled");
}

fn log_counts(counts: &SweepCounts) {
    info!(
        waiting = counts.waiting,
        expired = counts.expired,
        reminded = counts.reminded,
        sent = counts.sent,
        failed = counts.failed,
        "sweep"
    );
}

impl OperateFunction {
    /// Handles all waiting plans. Returns the counts.
    ///
    /// # Errors
    /// [`OperateError`] if the ledger cannot be read. A single plan that fails is counted and
    /// logged, and does not stop the others.
    pub(super) async fn sweep_plans(&self) -> Result<Value, OperateError> {
        let now = current_millis();
        let journal = PlanJournal::new(self.ledger.clone());
        let (plans, unreadable) = journal.list_waiting(now).await?;
        let remind = load_operator_settings(&self.ledger).await?.approvals.remind_after_hours;
        let remind = i64::from(remind).saturating_mul(3_600_000);
        let mut counts = SweepCounts { failed: unreadable.len(), ..SweepCounts::default() };
        for key in unreadable {
            log_failure(&key, "the record of the plan cannot be read");
        }
        for plan in plans {
            if let Err(error) = self.sweep_plan(&journal, &plan, (now, remind), &mut counts).await {
                log_failure(&plan.finding.to_string(), &error.to_string());
                counts.failed = counts.failed.saturating_add(1);
            }
        }
        log_counts(&counts);
        Ok(json!({"waiting": counts.waiting, "expired": counts.expired, "failed": counts.failed}))
    }

    async fn sweep_plan(
        &self,
        journal: &PlanJournal,
        plan: &PlanRecord,
        (now, remind): (i64, i64),
        counts: &mut SweepCounts,
    ) -> Result<(), OperateError> {
        if plan.expires_at <= now {
            counts.expired = counts.expired.saturating_add(1);
            return self.expire_plan(journal, plan, now).await;
        }
        counts.waiting = counts.waiting.saturating_add(1);
        if plan.acts_at.is_some_and(|at| at <= now) {
            self.send_message(&plan.remediator, &json!({"key": plan.finding_key})).await?;
            counts.sent = counts.sent.saturating_add(1);
        }
        let is_due = plan.acts_at.is_none() && plan.planned_at.saturating_add(remind) <= now;
        if is_due && journal.claim_reminder(plan).await? {
            let detail = format!("reminder: {}", plan.blocked_by);
            self.announce_plan(plan, "WAITING_FOR_APPROVAL", &detail, true).await?;
            counts.reminded = counts.reminded.saturating_add(1);
        }
        Ok(())
    }

    /// Ends a plan on which nobody decided, with an outcome and a notice.
    async fn expire_plan(
        &self,
        journal: &PlanJournal,
        plan: &PlanRecord,
        now: i64,
    ) -> Result<(), OperateError> {
        let text = format!(
            "nobody decided on plan {} in time, and the resource is still not compliant; run \
             `evenkeel plan` for a new plan",
            plan.plan
        );
        let record = self.ledger.latest_revision(&plan.finding_key).await?.bytes;
        if let Ok(violation) = PolicyViolation::from_record(&record) {
            let outcome = RemediationOutcome {
                finding: plan.finding,
                attempt: None,
                result: RemediationResult::Expired(text.clone()),
                state: None,
                plan: None,
            };
            let keys = JournalKeys::for_target(&violation.target);
            let activity = keys.build_activity(&plan.remediator, &outcome, now);
            let key = keys.expiry_key(plan.finding, plan.number);
            self.ledger.claim_key(&key, activity.to_json_record().as_bytes()).await?;
        }
        self.announce_plan(plan, "EXPIRED", &text, false).await?;
        journal.end_plan(plan, PlanEnd::Expired, now).await?;
        Ok(())
    }

    /// Announces a plan.
    async fn announce_plan(
        &self,
        plan: &PlanRecord,
        status: &str,
        detail: &str,
        is_waiting: bool,
    ) -> Result<(), OperateError> {
        let notice = Notice::for_remediation(&RemediationReport {
            finding: plan.finding,
            key: &plan.finding_key,
            policy: &plan.policy,
            account: &plan.account,
            region: &plan.region,
            resource: &plan.resource,
            status,
            code: None,
            detail,
            rows: &plan.describe_plan(),
            waiting_plan: is_waiting.then_some(plan.plan.as_str()),
            is_critical: false,
        });
        Ok(self.topic.announce_notice(&notice).await?)
    }
}

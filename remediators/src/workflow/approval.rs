//! What mode and approval let a plan do.

use evenkeel_ledger::Ledger;
use evenkeel_rules::policy::RemediationMode;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{ExecutorError, ExecutorResult, OpenAttempt, PendingPlan, RemediationExecutor};
use crate::journal::record::{JournalKeys, RemediationResult};
use crate::violation::{PolicyViolation, TargetResource};
use crate::workflow::identity::is_same_identity;
use crate::workflow::refusal_reason::{ApprovalRefusal, RefusalReason};

/// A decision holds for so long at most, whatever its record says: a week, in milliseconds, from when it was written.
const MAX_VALIDITY: i64 = 7 * 86_400_000;

/// A person's decision on the plan of one finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanApproval {
    /// Who gave it.
    pub approver: String,
    /// Until when it holds: milliseconds since 1970.
    pub expires: i64,
    /// Whether it may be carried out.
    pub approved: bool,
}

/// What a plan may do.
#[derive(Debug)]
pub(super) enum PlanAuthorization {
    /// It may be carried out, and uses up the approval with this key where the mode needs one.
    Granted(Option<String>),
    /// It may not: it ends so.
    Withheld(RemediationResult),
}

impl PlanApproval {
    /// The latest decision on the plan of a finding, and its key.
    ///
    /// # Errors
    /// When the ledger, or what it holds, cannot be read.
    pub async fn load_latest(
        ledger: &Ledger,
        finding: Uuid,
        plan: &str,
    ) -> ExecutorResult<Option<(String, PlanApproval)>> {
        let given = ledger.list_keys(&decisions_prefix(finding, plan)).await?.len();
        let Some(last) = given.checked_sub(1) else { return Ok(None) };
        let key = decision_key(finding, plan, last);
        let record = ledger.read_record(&key).await?;
        match serde_json::from_slice(&record) {
            Ok(approval) => Ok(Some((key, approval))),
            Err(error) => Err(ExecutorError::UnreadableRecord(key, error)),
        }
    }

    /// Decides on the plan of a finding: this decision counts from now on.
    ///
    /// # Errors
    /// When the ledger refuses, or somebody else decides at this moment.
    pub async fn store_decision(
        &self,
        ledger: &Ledger,
        finding: Uuid,
        plan: &str,
    ) -> ExecutorResult<()> {
        let given = ledger.list_keys(&decisions_prefix(finding, plan)).await?.len();
        let record = super::to_json_value(self)?.to_string();
        if ledger.claim_key(&decision_key(finding, plan, given), record.as_bytes()).await? {
            Ok(())
        } else {
            Err(ExecutorError::Busy)
        }
    }
}

/// Where the decisions on a plan of a finding are: numbered without a gap, the last one counts.
fn decisions_prefix(finding: Uuid, plan: &str) -> String {
    format!("approvals/{finding}/{plan}")
}

fn decision_key(finding: Uuid, plan: &str, number: usize) -> String {
    format!("{}/{number:06}.json", decisions_prefix(finding, plan))
}

/// The mark that an approval was used.
fn usage_key(approval: &str) -> String {
    format!("used/{approval}")
}

/// A decision, and whether it still holds.
struct ApprovalDecision {
    key: String,
    approver: String,
    is_approval: bool,
    is_live: bool,
}

impl RemediationExecutor {
    /// What a plan may do now as attempt `number`, which a person must decide where there are questions about it.
    pub(super) async fn authorize_plan(
        &self,
        violation: &PolicyViolation,
        plan: &PendingPlan,
        number: u32,
        now: i64,
    ) -> ExecutorResult<PlanAuthorization> {
        let PendingPlan { hash, questions, .. } = plan;
        let withhold = |ended| Ok(PlanAuthorization::Withheld(ended));
        let mode = self.effective_mode(violation);
        if matches!(mode, RemediationMode::Report | RemediationMode::Notify) {
            return withhold(RemediationResult::Planned(format!(
                "plan {hash}: the mode lets nothing be done"
            )));
        }
        let decision = self.read_decision(violation.finding, hash, now).await?;
        if let Some(refusal) = decision.as_ref().and_then(|one| one.find_rejection(hash)) {
            return withhold(RemediationResult::Refused(refusal.into()));
        }
        if mode == RemediationMode::Auto && questions.is_empty() {
            return Ok(PlanAuthorization::Granted(None));
        }
        let wait = |why: &str| {
            withhold(RemediationResult::AwaitingApproval(format!(
                "plan {hash} waits for approval{why}"
            )))
        };
        let Some(decision) = decision else {
            let asked = [&[String::new()], questions.as_slice()].concat();
            return wait(&asked.join(": "));
        };
        if !decision.is_live {
            return wait(": the last decision on it has expired");
        }
        if let Some(refusal) = decision.find_objection(violation) {
            return withhold(RemediationResult::Refused(refusal.into()));
        }
        if self.is_used_elsewhere(&decision.key, violation, number).await? {
            return wait(": its approval was used already");
        }
        Ok(PlanAuthorization::Granted(Some(decision.key)))
    }

    /// Why an attempt that was cut off may not go on: what was allowed then may not be now.
    pub(super) async fn check_resumed_attempt(
        &self,
        begun: &OpenAttempt,
        now: i64,
    ) -> ExecutorResult<Option<RefusalReason>> {
        let OpenAttempt { violation, plan, approval, number, .. } = begun;
        if self.has_undo_intent(&violation.target, *number).await? {
            return Ok(Some(RefusalReason::UndoBegun));
        }
        let mode = self.effective_mode(violation);
        if matches!(mode, RemediationMode::Report | RemediationMode::Notify) {
            return Ok(Some(RefusalReason::ModeTooLow));
        }
        let decision = self.read_decision(violation.finding, plan, now).await?;
        if let Some(refusal) = decision.as_ref().and_then(|one| one.find_rejection(plan)) {
            return Ok(Some(refusal.into()));
        }
        if mode == RemediationMode::Auto && approval.is_none() {
            return Ok(None);
        }
        let refusal = match decision {
            None => Some(ApprovalRefusal::Missing(plan.clone())),
            Some(one) if !one.is_live => Some(ApprovalRefusal::Expired(plan.clone())),
            Some(one) => match one.find_objection(violation) {
                None if self.is_used_elsewhere(&one.key, violation, *number).await? => {
                    Some(ApprovalRefusal::Used(plan.clone()))
                }
                objection => objection,
            },
        };
        Ok(refusal.map(RefusalReason::from))
    }

    /// Uses up the approval by which an attempt goes on that was cut off, where it is another than the one it began
    /// with. Says why not, where another attempt has used it meanwhile.
    pub(super) async fn use_newer_approval(
        &self,
        begun: &OpenAttempt,
        now: i64,
    ) -> ExecutorResult<Option<RefusalReason>> {
        let OpenAttempt { violation, plan, approval, number, .. } = begun;
        let decision = self.read_decision(violation.finding, plan, now).await?;
        let newer = decision
            .filter(|one| one.is_live && one.is_approval && approval.as_ref() != Some(&one.key));
        let Some(ApprovalDecision { key, .. }) = newer else { return Ok(None) };
        let used = self.use_approval(&key, &violation.target, *number).await?;
        Ok((!used).then(|| ApprovalRefusal::Used(plan.clone()).into()))
    }

    async fn is_used_elsewhere(
        &self,
        key: &str,
        violation: &PolicyViolation,
        number: u32,
    ) -> ExecutorResult<bool> {
        let user = self.ledger.find_record(&usage_key(key)).await?;
        Ok(user.is_some_and(|user| user != usage_record(&violation.target, number)))
    }

    /// The lower of the policy's mode, the operator's ceiling, and what the repair's tier allows.
    fn effective_mode(&self, violation: &PolicyViolation) -> RemediationMode {
        let most = self.remediator.spec().maximum_mode(violation.target.tier);
        violation.mode.min(self.settings.maximum_mode).min(most)
    }

    async fn read_decision(
        &self,
        finding: Uuid,
        plan: &str,
        now: i64,
    ) -> ExecutorResult<Option<ApprovalDecision>> {
        let latest = PlanApproval::load_latest(&self.ledger, finding, plan).await?;
        let Some((key, PlanApproval { approver, expires, approved })) = latest else {
            return Ok(None);
        };
        let written = self.ledger.written_at(&key).await?;
        let is_live = now < expires.min(written.saturating_add(MAX_VALIDITY));
        Ok(Some(ApprovalDecision { key, approver, is_approval: approved, is_live }))
    }

    /// Uses up an approval for an attempt: of several who try, one may, and again after it was cut off.
    pub(super) async fn use_approval(
        &self,
        key: &str,
        target: &TargetResource,
        number: u32,
    ) -> ExecutorResult<bool> {
        let (key, user) = (usage_key(key), usage_record(target, number));
        Ok(self.ledger.claim_key(&key, &user).await?
            || self.ledger.read_record(&key).await? == user)
    }
}

impl ApprovalDecision {
    /// Why nothing is done, where it says so and still holds.
    fn find_rejection(&self, plan: &str) -> Option<ApprovalRefusal> {
        let rejects = self.is_live && !self.is_approval;
        let (plan, by) = (plan.to_owned(), self.approver.clone());
        rejects.then_some(ApprovalRefusal::Rejected { plan, by })
    }

    /// Why it does not count as an approval.
    fn find_objection(&self, violation: &PolicyViolation) -> Option<ApprovalRefusal> {
        is_same_identity(&self.approver, &violation.actor)
            .then(|| ApprovalRefusal::Violator(self.approver.clone()))
    }
}

/// Who used an approval: the key of an intent.
fn usage_record(target: &TargetResource, number: u32) -> Vec<u8> {
    let intent = JournalKeys::for_target(target).intent_key(number);
    serde_json::json!({"intent": intent}).to_string().into_bytes()
}

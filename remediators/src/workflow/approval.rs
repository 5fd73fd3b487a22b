//! Authorizes plans by the effective mode and by approvals.

use evenkeel_ledger::Ledger;
use evenkeel_rules::policy::RemediationMode;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{ExecutorError, ExecutorResult, OpenAttempt, PendingPlan, RemediationExecutor};
use crate::journal::record::{JournalKeys, RemediationResult};
use crate::violation::{PolicyViolation, TargetResource};
use crate::workflow::identity::is_same_identity;
use crate::workflow::refusal_reason::{ApprovalRefusal, RefusalReason};

/// The maximum validity of a decision: one week in milliseconds, from the time when it was written.
/// A decision whose record contains a later expiry expires after one week.
const MAX_VALIDITY: i64 = 7 * 86_400_000;

/// The decision of a person on the plan of one finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanApproval {
    /// The ARN of the person.
    pub approver: String,
    /// The expiry in milliseconds since 1970.
    pub expires: i64,
    /// True if the person approved the plan. Otherwise the person rejected it.
    pub approved: bool,
}

/// The authorization of a plan.
#[derive(Debug)]
pub(super) enum PlanAuthorization {
    /// The plan may be executed. Contains the key of the approval that it uses, if it needs one.
    Granted(Option<String>),
    /// The plan may not be executed. The remediation ends with this result.
    Withheld(RemediationResult),
}

impl PlanApproval {
    /// Returns the latest decision on the plan of a finding, with its ledger key.
    ///
    /// # Errors
    /// [`ExecutorError`] if the ledger or the record cannot be read.
    pub async fn load_latest(
        ledger: &Ledger,
        finding: Uuid,
        plan: &str,
    ) -> ExecutorResult<Option<(String, PlanApproval)>> {
        let count = ledger.list_keys(&decisions_prefix(finding, plan)).await?.len();
        let Some(last) = count.checked_sub(1) else { return Ok(None) };
        let key = decision_key(finding, plan, last);
        let record = ledger.read_record(&key).await?;
        match serde_json::from_slice(&record) {
            Ok(approval) => Ok(Some((key, approval))),
            Err(error) => Err(ExecutorError::UnreadableRecord(key, error)),
        }
    }

    /// Stores this decision as the latest one on the plan of a finding.
    ///
    /// # Errors
    /// [`ExecutorError::Busy`] if somebody else decides at the same time; other errors if the
    /// ledger cannot be read or written.
    pub async fn store_decision(
        &self,
        ledger: &Ledger,
        finding: Uuid,
        plan: &str,
    ) -> ExecutorResult<()> {
        let count = ledger.list_keys(&decisions_prefix(finding, plan)).await?.len();
        let record = super::to_json_value(self)?.to_string();
        if ledger.claim_key(&decision_key(finding, plan, count), record.as_bytes()).await? {
            Ok(())
        } else {
            Err(ExecutorError::Busy)
        }
    }
}

/// Returns the key prefix of the decisions on a plan of a finding. The decisions are numbered
/// without gaps, and only the last decision is valid.
fn decisions_prefix(finding: Uuid, plan: &str) -> String {
    format!("approvals/{finding}/{plan}")
}

/// Returns the key of a decision.
fn decision_key(finding: Uuid, plan: &str, number: usize) -> String {
    format!("{}/{number:06}.json", decisions_prefix(finding, plan))
}

/// Returns the key of the record which states that an approval was used.
fn usage_key(approval: &str) -> String {
    format!("used/{approval}")
}

/// A decision with its validity.
struct ApprovalDecision {
    key: String,
    approver: String,
    is_approval: bool,
    /// True if the decision has not expired.
    is_live: bool,
}

impl RemediationExecutor {
    /// Returns whether a plan may be executed now as attempt `number`. A plan with questions needs
    /// an approval, even in mode `auto`.
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
                "plan {hash} is not applied: {}",
                RefusalReason::ModeTooLow
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
                "plan {hash} waits for approval (run `evenkeel approve` or `evenkeel reject`){why}"
            )))
        };
        let Some(decision) = decision else {
            let asked = [&[String::new()], questions.as_slice()].concat();
            return wait(&asked.join(": "));
        };
        if !decision.is_live {
            return wait(": the last decision on the plan has expired");
        }
        if let Some(refusal) = decision.find_objection(violation) {
            return withhold(RemediationResult::Refused(refusal.into()));
        }
        if self.is_used_elsewhere(&decision.key, violation, number).await? {
            return wait(": the approval of the plan was already used");
        }
        Ok(PlanAuthorization::Granted(Some(decision.key)))
    }

    /// Returns the reason why an interrupted attempt may not continue. The function checks the mode
    /// and the approval again, because they can have changed since the attempt started.
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

    /// Claims the latest valid approval for an interrupted attempt, if the attempt started with
    /// another approval or with none. Returns the refusal if another attempt has already claimed
    /// the latest approval.
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

    /// Returns whether another attempt has used an approval.
    async fn is_used_elsewhere(
        &self,
        key: &str,
        violation: &PolicyViolation,
        number: u32,
    ) -> ExecutorResult<bool> {
        let user = self.ledger.find_record(&usage_key(key)).await?;
        Ok(user.is_some_and(|user| user != usage_record(&violation.target, number)))
    }

    /// Returns the effective mode: the lowest of the policy's mode, the account's maximum mode and
    /// the maximum mode of the tier.
    fn effective_mode(&self, violation: &PolicyViolation) -> RemediationMode {
        let most = self.remediator.spec().maximum_mode(violation.target.tier);
        violation.mode.min(self.settings.maximum_mode).min(most)
    }

    /// Returns the latest decision on a plan with its validity.
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

    /// Claims an approval for an attempt, and returns whether the attempt has the approval. Only
    /// one attempt can claim an approval. The same attempt can claim it again after an
    /// interruption.
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
    /// Returns the refusal if this is a valid rejection.
    fn find_rejection(&self, plan: &str) -> Option<ApprovalRefusal> {
        let rejects = self.is_live && !self.is_approval;
        let (plan, by) = (plan.to_owned(), self.approver.clone());
        rejects.then_some(ApprovalRefusal::Rejected { plan, by })
    }

    /// Returns the refusal if the approver is the principal that violated the policy.
    fn find_objection(&self, violation: &PolicyViolation) -> Option<ApprovalRefusal> {
        is_same_identity(&self.approver, &violation.actor)
            .then(|| ApprovalRefusal::Violator(self.approver.clone()))
    }
}

/// Returns the record which states that an attempt used an approval. It contains the key of the
/// attempt's intent.
fn usage_record(target: &TargetResource, number: u32) -> Vec<u8> {
    let intent = JournalKeys::for_target(target).intent_key(number);
    serde_json::json!({"intent": intent}).to_string().into_bytes()
}

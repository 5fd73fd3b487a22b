//! Authorizes plans by the effective mode and by approvals.

use evenkeel_ledger::Ledger;
use evenkeel_rules::policy::RemediationMode;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::operator_rules::describe_subject;
use super::{
    ExecutorError, ExecutorResult, OpenAttempt, PendingPlan, RemediationExecutor, format_time,
};
use crate::access::ownership::ResourceOwnership;
use crate::journal::record::{JournalKeys, RemediationResult};
use crate::violation::{PolicyViolation, TargetResource};
use crate::workflow::identity::is_same_identity;
use crate::workflow::refusal_reason::{ApprovalRefusal, RefusalReason};

/// The maximum validity of a decision: one week in milliseconds, from the time when it was written.
/// A decision whose record contains a later expiry expires after one week.
const MAX_VALIDITY: i64 = 7 * 86_400_000;

/// The decision of a person on the plan of one finding.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanApproval {
    /// The ARN of the person.
    pub approver: String,
    /// The expiry in milliseconds since 1970.
    pub expires: i64,
    /// True if the person approved the plan. Otherwise the person rejected it.
    pub approved: bool,
    /// True if the person approved the plan although a limit is reached.
    #[serde(default)]
    pub overrides_limits: bool,
    /// The reason that the person gave.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// An approval that an attempt uses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct GrantedApproval {
    /// The key of the approval.
    pub(super) key: String,
    /// True if the approval overrides the limits.
    pub(super) overrides_limits: bool,
}

/// The authorization of a plan.
#[derive(Debug)]
pub(super) enum PlanAuthorization {
    /// The plan may be executed. Contains the approval that it uses, if there is one.
    Granted(Option<GrantedApproval>),
    /// The plan may not be executed now. Contains the result, and the time at which the plan may be
    /// executed without a further decision, if there is one.
    Withheld(RemediationResult, Option<i64>),
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
    overrides_limits: bool,
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
        let withhold = |ended| Ok(PlanAuthorization::Withheld(ended, None));
        let mode = self.effective_mode(violation, &plan.ownership);
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
        let is_approved = decision.as_ref().is_some_and(|one| one.is_live);
        if mode >= RemediationMode::Warn && questions.is_empty() && !is_approved {
            return self.authorize_without_approval(violation, plan, mode, now).await;
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
        if let Some(refusal) = self.find_objection(&decision, violation, &plan.ownership) {
            return withhold(RemediationResult::Refused(refusal.into()));
        }
        if self.is_used_elsewhere(&decision.key, violation, number).await? {
            return wait(": the approval of the plan was already used");
        }
        let ApprovalDecision { key, overrides_limits, .. } = decision;
        Ok(PlanAuthorization::Granted(Some(GrantedApproval { key, overrides_limits })))
    }

    /// Authorizes a plan in the mode `auto`, and in the mode `warn` after its waiting time.
    async fn authorize_without_approval(
        &self,
        violation: &PolicyViolation,
        plan: &PendingPlan,
        mode: RemediationMode,
        now: i64,
    ) -> ExecutorResult<PlanAuthorization> {
        if mode == RemediationMode::Auto {
            return Ok(PlanAuthorization::Granted(None));
        }
        let at = self.find_warning_end(violation, plan, now).await?;
        if at <= now {
            return Ok(PlanAuthorization::Granted(None));
        }
        let text = format!(
            "plan {} is applied at {} if nobody rejects it (run `evenkeel reject`, or `evenkeel \
             approve` to apply it earlier)",
            plan.hash,
            format_time(at)
        );
        Ok(PlanAuthorization::Withheld(RemediationResult::Scheduled(text), Some(at)))
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
        let ownership = self.read_ownership(&violation.target).await;
        let mode = self.effective_mode(violation, &ownership);
        if matches!(mode, RemediationMode::Report | RemediationMode::Notify) {
            return Ok(Some(RefusalReason::ModeTooLow));
        }
        let decision = self.read_decision(violation.finding, plan, now).await?;
        if let Some(refusal) = decision.as_ref().and_then(|one| one.find_rejection(plan)) {
            return Ok(Some(refusal.into()));
        }
        if mode >= RemediationMode::Warn && approval.is_none() {
            return Ok(None);
        }
        let refusal = match decision {
            None => Some(ApprovalRefusal::Missing(plan.clone())),
            Some(one) if !one.is_live => Some(ApprovalRefusal::Expired(plan.clone())),
            Some(one) => match self.find_objection(&one, violation, &ownership) {
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

    /// Returns the latest decision on a plan with its validity.
    async fn read_decision(
        &self,
        finding: Uuid,
        plan: &str,
        now: i64,
    ) -> ExecutorResult<Option<ApprovalDecision>> {
        let latest = PlanApproval::load_latest(&self.ledger, finding, plan).await?;
        let Some((key, decision)) = latest else { return Ok(None) };
        let PlanApproval { approver, expires, approved, overrides_limits, .. } = decision;
        let written = self.ledger.written_at(&key).await?;
        let is_live = now < expires.min(written.saturating_add(MAX_VALIDITY));
        let is_approval = approved;
        Ok(Some(ApprovalDecision { key, approver, is_approval, overrides_limits, is_live }))
    }

    /// Returns the refusal if the approver is the principal that violated the policy, or may not
    /// approve the plan by the operator's settings.
    fn find_objection(
        &self,
        decision: &ApprovalDecision,
        violation: &PolicyViolation,
        ownership: &ResourceOwnership,
    ) -> Option<ApprovalRefusal> {
        let approver = &decision.approver;
        if is_same_identity(approver, &violation.actor) {
            return Some(ApprovalRefusal::Violator(approver.clone()));
        }
        let subject = describe_subject(violation, ownership);
        let may_approve = self.settings.operator.may_approve(&subject, approver);
        (!may_approve).then(|| ApprovalRefusal::NotListed(approver.clone()))
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
}

/// Returns the record which states that an attempt used an approval. It contains the key of the
/// attempt's intent.
fn usage_record(target: &TargetResource, number: u32) -> Vec<u8> {
    let intent = JournalKeys::for_target(target).intent_key(number);
    serde_json::json!({"intent": intent}).to_string().into_bytes()
}

//! Plans a remediation: reads the state, plans the change, and lists what a person must check.

use serde_json::Value;

use super::{ExecutorError, ExecutorResult, RemediationExecutor, list_changes};
use crate::access::ownership::ResourceOwnership;
use crate::journal::record::{RemediationResult, UndoMark, plan_hash};
use crate::remediator::{AwsFailure, PrecheckResult, RemediationPlan};
use crate::violation::PolicyViolation;
use crate::workflow::refusal_reason::RefusalReason;

/// The result of planning for a violation.
pub(super) enum PlanPreparation {
    /// There is no plan. The remediation ends with this result.
    Ended(RemediationResult),
    /// There is a plan.
    Planned(Box<PendingPlan>),
}

/// A plan that is not authorized yet.
pub(super) struct PendingPlan {
    pub(super) before: Value,
    pub(super) after: Value,
    pub(super) hash: String,
    /// The reason why the precondition check requires an approval, if it does.
    pub(super) approval_reason: Option<String>,
    /// All reasons why the plan needs an approval, even in mode `auto`.
    pub(super) questions: Vec<String>,
    /// Who owns the resource.
    pub(super) ownership: ResourceOwnership,
}

impl RemediationExecutor {
    /// Reads the state, plans the change and checks the preconditions. The function writes nothing.
    pub(super) async fn prepare_plan(
        &self,
        violation: &PolicyViolation,
        now: i64,
    ) -> ExecutorResult<PlanPreparation> {
        let target = &violation.target;
        // An unknown parameter is refused, because it can be a misspelled one.
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
        let ownership = self.read_ownership(target).await;
        if let Some(reason) = self.find_ownership_refusal(&ownership) {
            return Ok(PlanPreparation::Ended(RemediationResult::Refused(reason)));
        }
        let mut questions: Vec<String> = asked.iter().cloned().collect();
        questions.extend(self.list_ownership_questions(&ownership));
        let undone = self.find_undone(target, &list_changes(&before, &after), now).await?;
        questions.extend(undone.iter().map(|UndoMark { by, reason, .. }| {
            format!(
                "{by} undid this remediation ({reason}); approve the plan only if the remediation \
                 is needed again"
            )
        }));
        let hash = plan_hash(violation, &before, &after, &questions);
        let plan =
            PendingPlan { before, after, hash, approval_reason: asked, questions, ownership };
        Ok(PlanPreparation::Planned(Box::new(plan)))
    }
}

/// Returns the result of a remediation that writes nothing, because the resource cannot be read.
fn classify_read_failure(refused: AwsFailure) -> ExecutorResult<RemediationResult> {
    match refused {
        AwsFailure::NotFound => Ok(RemediationResult::ResourceGone),
        AwsFailure::Denied(code) => {
            Ok(RemediationResult::Refused(RefusalReason::AccessDenied(code)))
        }
        AwsFailure::Retryable(why) => Err(ExecutorError::Retryable(why)),
    }
}

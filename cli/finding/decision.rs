//! A user's decision on a remediation plan, and its record in the ledger.

use evenkeel_client::clock::current_millis;
use evenkeel_remediators::{AccountAccess, PlanApproval, PlanRecord, RequestResult};
use serde_json::json;
use uuid::Uuid;

use crate::common::confirmation::confirm_action;
use crate::common::exit::{CommandError, ExitStatus};
use crate::common::terminal::{escape_terminal, print_stderr, print_stdout};
use crate::finding::session::{
    FindingArguments, StackSession, render_plan_record, render_preview, retryable_error,
};

/// The default validity of a decision, in hours.
pub(crate) const DEFAULT_DECISION_HOURS: u32 = 24;

/// A decision that a user makes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct UserDecision<'a> {
    /// True for an approval, false for a rejection.
    pub(crate) approved: bool,
    /// The number of hours after which the decision expires.
    pub(crate) hours: u32,
    /// True if the plan is to be applied although a limit is reached.
    pub(crate) overrides_limits: bool,
    /// The reason for the decision.
    pub(crate) reason: Option<&'a str>,
    /// True if the command asks no question.
    pub(crate) yes: bool,
}

impl UserDecision<'_> {
    fn question(&self) -> &'static str {
        if self.approved { "Approve this plan?" } else { "Reject this plan?" }
    }

    fn participle(&self) -> &'static str {
        if self.approved { "approved" } else { "rejected" }
    }
}

/// Shows the plan of a finding, asks for a confirmation, and makes the decision: through the stack,
/// or in the ledger. Returns [`ExitStatus::Findings`] if there is no plan or no confirmation.
///
/// # Errors
/// [`CommandError::Usage`] if the finding cannot be remediated or the decision is refused;
/// [`CommandError::Io`] if AWS, the stack or the ledger cannot be reached.
pub(crate) async fn decide_on_plan(
    finding_arguments: &FindingArguments,
    finding: &str,
    decision: UserDecision<'_>,
) -> Result<ExitStatus, CommandError> {
    if finding_arguments.uses_stack() {
        return decide_in_stack(finding_arguments, finding, decision).await;
    }
    let case = finding_arguments.open_finding(finding).await?;
    let preview = case
        .remediation
        .preview_remediation(&case.violation, current_millis())
        .await
        .map_err(retryable_error)?;
    print_stderr(&render_preview(&case.violation, &preview));
    let Some(plan) = preview.plan else {
        print_stderr("the finding has no plan; there is nothing to approve or reject\n");
        return Ok(ExitStatus::Findings);
    };
    if !confirm_action(decision.question(), decision.yes)? {
        print_stderr("no decision was recorded\n");
        return Ok(ExitStatus::Findings);
    }
    record_decision(&case.operator, case.violation.finding, &plan, decision).await?;
    print_stdout(&format!("plan {plan} is {}\n", decision.participle()))?;
    Ok(ExitStatus::Success)
}

/// Makes a decision on the recorded plan of a finding through the stack.
async fn decide_in_stack(
    finding_arguments: &FindingArguments,
    finding: &str,
    decision: UserDecision<'_>,
) -> Result<ExitStatus, CommandError> {
    let case = finding_arguments.open_in_stack(finding).await?;
    let uid = case.violation.finding;
    let plan = case.plans.find_valid(uid, current_millis()).await.map_err(retryable_error)?;
    let Some(plan) = plan else {
        print_stderr("no plan of the finding waits for a decision; run `evenkeel plan`\n");
        return Ok(ExitStatus::Findings);
    };
    print_stderr(&render_plan_record(&plan));
    decide_on_record(&case, &plan, decision).await
}

/// Asks for a confirmation, and sends a decision on a recorded plan to the stack. For an approval,
/// the function waits until the plan is applied.
///
/// # Errors
/// [`CommandError::Usage`] if the stack refuses the decision; [`CommandError::Io`] if it cannot be
/// reached.
pub(crate) async fn decide_on_record(
    case: &StackSession,
    plan: &PlanRecord,
    decision: UserDecision<'_>,
) -> Result<ExitStatus, CommandError> {
    if !confirm_action(decision.question(), decision.yes)? {
        print_stderr("no decision was recorded\n");
        return Ok(ExitStatus::Findings);
    }
    let request = json!({
        "action": if decision.approved { "approve" } else { "reject" },
        "finding": case.violation.key,
        "plan": plan.plan,
        "hours": decision.hours,
        "reason": decision.reason.unwrap_or_default(),
        "overridesLimits": decision.overrides_limits,
    });
    let response = case.stack.send(&request).await?;
    print_stdout(&format!("plan {} is {}\n", plan.plan, decision.participle()))?;
    if response.request.is_none() {
        return Ok(ExitStatus::Success);
    }
    print_result(&case.stack.wait_for_result(response).await?)
}

/// Prints the result of a request, and returns the exit status for it.
///
/// # Errors
/// [`CommandError::Io`] if standard output cannot be written.
pub(crate) fn print_result(result: &RequestResult) -> Result<ExitStatus, CommandError> {
    print_stdout(&format!("{}: {}\n", result.code, escape_terminal(&result.detail)))?;
    Ok(if result.is_done { ExitStatus::Success } else { ExitStatus::Findings })
}

/// Records the caller's decision on the plan of a finding in the ledger. If a plan has several
/// decisions, the latest one is effective.
///
/// # Errors
/// [`CommandError::Usage`] if the caller is unknown; [`CommandError::Io`] if the ledger cannot be
/// written.
pub(crate) async fn record_decision(
    operator: &AccountAccess,
    finding: Uuid,
    plan: &str,
    decision: UserDecision<'_>,
) -> Result<(), CommandError> {
    let caller =
        operator.caller_arn().await.map_err(|error| CommandError::Usage(error.to_string()))?;
    let validity = i64::from(decision.hours).saturating_mul(3_600_000);
    let approval = PlanApproval {
        approver: caller,
        expires: current_millis().saturating_add(validity),
        approved: decision.approved,
        overrides_limits: decision.overrides_limits,
        reason: decision.reason.map(str::to_owned),
    };
    approval.store_decision(&operator.ledger, finding, plan).await.map_err(retryable_error)
}

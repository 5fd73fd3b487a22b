//! A user's decision on a remediation plan, and its record in the ledger.

use evenkeel_client::clock::current_millis;
use evenkeel_remediators::{AccountAccess, PlanApproval};
use uuid::Uuid;

use crate::common::confirmation::confirm_action;
use crate::common::exit::{CommandError, ExitStatus};
use crate::common::terminal::{print_stderr, print_stdout};
use crate::finding::session::{FindingArguments, FindingSession, render_preview, retryable_error};

/// The default validity of a decision, in hours.
pub(crate) const DEFAULT_DECISION_HOURS: u32 = 24;

/// Shows the plan of a finding, asks for a confirmation, and records the decision.
///
/// `approved` is the decision: approval or rejection. The decision expires after `hours`. If `yes`
/// is set, the function asks no question. Returns [`ExitStatus::Findings`] if there is no plan or
/// no confirmation.
///
/// # Errors
/// [`CommandError::Usage`] if the finding cannot be remediated or the caller is unknown;
/// [`CommandError::Io`] if AWS or the ledger cannot be reached.
pub(crate) async fn decide_on_plan(
    finding_arguments: &FindingArguments,
    finding: &str,
    yes: bool,
    approved: bool,
    hours: u32,
) -> Result<(ExitStatus, FindingSession), CommandError> {
    let case = finding_arguments.open_finding(finding).await?;
    let preview = case
        .remediation
        .preview_remediation(&case.violation, current_millis())
        .await
        .map_err(retryable_error)?;
    print_stderr(&render_preview(&case.violation, &preview));
    let Some(plan) = preview.plan else {
        print_stderr("the finding has no plan; there is nothing to approve or reject\n");
        return Ok((ExitStatus::Findings, case));
    };
    if !confirm_action(if approved { "Approve this plan?" } else { "Reject this plan?" }, yes)? {
        print_stderr("no decision was recorded\n");
        return Ok((ExitStatus::Findings, case));
    }
    record_decision(&case.operator, case.violation.finding, &plan, approved, hours).await?;
    print_stdout(&format!("plan {plan} is {}\n", if approved { "approved" } else { "rejected" }))?;
    Ok((ExitStatus::Success, case))
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
    approved: bool,
    hours: u32,
) -> Result<(), CommandError> {
    let caller =
        operator.caller_arn().await.map_err(|error| CommandError::Usage(error.to_string()))?;
    let expires = current_millis().saturating_add(i64::from(hours).saturating_mul(3_600_000));
    let approval = PlanApproval { approver: caller, expires, approved };
    approval.store_decision(&operator.ledger, finding, plan).await.map_err(retryable_error)
}

//! `evenkeel approve`: records a user's approval of a remediation plan.

use clap::Args;

use crate::common::exit::{CommandError, ExitStatus};
use crate::common::runtime::run_async;
use crate::finding::decision::{DEFAULT_DECISION_HOURS, UserDecision, decide_on_plan};
use crate::finding::session::FindingArguments;

/// Approve the remediation plan of a finding
///
/// With a ledger in S3, the command asks the stack, which checks your AWS identity, applies the plan
/// and reports the result. You need no access to the account of the finding.
///
/// The approval is valid for this finding and its present plan only, and covers the reasons for
/// approval that the plan lists. If the resource changes, the plan changes, and the new plan needs
/// a new approval. Only one attempt can use the approval. The approval expires after --hours, at
/// the latest after one week, and is recorded in the ledger under your AWS identity. The identity
/// that violated the policy cannot approve the plan.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  evenkeel approve 7f3ceff0
  evenkeel approve 7f3ceff0 --ledger s3://audit-ledger --reason CHG-4711
  evenkeel approve 7f3ceff0 --ledger s3://audit-ledger --override-limits

Exit codes:
  0  the plan is approved; with the stack: it is applied
  1  there is no plan to approve, you did not confirm, or the plan was not applied
  2  invalid usage, or the finding cannot be remediated
  3  AWS or the ledger could not be reached; try again")]
pub(crate) struct ApproveArguments {
    /// Uid of the finding, a unique prefix of it, or the key of its record in the ledger
    finding: String,
    /// Number of hours after which the approval expires
    #[arg(long, value_name = "HOURS", default_value_t = DEFAULT_DECISION_HOURS)]
    hours: u32,
    /// Reason for the approval; it is recorded with your AWS identity
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// Apply the plan although a limit or a budget is reached, or outside a maintenance window
    #[arg(long)]
    override_limits: bool,
    /// Confirm without a question
    #[arg(long, short)]
    yes: bool,
    #[command(flatten)]
    finding_arguments: FindingArguments,
}

pub(crate) fn run(command: &ApproveArguments) -> Result<ExitStatus, CommandError> {
    let decision = UserDecision {
        approved: true,
        hours: command.hours,
        overrides_limits: command.override_limits,
        reason: command.reason.as_deref(),
        yes: command.yes,
    };
    run_async(decide_on_plan(&command.finding_arguments, &command.finding, decision))
}

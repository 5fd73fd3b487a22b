//! `evenkeel approve`: records a user's approval of a remediation plan.

use clap::Args;

use crate::common::exit::{CommandError, ExitStatus};
use crate::common::runtime::run_async;
use crate::finding::decision::{DEFAULT_DECISION_HOURS, decide_on_plan};
use crate::finding::session::FindingArguments;

/// Approve the remediation plan of a finding
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
  evenkeel approve 7f3ceff0 --hours 2 --ledger s3://audit-ledger --queue QUEUE_URL

Exit codes:
  0  the plan is approved
  1  there is no plan to approve, or you did not confirm
  2  invalid usage, or the finding cannot be remediated
  3  AWS or the ledger could not be reached; try again")]
pub(crate) struct ApproveArguments {
    /// Uid of the finding, a unique prefix of it, or the key of its record in the ledger
    finding: String,
    /// Number of hours after which the approval expires
    #[arg(long, value_name = "HOURS", default_value_t = DEFAULT_DECISION_HOURS)]
    hours: u32,
    /// URL of the remediate function's queue; the command sends the finding to this queue again
    #[arg(long, value_name = "URL")]
    queue: Option<String>,
    /// Confirm without a question
    #[arg(long, short)]
    yes: bool,
    #[command(flatten)]
    finding_arguments: FindingArguments,
}

pub(crate) fn run(command: &ApproveArguments) -> Result<ExitStatus, CommandError> {
    let ApproveArguments { finding, hours, queue, yes, finding_arguments } = command;
    run_async(async {
        let (exit, case) = decide_on_plan(finding_arguments, finding, *yes, true, *hours).await?;
        if let (ExitStatus::Success, Some(queue)) = (exit, queue) {
            let sent = case.operator.resend_finding(queue, &case.key).await;
            sent.map_err(|error| CommandError::Usage(error.to_string()))?;
        }
        Ok(exit)
    })
}

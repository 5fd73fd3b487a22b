//! `evenkeel reject`: records a user's rejection of a remediation plan.

use clap::Args;

use crate::common::exit::{CommandError, ExitStatus};
use crate::common::runtime::run_async;
use crate::finding::decision::{DEFAULT_DECISION_HOURS, UserDecision, decide_on_plan};
use crate::finding::session::FindingArguments;

/// Reject the remediation plan of a finding
///
/// While the rejection is valid, the present plan is not applied in any mode of the policy. The
/// rejection expires after --hours. It is recorded in the ledger under your AWS identity.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  evenkeel reject 7f3ceff0
  evenkeel reject 7f3ceff0 --hours 72

Exit codes:
  0  the plan is rejected
  1  there is no plan to reject, or you did not confirm
  2  invalid usage, or the finding cannot be remediated
  3  AWS or the ledger could not be reached; try again")]
pub(crate) struct RejectArguments {
    /// Uid of the finding, a unique prefix of it, or the key of its record in the ledger
    finding: String,
    /// Number of hours after which the rejection expires
    #[arg(long, value_name = "HOURS", default_value_t = DEFAULT_DECISION_HOURS)]
    hours: u32,
    /// Reason for the rejection; it is recorded with your AWS identity
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// Confirm without a question
    #[arg(long, short)]
    yes: bool,
    #[command(flatten)]
    finding_arguments: FindingArguments,
}

pub(crate) fn run(command: &RejectArguments) -> Result<ExitStatus, CommandError> {
    let decision = UserDecision {
        approved: false,
        hours: command.hours,
        overrides_limits: false,
        reason: command.reason.as_deref(),
        yes: command.yes,
    };
    run_async(decide_on_plan(&command.finding_arguments, &command.finding, decision))
}

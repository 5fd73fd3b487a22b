//! `evenkeel approve`: a person's yes to a plan.

use clap::Args;

use crate::common::exit::{CommandError, ExitStatus};
use crate::common::runtime::run_async;
use crate::finding::decision::{DEFAULT_DECISION_HOURS, decide_on_plan};
use crate::finding::session::FindingArguments;

/// Say yes to what would be done about a finding
///
/// The approval is for this finding and its plan as it is now, with what the plan asks: if the resource changes, so
/// does the plan. It is used once, and expires after so many hours, a week at most. It is kept in the ledger under
/// your name, as AWS tells it. Whoever violated the policy cannot give it.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  evenkeel approve 7f3ceff0
  evenkeel approve 7f3ceff0 --hours 2 --yes --ledger s3://audit-ledger --queue QUEUE_URL")]
pub(crate) struct ApproveArguments {
    /// The finding's uid, the beginning of it, or the key of its record in the ledger
    finding: String,
    /// How long it holds
    #[arg(long, value_name = "HOURS", default_value_t = DEFAULT_DECISION_HOURS)]
    hours: u32,
    /// The queue of the function that is to carry it out: it is sent there again
    #[arg(long, value_name = "URL")]
    queue: Option<String>,
    /// Do not ask
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

//! `evenkeel reject`: a person's no to a plan.

use clap::Args;

use crate::common::exit::{CommandError, ExitStatus};
use crate::common::runtime::run_async;
use crate::finding::decision::{DEFAULT_DECISION_HOURS, decide_on_plan};
use crate::finding::session::FindingArguments;

/// Say no to what would be done about a finding
///
/// The plan as it is now is not carried out for so many hours, whoever asks. It is kept in the ledger under your
/// name.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  evenkeel reject 7f3ceff0
  evenkeel reject 7f3ceff0 --hours 72")]
pub(crate) struct RejectArguments {
    /// The finding's uid, the beginning of it, or the key of its record in the ledger
    finding: String,
    /// How long it holds
    #[arg(long, value_name = "HOURS", default_value_t = DEFAULT_DECISION_HOURS)]
    hours: u32,
    /// Do not ask
    #[arg(long, short)]
    yes: bool,
    #[command(flatten)]
    finding_arguments: FindingArguments,
}

pub(crate) fn run(command: &RejectArguments) -> Result<ExitStatus, CommandError> {
    let RejectArguments { finding, hours, yes, finding_arguments } = command;
    run_async(async {
        Ok(decide_on_plan(finding_arguments, finding, *yes, false, *hours).await?.0)
    })
}

//! `evenkeel reject`: a person's no to a plan.

use clap::Args;

use crate::common::exit::{Exit, Stopped};
use crate::common::runtime::awaited;
use crate::finding::case::Desk;
use crate::finding::decision::{DAY, decide};

/// Say no to what would be done about a finding
///
/// The plan as it is now is not carried out for so many hours, whoever asks. It is kept in the ledger under your
/// name.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  evenkeel reject 7f3ceff0
  evenkeel reject 7f3ceff0 --hours 72")]
pub(crate) struct Reject {
    /// The finding's uid, the beginning of it, or the key of its record in the ledger
    finding: String,
    /// How long it holds
    #[arg(long, value_name = "HOURS", default_value_t = DAY)]
    hours: u32,
    /// Do not ask
    #[arg(long, short)]
    yes: bool,
    #[command(flatten)]
    desk: Desk,
}

pub(crate) fn run(command: &Reject) -> Result<Exit, Stopped> {
    let Reject { finding, hours, yes, desk } = command;
    awaited(async { Ok(decide(desk, finding, *yes, false, *hours).await?.0) })
}

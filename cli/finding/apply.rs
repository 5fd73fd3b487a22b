//! `evenkeel apply`: does what is to be done about a finding, once somebody has said yes.

use clap::Args;
use evenkeel_client::clock::now;
use evenkeel_remediators::Ended;

use crate::common::confirmation::agreed;
use crate::common::exit::{Exit, Stopped};
use crate::common::runtime::awaited;
use crate::common::terminal::{note, print, safe};
use crate::finding::case::{Desk, shown, undone};
use crate::finding::decision::{DAY, word};

/// Repair what a finding tells of, once you have seen the plan and said yes
///
/// Your yes is an approval of this plan and of no other, and is kept in the ledger. Who violated the policy
/// cannot approve the repair.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  evenkeel apply 7f3ceff0
  evenkeel apply 7f3ceff0 --yes --ledger s3://audit-ledger --role evenkeel-remediate-apigateway

Exit codes:
  0  it is as it should be
  1  it is not: refused, or failed
  3  AWS or the ledger could not be reached, and it can be tried again")]
pub(crate) struct Apply {
    /// The finding's uid, the beginning of it, or the key of its record in the ledger
    finding: String,
    /// Do not ask
    #[arg(long, short)]
    yes: bool,
    #[command(flatten)]
    desk: Desk,
}

pub(crate) fn run(command: &Apply) -> Result<Exit, Stopped> {
    awaited(async {
        let case = command.desk.open(&command.finding).await?;
        let preview = case.drive.preview(&case.violation, now()).await.map_err(undone)?;
        note(&shown(&case.violation, &preview));
        if let Some(plan) = &preview.plan {
            if !agreed("Do it?", command.yes)? {
                note("nothing was done\n");
                return Ok(Exit::Found);
            }
            word(&case.operator, case.violation.finding, plan, true, DAY).await?;
        }
        let outcome = case.drive.remediate_again(&case.violation, now()).await.map_err(undone)?;
        print(&format!("{}\n", safe(&outcome.result.to_string())))?;
        Ok(match outcome.result {
            Ended::Done | Ended::Compliant | Ended::Gone => Exit::Well,
            _ => Exit::Found,
        })
    })
}

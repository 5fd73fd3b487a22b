//! `evenkeel plan`: what would be done about a finding, without doing it.

use clap::Args;

use evenkeel_client::clock::now;

use crate::common::exit::{Exit, Stopped};
use crate::common::runtime::awaited;
use crate::common::terminal::print;
use crate::finding::case::{Desk, shown, undone};

/// Show what would be done about a finding, without doing it
///
/// Reads the resource as it is now, and says how it should be, which calls that takes, and what stands against
/// it. The plan's hash is what an approval binds to.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  evenkeel plan 7f3ceff0
  evenkeel plan 7f3ceff0 --ledger s3://audit-ledger --role evenkeel-remediate-apigateway
  evenkeel plan 7f3ceff0 --json | jq .plan

Exit codes:
  0  nothing would change
  1  something would
  3  the resource or the ledger could not be read")]
pub(crate) struct Plan {
    /// The finding's uid, the beginning of it, or the key of its record in the ledger
    finding: String,
    /// As JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    desk: Desk,
}

pub(crate) fn run(command: &Plan) -> Result<Exit, Stopped> {
    awaited(async {
        let case = command.desk.open(&command.finding).await?;
        let preview = case.drive.preview(&case.violation, now()).await.map_err(undone)?;
        if command.json {
            let json = serde_json::to_string_pretty(&preview).unwrap_or_default();
            print(&format!("{}\n", evenkeel_rules::escape_json(json)))?;
        } else {
            print(&shown(&case.violation, &preview))?;
        }
        Ok(if preview.plan.is_some() { Exit::Found } else { Exit::Well })
    })
}

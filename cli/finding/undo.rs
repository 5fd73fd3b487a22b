//! `evenkeel undo`: sets a resource back to the state before a repair.

use clap::Args;
use evenkeel_client::clock::now;
use evenkeel_remediators::{DriveError, Ended, Tried, UndoRequest};

use crate::common::confirmation::agreed;
use crate::common::exit::{Exit, Stopped};
use crate::common::runtime::awaited;
use crate::common::terminal::{note, print, safe};
use crate::finding::case::{Desk, undone};

/// Set a resource back to the state before a repair
///
/// Only if nobody has changed it since; otherwise the difference is shown and nothing is done. Who does it and why is
/// kept in the ledger before anything is written. The repair is not made again by itself: a person must approve it.
/// An undo goes on while a kill switch is on.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  evenkeel undo 7f3ceff0 --reason 'the partner needs the old endpoint until Friday'
  evenkeel undo 7f3ceff0 --reason INC-4711 --yes

Exit codes:
  0  it is as it was before
  1  it was changed since, or there is nothing to undo
  3  AWS or the ledger could not be reached, and it can be tried again")]
pub(crate) struct Undo {
    /// The finding's uid, the beginning of it, or the key of its record in the ledger
    finding: String,
    /// Why: it is kept with your name
    #[arg(long, value_name = "TEXT", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    reason: String,
    /// Do not ask
    #[arg(long, short)]
    yes: bool,
    #[command(flatten)]
    desk: Desk,
}

pub(crate) fn run(command: &Undo) -> Result<Exit, Stopped> {
    awaited(async {
        let case = command.desk.open(&command.finding).await?;
        let target = &case.violation.target;
        let attempts = case.drive.attempts(target).await.map_err(undone)?;
        let ours = |one: &&Tried| one.finding == case.violation.finding && one.can_be_undone();
        let Some(attempt) = attempts.iter().rev().find(ours) else {
            note("nothing was done about this finding that could be undone\n");
            return Ok(Exit::Found);
        };
        let question = format!(
            "Set {} back to the state before attempt {}?",
            safe(&target.id),
            attempt.number
        );
        if !agreed(&question, command.yes)? {
            note("nothing was done\n");
            return Ok(Exit::Found);
        }
        let by = case.operator.caller().await;
        let by = by.map_err(|error| Stopped::Usage(error.to_string()))?;
        let request = UndoRequest { by: &by, reason: &command.reason };
        let undo = case.drive.undo(target, attempt.number, request, now());
        let outcome = match undo.await {
            Err(DriveError::NoAttempt(_)) => {
                note("nothing was written that could be undone\n");
                return Ok(Exit::Found);
            }
            outcome => outcome.map_err(undone)?,
        };
        Ok(match outcome.result {
            Ended::Done | Ended::Compliant => {
                print("it is as it was before\n")?;
                Exit::Well
            }
            other => {
                print(&format!("{}\n", safe(&other.to_string())))?;
                Exit::Found
            }
        })
    })
}

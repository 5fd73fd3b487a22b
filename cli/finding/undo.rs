//! `evenkeel undo`: sets a resource back to the state before a repair.

use clap::Args;
use evenkeel_client::clock::current_millis;
use evenkeel_remediators::{AttemptSummary, ExecutorError, RemediationResult, UndoRequest};

use crate::common::confirmation::confirm_action;
use crate::common::exit::{CommandError, ExitStatus};
use crate::common::runtime::run_async;
use crate::common::terminal::{escape_terminal, print_stderr, print_stdout};
use crate::finding::session::{FindingArguments, retryable_error};

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
pub(crate) struct UndoArguments {
    /// The finding's uid, the beginning of it, or the key of its record in the ledger
    finding: String,
    /// Why: it is kept with your name
    #[arg(long, value_name = "TEXT", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    reason: String,
    /// Do not ask
    #[arg(long, short)]
    yes: bool,
    #[command(flatten)]
    finding_arguments: FindingArguments,
}

pub(crate) fn run(command: &UndoArguments) -> Result<ExitStatus, CommandError> {
    run_async(async {
        let case = command.finding_arguments.open_finding(&command.finding).await?;
        let target = &case.violation.target;
        let attempts =
            case.remediation.summarize_attempts(target).await.map_err(retryable_error)?;
        let ours =
            |one: &&AttemptSummary| one.finding == case.violation.finding && one.can_be_undone();
        let Some(attempt) = attempts.iter().rev().find(ours) else {
            print_stderr("nothing was done about this finding that could be undone\n");
            return Ok(ExitStatus::Findings);
        };
        let question = format!(
            "Set {} back to the state before attempt {}?",
            escape_terminal(&target.id),
            attempt.number
        );
        if !confirm_action(&question, command.yes)? {
            print_stderr("nothing was done\n");
            return Ok(ExitStatus::Findings);
        }
        let by = case.operator.caller_arn().await;
        let by = by.map_err(|error| CommandError::Usage(error.to_string()))?;
        let request = UndoRequest { by: &by, reason: &command.reason };
        let undo = case.remediation.undo_attempt(target, attempt.number, request, current_millis());
        let outcome = match undo.await {
            Err(ExecutorError::NoAttempt(_)) => {
                print_stderr("nothing was written that could be undone\n");
                return Ok(ExitStatus::Findings);
            }
            outcome => outcome.map_err(retryable_error)?,
        };
        Ok(match outcome.result {
            RemediationResult::Restored | RemediationResult::Compliant => {
                print_stdout("it is as it was before\n")?;
                ExitStatus::Success
            }
            other => {
                print_stdout(&format!("{}\n", escape_terminal(&other.to_string())))?;
                ExitStatus::Findings
            }
        })
    })
}

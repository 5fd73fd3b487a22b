//! `evenkeel undo`: restores the state of a resource before its remediation.

use clap::Args;
use clap::builder::NonEmptyStringValueParser;
use evenkeel_client::clock::current_millis;
use serde_json::json;

use evenkeel_remediators::{AttemptSummary, ExecutorError, RemediationResult, UndoRequest};

use crate::common::confirmation::confirm_action;
use crate::common::exit::{CommandError, ExitStatus};
use crate::common::runtime::run_async;
use crate::common::terminal::{escape_terminal, print_stderr, print_stdout};
use crate::finding::decision::print_result;
use crate::finding::session::{FindingArguments, retryable_error};

/// Restore the state of a resource before its remediation
///
/// With a ledger in S3, the command asks the stack, so you need no access to the account of the
/// finding.
///
/// If somebody has changed the resource since the remediation, the command prints the difference
/// and changes nothing. Your AWS identity and the reason are recorded in the ledger before the
/// resource is changed. After an undo, the resource is not remediated again without an approval.
/// Kill switches do not block an undo.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  evenkeel undo 7f3ceff0 --reason 'the partner needs the old endpoint'
  evenkeel undo 7f3ceff0 --reason INC-4711 --yes
  evenkeel undo 7f3ceff0 --reason INC-4711 --ledger s3://audit-ledger

Exit codes:
  0  the state before the remediation is restored
  1  the resource has changed, there is nothing to undo, or you did not confirm
  2  invalid usage, or the finding cannot be remediated
  3  AWS or the ledger could not be reached; try again")]
pub(crate) struct UndoArguments {
    /// Uid of the finding, a unique prefix of it, or the key of its record in the ledger
    finding: String,
    /// Reason for the undo; it is recorded with your AWS identity
    #[arg(long, value_name = "TEXT", value_parser = NonEmptyStringValueParser::new())]
    reason: String,
    /// Confirm without a question
    #[arg(long, short)]
    yes: bool,
    #[command(flatten)]
    finding_arguments: FindingArguments,
}

pub(crate) fn run(command: &UndoArguments) -> Result<ExitStatus, CommandError> {
    run_async(async {
        if command.finding_arguments.uses_stack() {
            return undo_in_stack(command).await;
        }
        let case = command.finding_arguments.open_finding(&command.finding).await?;
        let target = &case.violation.target;
        let attempts =
            case.remediation.summarize_attempts(target).await.map_err(retryable_error)?;
        let of_this_finding =
            |one: &&AttemptSummary| one.finding == case.violation.finding && one.can_be_undone();
        let Some(attempt) = attempts.iter().rev().find(of_this_finding) else {
            print_stderr("there is no remediation of this finding to undo\n");
            return Ok(ExitStatus::Findings);
        };
        let question = format!(
            "Restore {} to the state before attempt {}?",
            escape_terminal(&target.id),
            attempt.number
        );
        if !confirm_action(&question, command.yes)? {
            print_stderr("nothing was changed\n");
            return Ok(ExitStatus::Findings);
        }
        let by = case.operator.caller_arn().await;
        let by = by.map_err(|error| CommandError::Usage(error.to_string()))?;
        let request = UndoRequest { by: &by, reason: &command.reason };
        let undo = case.remediation.undo_attempt(target, attempt.number, request, current_millis());
        let outcome = match undo.await {
            Err(ExecutorError::NoAttempt(_)) => {
                print_stderr("the remediation changed nothing; there is nothing to undo\n");
                return Ok(ExitStatus::Findings);
            }
            outcome => outcome.map_err(retryable_error)?,
        };
        Ok(match outcome.result {
            RemediationResult::Restored | RemediationResult::Compliant => {
                print_stdout("the state before the remediation is restored\n")?;
                ExitStatus::Success
            }
            other => {
                print_stdout(&format!("{}\n", escape_terminal(&other.to_string())))?;
                ExitStatus::Findings
            }
        })
    })
}

/// Lets the stack undo the remediation.
async fn undo_in_stack(command: &UndoArguments) -> Result<ExitStatus, CommandError> {
    let case = command.finding_arguments.open_in_stack(&command.finding).await?;
    let resource = escape_terminal(&case.violation.target.id);
    let question = format!("Restore {resource} to the state before its remediation?");
    if !confirm_action(&question, command.yes)? {
        print_stderr("nothing was changed\n");
        return Ok(ExitStatus::Findings);
    }
    let finding = &case.violation.key;
    let request = json!({"action": "undo", "finding": finding, "reason": command.reason});
    let response = case.stack.send(&request).await?;
    print_result(&case.stack.wait_for_result(response).await?)
}

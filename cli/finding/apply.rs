//! `evenkeel apply`: does what is to be done about a finding, once somebody has said yes.

use clap::Args;
use evenkeel_client::clock::current_millis;
use evenkeel_remediators::RemediationResult;

use crate::common::confirmation::confirm_action;
use crate::common::exit::{CommandError, ExitStatus};
use crate::common::runtime::run_async;
use crate::common::terminal::{escape_terminal, print_stderr, print_stdout};
use crate::finding::decision::{DEFAULT_DECISION_HOURS, record_decision};
use crate::finding::session::{FindingArguments, render_preview, retryable_error};

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
pub(crate) struct ApplyArguments {
    /// The finding's uid, the beginning of it, or the key of its record in the ledger
    finding: String,
    /// Do not ask
    #[arg(long, short)]
    yes: bool,
    #[command(flatten)]
    finding_arguments: FindingArguments,
}

pub(crate) fn run(command: &ApplyArguments) -> Result<ExitStatus, CommandError> {
    run_async(async {
        let case = command.finding_arguments.open_finding(&command.finding).await?;
        let preview = case
            .remediation
            .preview_remediation(&case.violation, current_millis())
            .await
            .map_err(retryable_error)?;
        print_stderr(&render_preview(&case.violation, &preview));
        if let Some(plan) = &preview.plan {
            if !confirm_action("Do it?", command.yes)? {
                print_stderr("nothing was done\n");
                return Ok(ExitStatus::Findings);
            }
            record_decision(
                &case.operator,
                case.violation.finding,
                plan,
                true,
                DEFAULT_DECISION_HOURS,
            )
            .await?;
        }
        let outcome = case
            .remediation
            .remediate_again(&case.violation, current_millis())
            .await
            .map_err(retryable_error)?;
        print_stdout(&format!("{}\n", escape_terminal(&outcome.result.to_string())))?;
        Ok(match outcome.result {
            RemediationResult::Restored
            | RemediationResult::Compliant
            | RemediationResult::ResourceGone => ExitStatus::Success,
            _ => ExitStatus::Findings,
        })
    })
}

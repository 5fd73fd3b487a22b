//! `evenkeel apply`: applies the remediation plan of a finding after a confirmation.

use clap::Args;
use evenkeel_client::clock::current_millis;
use evenkeel_remediators::RemediationResult;

use crate::common::confirmation::confirm_action;
use crate::common::exit::{CommandError, ExitStatus};
use crate::common::runtime::run_async;
use crate::common::terminal::{escape_terminal, print_stderr, print_stdout};
use crate::finding::decision::{DEFAULT_DECISION_HOURS, record_decision};
use crate::finding::session::{
    FindingArguments, render_block_reason, render_plan, retryable_error,
};

/// Show the remediation plan of a finding, ask, and apply the plan
///
/// Your confirmation is an approval of this plan only. With --yes, the command approves the plan
/// without a question. The approval is recorded in the ledger under your AWS identity. The identity
/// that violated the policy cannot approve the plan.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  evenkeel apply 7f3ceff0
  evenkeel apply 7f3ceff0 --yes --ledger s3://audit-ledger --role remediation-role

Exit codes:
  0  the resource is compliant, or does not exist any more
  1  the resource is not remediated: not confirmed, refused, or failed
  2  invalid usage, or the finding cannot be remediated
  3  AWS or the ledger could not be reached; try again")]
pub(crate) struct ApplyArguments {
    /// Uid of the finding, a unique prefix of it, or the key of its record in the ledger
    finding: String,
    /// Approve the plan without a question
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
        print_stderr(&render_plan(&case.violation, &preview));
        // Without a plan, the block reason is the outcome, which is printed below.
        if let Some(plan) = &preview.plan {
            print_stderr(&render_block_reason(&preview));
            if !confirm_action("Apply this plan?", command.yes)? {
                print_stderr("nothing was changed\n");
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
            if command.yes {
                print_stderr(&format!("  approval  --yes approves plan {plan}\n"));
            }
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

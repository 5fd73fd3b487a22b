//! `evenkeel apply`: applies the remediation plan of a finding after a confirmation.

use clap::Args;
use evenkeel_client::clock::current_millis;
use evenkeel_remediators::RemediationResult;

use crate::common::confirmation::confirm_action;
use crate::common::exit::{CommandError, ExitStatus};
use crate::common::runtime::run_async;
use crate::common::terminal::{escape_terminal, print_stderr, print_stdout};
use crate::finding::decision::{
    DEFAULT_DECISION_HOURS, UserDecision, decide_on_record, print_result, record_decision,
};
use crate::finding::plan::request_plan;
use crate::finding::session::{
    FindingArguments, render_block_reason, render_plan, render_plan_record, retryable_error,
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
  evenkeel apply 7f3ceff0 --ledger s3://audit-ledger
  evenkeel apply 7f3ceff0 --yes --ledger s3://audit-ledger --role remediation-role

Exit codes:
  0  the resource is compliant, or does not exist any more
  1  the resource is not remediated: not confirmed, refused, or failed
  2  invalid usage, or the finding cannot be remediated
  3  AWS or the ledger could not be reached; try again")]
pub(crate) struct ApplyArguments {
    /// Uid of the finding, a unique prefix of it, or the key of its record in the ledger
    finding: String,
    /// Apply the plan although a limit or a budget is reached, or outside a maintenance window
    #[arg(long)]
    override_limits: bool,
    /// Approve the plan without a question
    #[arg(long, short)]
    yes: bool,
    #[command(flatten)]
    finding_arguments: FindingArguments,
}

pub(crate) fn run(command: &ApplyArguments) -> Result<ExitStatus, CommandError> {
    let decision = UserDecision {
        approved: true,
        hours: DEFAULT_DECISION_HOURS,
        overrides_limits: command.override_limits,
        reason: None,
        yes: command.yes,
    };
    run_async(async {
        if command.finding_arguments.uses_stack() {
            let case = command.finding_arguments.open_in_stack(&command.finding).await?;
            let (plan, result) = request_plan(&case).await?;
            let Some(plan) = plan else { return print_result(&result) };
            print_stderr(&render_plan_record(&plan));
            return decide_on_record(&case, &plan, decision).await;
        }
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
            record_decision(&case.operator, case.violation.finding, plan, decision).await?;
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

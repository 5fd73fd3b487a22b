//! `evenkeel plan`: shows the remediation plan of a finding without applying it.

use clap::Args;

use evenkeel_client::clock::current_millis;
use evenkeel_remediators::{PlanRecord, RequestResult};
use serde_json::json;

use crate::common::exit::{CommandError, ExitStatus};
use crate::common::runtime::run_async;
use crate::common::terminal::{escape_terminal, print_stdout};
use crate::finding::session::{
    FindingArguments, StackSession, render_plan_record, render_preview, retryable_error,
};

/// Show the remediation plan of a finding without applying it
///
/// With a ledger in S3, the command asks the stack to make and record the plan.
///
/// The command reads the present state of the resource. It prints the planned state, the AWS
/// actions, the reasons for approval, and the reason if the plan is blocked. It also prints the
/// hash of the plan, which an approval refers to.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  evenkeel plan 7f3ceff0
  evenkeel plan 7f3ceff0 --ledger s3://audit-ledger
  evenkeel plan 7f3ceff0 --ledger s3://audit-ledger --role remediation-role
  evenkeel plan 7f3ceff0 --json | jq .plan

Exit codes:
  0  there is nothing to change
  1  there is a plan
  2  invalid usage, or the finding cannot be remediated
  3  the resource or the ledger could not be read")]
pub(crate) struct PlanArguments {
    /// Uid of the finding, a unique prefix of it, or the key of its record in the ledger
    finding: String,
    /// Print the plan as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    finding_arguments: FindingArguments,
}

pub(crate) fn run(command: &PlanArguments) -> Result<ExitStatus, CommandError> {
    run_async(async {
        if command.finding_arguments.uses_stack() {
            let case = command.finding_arguments.open_in_stack(&command.finding).await?;
            return show_stack_plan(&case, command.json).await;
        }
        let case = command.finding_arguments.open_finding(&command.finding).await?;
        let preview = case
            .remediation
            .preview_remediation(&case.violation, current_millis())
            .await
            .map_err(retryable_error)?;
        if command.json {
            let json = serde_json::to_string_pretty(&preview).unwrap_or_default();
            print_stdout(&format!("{}\n", evenkeel_rules::escape_json(json)))?;
        } else {
            print_stdout(&render_preview(&case.violation, &preview))?;
        }
        Ok(if preview.plan.is_some() { ExitStatus::Findings } else { ExitStatus::Success })
    })
}

/// Lets the stack make a plan, and prints it.
async fn show_stack_plan(case: &StackSession, json: bool) -> Result<ExitStatus, CommandError> {
    let (plan, result) = request_plan(case).await?;
    let Some(plan) = plan else {
        print_stdout(&format!("{}: {}\n", result.code, escape_terminal(&result.detail)))?;
        return Ok(ExitStatus::Success);
    };
    if json {
        let json = serde_json::to_string_pretty(&plan).unwrap_or_default();
        print_stdout(&format!("{}\n", evenkeel_rules::escape_json(json)))?;
    } else {
        print_stdout(&render_plan_record(&plan))?;
    }
    Ok(ExitStatus::Findings)
}

/// Lets the stack make a plan from the present state. Returns the plan if there is something to
/// change, and the result of the request.
///
/// # Errors
/// [`CommandError`] if the stack refuses the request or cannot be reached.
pub(crate) async fn request_plan(
    case: &StackSession,
) -> Result<(Option<PlanRecord>, RequestResult), CommandError> {
    let request = json!({"action": "plan", "finding": case.violation.key});
    let response = case.stack.send(&request).await?;
    let result = case.stack.wait_for_result(response).await?;
    if !result.is_done {
        return Ok((None, result));
    }
    let plan = case.plans.find_valid(case.violation.finding, current_millis()).await;
    Ok((plan.map_err(retryable_error)?, result))
}

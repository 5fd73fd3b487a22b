//! `evenkeel plan`: shows the remediation plan of a finding without applying it.

use clap::Args;

use evenkeel_client::clock::current_millis;

use crate::common::exit::{CommandError, ExitStatus};
use crate::common::runtime::run_async;
use crate::common::terminal::print_stdout;
use crate::finding::session::{FindingArguments, render_preview, retryable_error};

/// Show the remediation plan of a finding without applying it
///
/// The command reads the present state of the resource. It prints the planned state, the AWS
/// actions, the reasons for approval, and the reason if the plan is blocked. It also prints the
/// hash of the plan, which an approval refers to.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  evenkeel plan 7f3ceff0
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

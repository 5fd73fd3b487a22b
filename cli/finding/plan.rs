//! `evenkeel plan`: what would be done about a finding, without doing it.

use clap::Args;

use evenkeel_client::clock::current_millis;

use crate::common::exit::{CommandError, ExitStatus};
use crate::common::runtime::run_async;
use crate::common::terminal::print_stdout;
use crate::finding::session::{FindingArguments, render_preview, retryable_error};

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
pub(crate) struct PlanArguments {
    /// The finding's uid, the beginning of it, or the key of its record in the ledger
    finding: String,
    /// As JSON
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

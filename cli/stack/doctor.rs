//! `evenkeel doctor`: checks whether a deployed stack works, from the account of the stack.

mod bundle;
mod canary;
mod check_report;
mod functions;
mod ledger_access;
mod queues;
mod rules;
mod stack_access;
mod topics;
mod trails;

use std::time::Duration;

use clap::Args;

use crate::common::exit::{CommandError, ExitStatus};
use crate::common::output_format::OutputFormat;
use crate::common::runtime::run_async;
use check_report::DoctorReport;
use stack_access::DeployedStack;

/// Check whether a deployed stack works
///
/// Run the command with credentials for the account and the Region of the stack. The command reads
/// trails, rules, functions, queues, topics and the ledger, and changes no configuration. It takes
/// the names of the ledger and of the topics from the environment of the functions. Then it sends a
/// canary: an event that causes no finding and no remediation. Each function that receives the
/// canary writes a record to the ledger.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  evenkeel doctor
  evenkeel doctor --name evenkeel --regions eu-central-1,us-east-1
  evenkeel doctor --no-canary --format json

Exit codes:
  0  no check failed; there may be warnings
  1  a check failed; this includes calls of AWS that fail
  2  invalid usage, or no Region is set
  3  the output could not be written")]
pub(crate) struct DoctorArguments {
    /// Prefix of the names of the stack's resources
    #[arg(long, default_value = "evenkeel")]
    name: String,
    /// Ledger of the stack [default: the ledger of the evaluate function]
    #[arg(long, value_name = "s3://BUCKET/PREFIX")]
    ledger: Option<String>,
    /// Regions whose events must be forwarded to the stack, separated by commas [default: the
    /// current Region]
    #[arg(long, value_name = "REGION", value_delimiter = ',')]
    regions: Vec<String>,
    /// Maximum time for the canary in seconds: a number, with or without the unit `s`, such as 90s
    #[arg(long, value_name = "SECONDS", default_value = "60s", value_parser = parse_seconds)]
    timeout: Duration,
    /// Send no canary, and write nothing
    #[arg(long)]
    no_canary: bool,
    /// Output format
    #[arg(long, value_enum, default_value_t = OutputFormat::Text)]
    format: OutputFormat,
}

/// An invalid number of seconds.
#[derive(Debug, thiserror::Error)]
#[error("use a number of seconds, such as 60s")]
struct SecondsError(#[from] std::num::ParseIntError);

/// Parses a number of seconds, such as `60s` or `60`.
///
/// # Errors
/// [`SecondsError`] if the text is not a number.
fn parse_seconds(text: &str) -> Result<Duration, SecondsError> {
    Ok(Duration::from_secs(text.strip_suffix('s').unwrap_or(text).parse()?))
}

pub(crate) fn run(command: &DoctorArguments) -> Result<ExitStatus, CommandError> {
    run_async(async {
        let mut report = DoctorReport::new(command.format);
        if let Some(stack) = DeployedStack::connect_to_aws(&command.name, &mut report).await? {
            Box::pin(examine_stack(command, &stack, &mut report)).await?;
        }
        report.finish_report()
    })
}

/// Checks all parts of the stack, in the order in which an event passes them.
///
/// # Errors
/// [`CommandError`] if the output cannot be written.
async fn examine_stack(
    command: &DoctorArguments,
    stack: &DeployedStack,
    report: &mut DoctorReport,
) -> Result<(), CommandError> {
    let regions = match command.regions.as_slice() {
        [] => std::slice::from_ref(&stack.region),
        regions => regions,
    };
    trails::check_trails(stack, report).await;
    report.print_pending()?;
    rules::check_all_rules(stack, regions, report).await;
    report.print_pending()?;
    let evaluate = functions::check_evaluate_function(stack, report).await;
    let families = functions::check_remediate_functions(stack, evaluate.as_ref(), report).await;
    report.print_pending()?;
    queues::check_queues(stack, evaluate.as_ref(), &families, report).await;
    report.print_pending()?;
    topics::check_topics(stack, evaluate.as_ref(), &families, report).await;
    report.print_pending()?;
    let ledger =
        ledger_access::check_ledger(stack, command.ledger.as_deref(), evaluate.as_ref(), report)
            .await;
    if let Some(ledger) = &ledger {
        bundle::check_bundle(ledger, report).await?;
    }
    report.print_pending()?;
    match (ledger, evaluate) {
        _ if command.no_canary => Ok(()),
        (Some(ledger), Some(_)) => {
            let families: Vec<&str> = families.iter().map(|one| one.family).collect();
            canary::trace_canary(stack, &ledger, &families, command.timeout, report).await
        }
        _ => {
            let why = "not sent: it needs the evaluate function and a readable ledger";
            report
                .begin_check("canary")
                .add_warning(why, "fix the failed checks above, and run the command again");
            Ok(())
        }
    }
}

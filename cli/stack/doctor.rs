//! `evenkeel doctor`: whether a deployed stack works, from the account that it is deployed in.

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

/// See whether a deployed stack works, and where it does not
///
/// Asks AWS with the usual credentials, in the account and Region of the stack, and changes nothing. What the
/// functions' environments name need not be repeated here. Then a canary is put on the bus: an event that means
/// nothing, and leaves a record in the ledger wherever it was taken.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  evenkeel doctor
  evenkeel doctor --name evenkeel --regions eu-central-1,us-east-1
  evenkeel doctor --no-canary --format json

Exit codes:
  0  all is well, or there are only warnings
  1  something failed")]
pub(crate) struct DoctorArguments {
    /// What the names of the stack's parts begin with
    #[arg(long, default_value = "evenkeel")]
    name: String,
    /// The ledger, if it is not to be the one that the evaluate function names
    #[arg(long, value_name = "s3://BUCKET/PREFIX")]
    ledger: Option<String>,
    /// Where rules must forward what happens; the current Region unless given
    #[arg(long, value_name = "REGION", value_delimiter = ',')]
    regions: Vec<String>,
    /// How long the canary may take, in seconds
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = parse_seconds)]
    timeout: Duration,
    /// Send no canary: then nothing is written at all
    #[arg(long)]
    no_canary: bool,
    /// How it is told
    #[arg(long, value_enum, default_value_t = OutputFormat::Text)]
    format: OutputFormat,
}

/// A time that is no number of seconds.
#[derive(Debug, thiserror::Error)]
#[error("give a number of seconds, such as 60s")]
struct SecondsError(#[from] std::num::ParseIntError);

/// A number of seconds, such as `60s` or `60`.
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

/// Everything, in the order in which a change goes through it.
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
            let why = "not sent: without the function and a readable ledger nothing tells of it";
            report
                .begin_check("canary")
                .add_warning(why, "mend what failed above, and run this again");
            Ok(())
        }
    }
}

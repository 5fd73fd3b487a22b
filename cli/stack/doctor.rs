//! `evenkeel doctor`: whether a deployed stack works, from the account that it is deployed in.

mod aws;
mod bundle;
mod canary;
mod check;
mod evidence;
mod functions;
mod queues;
mod rules;
mod topics;
mod trails;

use std::time::Duration;

use clap::Args;

use crate::common::exit::{Exit, Stopped};
use crate::common::output_format::OutputFormat;
use crate::common::runtime::awaited;
use aws::Stack;
use check::Report;

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
pub(crate) struct Doctor {
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
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = seconds)]
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
fn seconds(text: &str) -> Result<Duration, SecondsError> {
    Ok(Duration::from_secs(text.strip_suffix('s').unwrap_or(text).parse()?))
}

pub(crate) fn run(command: &Doctor) -> Result<Exit, Stopped> {
    awaited(async {
        let mut report = Report::new(command.format);
        if let Some(stack) = Stack::open(&command.name, &mut report).await? {
            Box::pin(examine(command, &stack, &mut report)).await?;
        }
        report.end()
    })
}

/// Everything, in the order in which a change goes through it.
async fn examine(command: &Doctor, stack: &Stack, report: &mut Report) -> Result<(), Stopped> {
    let regions = match command.regions.as_slice() {
        [] => std::slice::from_ref(&stack.region),
        regions => regions,
    };
    trails::look(stack, report).await;
    report.tell()?;
    rules::look(stack, regions, report).await;
    report.tell()?;
    let evaluate = functions::evaluate(stack, report).await;
    let families = functions::remediate(stack, evaluate.as_ref(), report).await;
    report.tell()?;
    queues::look(stack, evaluate.as_ref(), &families, report).await;
    report.tell()?;
    topics::look(stack, evaluate.as_ref(), &families, report).await;
    report.tell()?;
    let ledger = evidence::open(stack, command.ledger.as_deref(), evaluate.as_ref(), report).await;
    if let Some(ledger) = &ledger {
        bundle::look(ledger, report).await?;
    }
    report.tell()?;
    match (ledger, evaluate) {
        _ if command.no_canary => Ok(()),
        (Some(ledger), Some(_)) => {
            let families: Vec<&str> = families.iter().map(|one| one.family).collect();
            canary::fly(stack, &ledger, &families, command.timeout, report).await
        }
        _ => {
            let why = "not sent: without the function and a readable ledger nothing tells of it";
            report.about("canary").warn(why, "mend what failed above, and run this again");
            Ok(())
        }
    }
}

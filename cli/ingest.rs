//! `evenkeel ingest`: puts one payload through the handler of the evaluate function, locally.

use crate::exit::{Exit, Stopped};
use crate::library::Library;
use crate::output::{note, print, safe};
use clap::Args;
use evenkeel_ingest::{Evaluator, Handled};
use evenkeel_ledger::{Ledger, Recorder, Silent};
use evenkeel_rules::{Waivers, escape_json};
use std::io::Read;
use std::path::PathBuf;

/// Put one payload through the handler that judges live events, locally
///
/// The payload is what a Lambda function would be invoked with: an event of EventBridge, a batch of SQS or
/// Kinesis, a notification of SNS, a CloudWatch Logs subscription, an invocation by a rule of AWS Config.
/// Findings go to a ledger in a folder; what the function would return is printed.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  evenkeel ingest message.json
  aws sqs receive-message --queue-url URL --query 'Messages[0].Body' --output text | evenkeel ingest -
  evenkeel ingest event.json --policies policies/ --out evidence/

Exit codes:
  0  all of it was judged, and nothing was found
  1  something was found
  3  a message could not be judged, and would come again")]
pub(crate) struct Ingest {
    /// The payload's file, or - for standard input
    #[arg(value_name = "FILE")]
    payload: PathBuf,
    /// Policies' files, or folders of them; the shipped ones unless given
    #[arg(long, value_name = "PATH")]
    policies: Vec<PathBuf>,
    /// The ledger's folder
    #[arg(long, value_name = "DIR", default_value = "evidence")]
    out: PathBuf,
}

pub(crate) fn run(command: &Ingest) -> Result<Exit, Stopped> {
    let set = Library::read(&command.policies)?.load()?;
    let payload = read(&command.payload)?;
    let ledger = Ledger::folder(&command.out).map_err(|error| Stopped::Usage(error.to_string()))?;
    let waivers = Waivers::default();
    let evaluator = Evaluator::new(&set, &waivers, Recorder::new(ledger, Silent));
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    let runtime = runtime.map_err(Stopped::io("cannot start the runtime"))?;
    let handled = match runtime.block_on(evaluator.handle(&payload)) {
        Ok(handled) => handled,
        Err(error) => {
            note(&format!("the function would fail: {}\n", safe(&error.to_string())));
            return Ok(Exit::Input);
        }
    };
    print(&escape_json(format!("{:#}\n", handled.answer)))?;
    Ok(told(&handled))
}

/// Says what was found and what failed; how the command ends.
fn told(handled: &Handled) -> Exit {
    for finding in &handled.findings {
        let line = format!("{} {}: {}", finding.severity, finding.policy, finding.message);
        note(&format!("{}\n", safe(&line)));
    }
    for failed in &handled.failures {
        let id = failed.id.as_deref().unwrap_or("the payload");
        note(&format!("{} would come again: {}\n", safe(id), safe(&failed.why)));
    }
    match (handled.failures.is_empty(), handled.findings.is_empty()) {
        (false, _) => Exit::Input,
        (true, false) => Exit::Found,
        (true, true) => Exit::Well,
    }
}

fn read(path: &std::path::Path) -> Result<Vec<u8>, Stopped> {
    let what = format!("cannot read {}", path.display());
    if path.as_os_str() != "-" {
        return std::fs::read(path).map_err(Stopped::io(what));
    }
    let mut payload = Vec::new();
    std::io::stdin().lock().read_to_end(&mut payload).map_err(Stopped::io(what))?;
    Ok(payload)
}

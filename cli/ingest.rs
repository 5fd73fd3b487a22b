//! `evenkeel ingest`: puts one payload through the handler of the evaluate function, locally.

use crate::common::exit::{Exit, Stopped};
use crate::common::library::Library;
use crate::common::terminal::{note, print, safe};
use clap::Args;
use evenkeel_ingest::{Evaluator, Handled, Metrics, Offline};
use evenkeel_ledger::{Ledger, Recorder, Silent};
use evenkeel_rules::bundle::Bundle;
use evenkeel_rules::{Finding, Waivers, escape_json};
use serde_json::{Map, Value};
use std::io::Read;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Put one payload through the handler that judges live events, locally
///
/// The payload is what a Lambda function would be invoked with: an event of EventBridge, a batch of SQS or
/// Kinesis, a notification of SNS, a CloudWatch Logs subscription, an invocation by a rule of AWS Config.
/// Findings go to a ledger in a folder; what the function would return is printed, and what was not judged, by
/// its kind.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  evenkeel ingest message.json
  aws sqs receive-message --queue-url URL --query 'Messages[0].Body' --output text | evenkeel ingest -
  evenkeel ingest event.json --policies policies/ --out evidence/

Exit codes:
  0  all of it was judged or is named as skipped, and nothing was found
  1  something was found
  3  a message could not be judged, and would come again: it is named, and the rest was judged")]
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
    let bundle = Bundle { version: "local".to_owned(), set, waivers: Waivers::default() };
    let recorder = Recorder::new(ledger, Silent);
    let evaluator = Evaluator::new(Arc::new(bundle), recorder, Offline);
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    let runtime = runtime.map_err(Stopped::io("cannot start the runtime"))?;
    let found = AtomicBool::new(false);
    let handled = runtime.block_on(evaluator.handle(&payload, &|noted| {
        found.store(true, Ordering::Relaxed);
        told(noted.finding);
    }));
    failed(&handled);
    match handled.answer {
        Ok(mut answer) => {
            let skipped = skipped(&handled.metrics);
            if let Some(answer) = answer.as_object_mut().filter(|_| !skipped.is_empty()) {
                answer.insert("skipped".to_owned(), skipped.into());
            }
            print(&escape_json(format!("{answer:#}\n")))?;
        }
        Err(error) => {
            note(&format!("the function would fail: {}\n", safe(&error.to_string())));
            return Ok(Exit::Input);
        }
    }
    Ok(match (handled.failures.is_empty(), found.into_inner()) {
        (false, _) => Exit::Input,
        (true, true) => Exit::Found,
        (true, false) => Exit::Well,
    })
}

/// What was not judged, by its kind, as `replay` calls it.
fn skipped(metrics: &Metrics) -> Map<String, Value> {
    let unwatched = ("events that no policy watches", metrics.get("Unwatched"));
    let all = metrics.skipped().chain([unwatched]).filter(|(_, count)| *count > 0);
    all.map(|(kind, count)| (kind.to_owned(), count.into())).collect()
}

/// Says what was found.
fn told(finding: &Finding) {
    let line = format!("{} {}: {}", finding.severity, finding.policy, finding.message);
    note(&format!("{}\n", safe(&line)));
}

/// Says what would come again.
fn failed(handled: &Handled) {
    for failed in &handled.failures {
        let id = failed.id.as_deref().unwrap_or("the payload");
        note(&format!("{} would come again: {}\n", safe(id), safe(&failed.why.to_string())));
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

//! `evenkeel ingest`: puts one payload through the handler of the evaluate function, locally.

use crate::common::exit::{CommandError, ExitStatus};
use crate::common::library::PolicyLibrary;
use crate::common::terminal::{escape_terminal, print_stderr, print_stdout};
use clap::Args;
use evenkeel_ingest::{HandledPayload, InvocationMetrics, OfflineContext, PayloadEvaluator};
use evenkeel_ledger::{FindingRecorder, Ledger, SilentAnnouncer};
use evenkeel_rules::bundle::PolicyBundle;
use evenkeel_rules::{Finding, WaiverSet, escape_json};
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
pub(crate) struct IngestArguments {
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

pub(crate) fn run(command: &IngestArguments) -> Result<ExitStatus, CommandError> {
    let set = PolicyLibrary::read_files(&command.policies)?.load_policies()?;
    let payload = read_payload(&command.payload)?;
    let ledger = Ledger::open_folder(&command.out)
        .map_err(|error| CommandError::Usage(error.to_string()))?;
    let bundle = PolicyBundle { version: "local".to_owned(), set, waivers: WaiverSet::default() };
    let recorder = FindingRecorder::new(ledger, SilentAnnouncer);
    let evaluator = PayloadEvaluator::new(Arc::new(bundle), recorder, OfflineContext);
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    let runtime = runtime.map_err(CommandError::io_error("cannot start the runtime"))?;
    let found = AtomicBool::new(false);
    let handled = runtime.block_on(evaluator.handle_payload(&payload, &|noted| {
        found.store(true, Ordering::Relaxed);
        print_finding(noted.finding);
    }));
    print_failures(&handled);
    match handled.answer {
        Ok(mut answer) => {
            let skipped = count_skipped(&handled.metrics);
            if let Some(answer) = answer.as_object_mut().filter(|_| !skipped.is_empty()) {
                answer.insert("skipped".to_owned(), skipped.into());
            }
            print_stdout(&escape_json(format!("{answer:#}\n")))?;
        }
        Err(error) => {
            print_stderr(&format!(
                "the function would fail: {}\n",
                escape_terminal(&error.to_string())
            ));
            return Ok(ExitStatus::InputError);
        }
    }
    Ok(match (handled.failures.is_empty(), found.into_inner()) {
        (false, _) => ExitStatus::InputError,
        (true, true) => ExitStatus::Findings,
        (true, false) => ExitStatus::Success,
    })
}

/// What was not judged, by its kind, as `replay` calls it.
fn count_skipped(metrics: &InvocationMetrics) -> Map<String, Value> {
    let unwatched = ("events that no policy watches", metrics.metric_count("Unwatched"));
    let all = metrics.skipped_kinds().chain([unwatched]).filter(|(_, count)| *count > 0);
    all.map(|(kind, count)| (kind.to_owned(), count.into())).collect()
}

/// Says what was found.
fn print_finding(finding: &Finding) {
    let line = format!("{} {}: {}", finding.severity, finding.policy, finding.message);
    print_stderr(&format!("{}\n", escape_terminal(&line)));
}

/// Says what would come again.
fn print_failures(handled: &HandledPayload) {
    for failed in &handled.failures {
        let id = failed.id.as_deref().unwrap_or("the payload");
        print_stderr(&format!(
            "{} would come again: {}\n",
            escape_terminal(id),
            escape_terminal(&failed.why.to_string())
        ));
    }
}

fn read_payload(path: &std::path::Path) -> Result<Vec<u8>, CommandError> {
    let what = format!("cannot read {}", path.display());
    if path.as_os_str() != "-" {
        return std::fs::read(path).map_err(CommandError::io_error(what));
    }
    let mut payload = Vec::new();
    std::io::stdin().lock().read_to_end(&mut payload).map_err(CommandError::io_error(what))?;
    Ok(payload)
}

//! `evenkeel ingest`: runs the handler of the evaluate function on one payload, locally.

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

/// Run the evaluate function on one payload, on this machine
///
/// The payload is the event of a Lambda invocation: an EventBridge event, a batch of SQS or
/// Kinesis, an SNS notification, a CloudWatch Logs subscription, or an invocation by an AWS Config
/// rule. The command writes findings to a ledger in a folder. It prints the response of the
/// function to standard output, with the number of skipped events by kind.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  evenkeel ingest message.json
  evenkeel ingest event.json --policies policies/ --out evidence/
  aws sqs receive-message --queue-url URL \\
    --query 'Messages[0].Body' --output text | evenkeel ingest -

Exit codes:
  0  the payload was evaluated, and there is no finding
  1  there is a finding, or a policy is invalid
  2  invalid usage
  3  a file could not be read; or a message could not be evaluated and would be
     delivered again: the output names the message, the others were evaluated")]
pub(crate) struct IngestArguments {
    /// File with the payload, or - for standard input
    #[arg(value_name = "FILE")]
    payload: PathBuf,
    /// Policy file, or folder of policies; may be repeated [default: the shipped library]
    #[arg(long, value_name = "PATH")]
    policies: Vec<PathBuf>,
    /// Folder of the ledger
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
    let handled = runtime.block_on(evaluator.handle_payload(&payload, &|recorded| {
        found.store(true, Ordering::Relaxed);
        print_finding(recorded.finding);
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

/// Returns the number of skipped events by kind. The names of the kinds are those of `replay`.
fn count_skipped(metrics: &InvocationMetrics) -> Map<String, Value> {
    let unwatched = ("events that no policy matches", metrics.metric_count("Unwatched"));
    let all = metrics.skipped_kinds().chain([unwatched]).filter(|(_, count)| *count > 0);
    all.map(|(kind, count)| (kind.to_owned(), count.into())).collect()
}

/// Prints a finding to standard error.
fn print_finding(finding: &Finding) {
    let line = format!("{} {}: {}", finding.severity, finding.policy, finding.message);
    print_stderr(&format!("{}\n", escape_terminal(&line)));
}

/// Prints the messages that would be delivered again.
fn print_failures(handled: &HandledPayload) {
    for failed in &handled.failures {
        let id = failed.id.as_deref().unwrap_or("the payload");
        print_stderr(&format!(
            "{} would be delivered again: {}\n",
            escape_terminal(id),
            escape_terminal(&failed.why.to_string())
        ));
    }
}

/// Reads the payload from a file, or from standard input for `-`.
fn read_payload(path: &std::path::Path) -> Result<Vec<u8>, CommandError> {
    let what = format!("cannot read {}", path.display());
    if path.as_os_str() != "-" {
        return std::fs::read(path).map_err(CommandError::io_error(what));
    }
    let mut payload = Vec::new();
    std::io::stdin().lock().read_to_end(&mut payload).map_err(CommandError::io_error(what))?;
    Ok(payload)
}

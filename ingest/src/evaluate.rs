//! Handles one payload: parses it, evaluates its records and items, records the findings, and
//! builds the response that the invoker expects.
//!
//! The evaluator returns the response only after the findings are durable.

mod canary;
mod config_rule;
mod error;
mod evaluation_batch;
mod known_states;
mod log_object;
mod metrics;
mod record_evaluation;
mod response;
mod time_budget;

pub use error::{EvaluateError, LogRecordError};
pub use metrics::InvocationMetrics;
pub use record_evaluation::{evaluate_item, evaluate_record};

use std::collections::BTreeMap;
use std::sync::Arc;

use evenkeel_ledger::{FindingRecorder, NoticeAnnouncer, RecordingResult};
use evenkeel_rules::policy::Severity;
use evenkeel_rules::{ComplianceStatus, EventFilter, Finding, RecordEvaluator};
use futures_util::{StreamExt, stream};
use serde_json::Value;

use crate::environment::CloudContext;
use crate::payload::{
    ItemChange, LogObject, OversizedItem, PayloadContent, PayloadError, PayloadMessage,
    parse_payload,
};
use evaluation_batch::EvaluationBatch;
use evenkeel_rules::bundle::PolicyBundle;
use known_states::ResourceStateCache;
use time_budget::TimeBudget;
use tokio::time::Instant;

/// The number of findings that are written concurrently.
const CONCURRENT_WRITES: usize = 16;

/// An evaluator that handles payloads with the policies of a bundle, and records and announces the
/// findings.
#[derive(Debug)]
pub struct PayloadEvaluator<A, O> {
    bundle: Arc<PolicyBundle>,
    recorder: FindingRecorder<A>,
    cloud: O,
}

/// The result of handling one payload.
#[derive(Debug)]
pub struct HandledPayload {
    /// The response for the invoker, or the error if the payload failed as a whole. In case of an
    /// error, the invoker retries the payload or discards it.
    pub answer: Result<Value, HandleError>,
    /// The messages that failed.
    pub failures: Vec<FailedMessage>,
    /// The counts of this invocation.
    pub metrics: InvocationMetrics,
}

/// A finding that is recorded and announced.
#[derive(Clone, Copy, Debug)]
pub struct AnnouncedFinding<'a> {
    /// The finding.
    pub finding: &'a Finding,
    /// The result of the recording: the finding is new, known or revised.
    pub recorded: RecordingResult,
    /// The message that contains the event.
    pub message: &'a PayloadMessage,
}

/// A message that failed. Its source must deliver it again.
#[derive(Clone, Debug)]
pub struct FailedMessage {
    /// The id that the response names, if the source supports partial failures.
    pub id: Option<String>,
    /// The X-Ray trace header of the message.
    pub trace: Option<String>,
    /// The first error of the message.
    pub why: EvaluateError,
}

/// An error that fails a payload as a whole.
#[derive(Debug, thiserror::Error)]
pub enum HandleError {
    /// The payload cannot be parsed.
    #[error(transparent)]
    Unknown(#[from] PayloadError),
    /// A message failed, and the invoker does not support partial failures.
    #[error(transparent)]
    Failed(EvaluateError),
}

/// A function that receives each finding after it is recorded and announced.
pub type FindingObserver<'t> = &'t (dyn Fn(AnnouncedFinding<'_>) + Sync);

/// The inputs and the results of handling one message.
struct MessageTask<'t> {
    message: &'t PayloadMessage,
    observer: FindingObserver<'t>,
    known: &'t mut ResourceStateCache,
    metrics: &'t mut InvocationMetrics,
    finding_count: u64,
}

impl<A: NoticeAnnouncer, O: CloudContext> PayloadEvaluator<A, O> {
    /// Creates an evaluator with the policies of `bundle`. It records findings through `recorder`,
    /// and reads AWS through `cloud`.
    pub fn new(bundle: Arc<PolicyBundle>, recorder: FindingRecorder<A>, cloud: O) -> Self {
        PayloadEvaluator { bundle, recorder, cloud }
    }

    /// Handles one payload without a deadline. Calls `observer` for each finding after it is
    /// recorded and announced.
    pub async fn handle_payload(
        &self,
        payload: &[u8],
        observer: FindingObserver<'_>,
    ) -> HandledPayload {
        self.handle_until(payload, observer, None).await
    }

    /// Handles one payload until the `deadline`. Calls `observer` for each finding after it is
    /// recorded and announced.
    ///
    /// A message that is not finished at the deadline fails, and its source must deliver it again.
    /// The findings that are already recorded remain.
    pub async fn handle_until(
        &self,
        payload: &[u8],
        observer: FindingObserver<'_>,
        deadline: Option<Instant>,
    ) -> HandledPayload {
        let (mut failures, mut metrics) = (Vec::new(), InvocationMetrics::default());
        let parsed = match parse_payload(payload) {
            Ok(parsed) => parsed,
            Err(error) => {
                metrics.add_count("Unknown", 1);
                return HandledPayload { answer: Err(error.into()), failures, metrics };
            }
        };
        let (mut known, mut found) = (ResourceStateCache::default(), 0_u64);
        let mut time = TimeBudget::new(deadline, &parsed.messages);
        let mut unfinished = BTreeMap::new();
        for (index, message) in time_budget::order_messages(&parsed.messages) {
            metrics.add_count("Received", 1);
            let (known, metrics) = (&mut known, &mut metrics);
            let mut task = MessageTask { message, observer, known, metrics, finding_count: 0 };
            let failed =
                time.run_within_limit(message, Box::pin(self.evaluate_message(&mut task))).await;
            found = found.saturating_add(task.finding_count);
            if let Some(why) = failed {
                metrics.count_failure(why.error_code());
                let (id, trace) = (message.id.clone(), message.trace.clone());
                unfinished.insert(index, FailedMessage { id, trace, why });
            }
        }
        failures.extend(unfinished.into_values());
        let answer = response::build_response(parsed.invoker, &failures, found);
        HandledPayload { answer, failures, metrics }
    }

    /// Handles all parts of a message, even if one of them fails. Returns the first error.
    async fn evaluate_message(&self, task: &mut MessageTask<'_>) -> Option<EvaluateError> {
        let mut failed = None;
        for part in &task.message.parts {
            let result = match part {
                Ok(content) => self.evaluate_content(content, task).await,
                Err(error) => {
                    task.metrics.add_count("NotEvaluated", 1);
                    Err(error.clone().into())
                }
            };
            if let Err(why) = result {
                failed.get_or_insert(why);
            }
        }
        failed
    }

    async fn evaluate_content(
        &self,
        content: &PayloadContent,
        task: &mut MessageTask<'_>,
    ) -> Result<(), EvaluateError> {
        match content {
            PayloadContent::Record { .. } | PayloadContent::Item { .. } => {
                self.evaluate_and_record(content, task).await
            }
            PayloadContent::ConfigRule(rule) => self.evaluate_config_rule(rule, task).await,
            PayloadContent::LogObject(object) => self.evaluate_log_object(object, task).await,
            PayloadContent::Oversized { item, envelope } => {
                let change = self.load_oversized_change(item).await?;
                let content =
                    PayloadContent::Item { change: Box::new(change), envelope: envelope.clone() };
                self.evaluate_and_record(&content, task).await
            }
            PayloadContent::Canary { canary, made } => {
                self.record_canary(*canary, *made, task).await
            }
            PayloadContent::Schedule(_) | PayloadContent::Skipped { .. } => {
                task.metrics.count_skipped(&content.kind_label(), 1);
                Ok(())
            }
        }
    }

    /// Evaluates a record or an item, and records the findings.
    async fn evaluate_and_record(
        &self,
        content: &PayloadContent,
        task: &mut MessageTask<'_>,
    ) -> Result<(), EvaluateError> {
        let batch = {
            let filter = EventFilter::default();
            let mut evaluator =
                RecordEvaluator::new(&self.bundle.set, &self.bundle.waivers, &filter);
            let mut batch = EvaluationBatch::default();
            let evaluated = batch.evaluate_content(&mut evaluator, content);
            if evaluated.is_err() {
                task.metrics.add_count("NotEvaluated", 1);
            }
            evaluated.map(|()| batch)
        };
        self.record_findings(batch?, task).await
    }

    /// Fetches the missing resource states, re-evaluates the pending findings, and records and
    /// announces all findings. If a finding fails, the function continues with the other findings,
    /// and returns the first error at the end.
    async fn record_findings(
        &self,
        mut batch: EvaluationBatch,
        task: &mut MessageTask<'_>,
    ) -> Result<(), EvaluateError> {
        let missing = batch.missing_resources(task.known);
        if !missing.is_empty() {
            let states = self.cloud.fetch_resource_states(&missing).await;
            task.known.insert_states(missing, states);
        }
        batch.resolve_pending(&self.bundle, task.known);
        task.metrics.merge_from(&batch.metrics);
        let mut failed = Ok(());
        let writes = batch.findings.iter().map(|pending| async move {
            let finding = &*pending.finding;
            let result = self.recorder.record_finding(finding).await;
            (finding, result)
        });
        let mut writes = stream::iter(writes).buffered(CONCURRENT_WRITES);
        while let Some((finding, result)) = writes.next().await {
            match result {
                Ok(recorded) => task.report_finding(finding, recorded),
                Err(error) => {
                    task.metrics.add_count("Unrecorded", 1);
                    failed = failed.and(Err(error.into()));
                }
            }
        }
        failed
    }

    /// Fetches the complete item for an item that AWS Config sent only as a summary.
    async fn load_oversized_change(
        &self,
        item: &OversizedItem,
    ) -> Result<ItemChange, EvaluateError> {
        let complete = self.cloud.fetch_oversized_item(item).await?;
        let change_type = item.change_type.clone();
        Ok(ItemChange { item: complete, change_type, text: String::new() })
    }
}

impl MessageTask<'_> {
    fn report_finding(&mut self, finding: &Finding, recorded: RecordingResult) {
        self.finding_count = self.finding_count.saturating_add(1);
        let known = finding.status != ComplianceStatus::InsufficientData;
        match recorded {
            RecordingResult::New if known => {
                self.metrics.add_count(severity_metric(finding.severity), 1);
            }
            RecordingResult::New => {}
            RecordingResult::Known => self.metrics.add_count("Duplicate", 1),
            RecordingResult::Revised => self.metrics.add_count("Revised", 1),
        }
        (self.observer)(AnnouncedFinding { finding, recorded, message: self.message });
    }
}

fn severity_metric(severity: Severity) -> &'static str {
    match severity {
        Severity::Informational => "FindingsInformational",
        Severity::Low => "FindingsLow",
        Severity::Medium => "FindingsMedium",
        Severity::High => "FindingsHigh",
        Severity::Critical => "FindingsCritical",
    }
}

/// Returns the name of a log object in messages.
fn log_object_name(object: &LogObject) -> String {
    format!("s3://{}/{}", object.bucket, object.key)
}

#[cfg(test)]
mod tests;

//! One payload: opened, judged, recorded, and answered as its door expects.
//!
//! Nothing is answered before its findings are durable.

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

/// So many findings are written at a time.
const CONCURRENT_WRITES: usize = 16;

/// What a payload is handled with.
#[derive(Debug)]
pub struct PayloadEvaluator<A, O> {
    bundle: Arc<PolicyBundle>,
    recorder: FindingRecorder<A>,
    cloud: O,
}

/// What came of a payload.
#[derive(Debug)]
pub struct HandledPayload {
    /// What the door is answered; or why the payload failed as a whole: its door brings it again, or gives
    /// up on it.
    pub answer: Result<Value, HandleError>,
    /// What could not be done, by message.
    pub failures: Vec<FailedMessage>,
    /// What was done, in numbers.
    pub metrics: InvocationMetrics,
}

/// A finding that is durable and announced.
#[derive(Clone, Copy, Debug)]
pub struct AnnouncedFinding<'a> {
    /// The finding.
    pub finding: &'a Finding,
    /// Whether it was known.
    pub recorded: RecordingResult,
    /// The message that brought it.
    pub message: &'a PayloadMessage,
}

/// A message that must come again.
#[derive(Clone, Debug)]
pub struct FailedMessage {
    /// The unit of failure, where the door has one.
    pub id: Option<String>,
    /// The X-Ray header that came with it.
    pub trace: Option<String>,
    /// Why.
    pub why: EvaluateError,
}

/// Why a payload failed as a whole.
#[derive(Debug, thiserror::Error)]
pub enum HandleError {
    /// Nobody knows what it is.
    #[error(transparent)]
    Unknown(#[from] PayloadError),
    /// A part of it failed, and its door knows no partial failure.
    #[error(transparent)]
    Failed(EvaluateError),
}

/// Who is told of each finding.
pub type FindingObserver<'t> = &'t (dyn Fn(AnnouncedFinding<'_>) + Sync);

/// What the handling of one message needs, and what comes of it.
struct MessageTask<'t> {
    message: &'t PayloadMessage,
    observer: FindingObserver<'t>,
    known: &'t mut ResourceStateCache,
    metrics: &'t mut InvocationMetrics,
    finding_count: u64,
}

impl<A: NoticeAnnouncer, O: CloudContext> PayloadEvaluator<A, O> {
    /// An evaluator by a bundle's policies, which records through `recorder`.
    pub fn new(bundle: Arc<PolicyBundle>, recorder: FindingRecorder<A>, outside: O) -> Self {
        PayloadEvaluator { bundle, recorder, cloud: outside }
    }

    /// Handles one payload; `tell` hears of each finding once it is durable and announced.
    pub async fn handle_payload(
        &self,
        payload: &[u8],
        tell: FindingObserver<'_>,
    ) -> HandledPayload {
        self.handle_until(payload, tell, None).await
    }

    /// Handles one payload, as far as it can be done before the `deadline`. A message that was not begun by then, or
    /// not finished, must come again; what was finished stays so.
    pub async fn handle_until(
        &self,
        payload: &[u8],
        tell: FindingObserver<'_>,
        deadline: Option<Instant>,
    ) -> HandledPayload {
        let (mut failures, mut metrics) = (Vec::new(), InvocationMetrics::default());
        let opened = match parse_payload(payload) {
            Ok(opened) => opened,
            Err(error) => {
                metrics.add_count("Unknown", 1);
                return HandledPayload { answer: Err(error.into()), failures, metrics };
            }
        };
        let (mut known, mut found) = (ResourceStateCache::default(), 0_u64);
        let mut time = TimeBudget::new(deadline, &opened.messages);
        let mut unfinished = BTreeMap::new();
        for (place, message) in time_budget::order_messages(&opened.messages) {
            metrics.add_count("Received", 1);
            let (known, metrics) = (&mut known, &mut metrics);
            let mut task =
                MessageTask { message, observer: tell, known, metrics, finding_count: 0 };
            let failed =
                time.run_within_limit(message, Box::pin(self.evaluate_message(&mut task))).await;
            found = found.saturating_add(task.finding_count);
            if let Some(why) = failed {
                metrics.count_failure(why.error_code());
                let (id, trace) = (message.id.clone(), message.trace.clone());
                unfinished.insert(place, FailedMessage { id, trace, why });
            }
        }
        failures.extend(unfinished.into_values());
        let answer = response::build_response(opened.invoker, &failures, found);
        HandledPayload { answer, failures, metrics }
    }

    /// Handles a message: every part of it, whatever happens to the others. The first reason why it must
    /// come again.
    async fn evaluate_message(&self, task: &mut MessageTask<'_>) -> Option<EvaluateError> {
        let mut failed = None;
        for part in &task.message.parts {
            let done = match part {
                Ok(content) => self.evaluate_content(content, task).await,
                Err(error) => {
                    task.metrics.add_count("Unjudged", 1);
                    Err(error.clone().into())
                }
            };
            if let Err(why) = done {
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

    /// Judges a record or an item, and records what is found.
    async fn evaluate_and_record(
        &self,
        content: &PayloadContent,
        task: &mut MessageTask<'_>,
    ) -> Result<(), EvaluateError> {
        let taken = {
            let filter = EventFilter::default();
            let mut judge = RecordEvaluator::new(&self.bundle.set, &self.bundle.waivers, &filter);
            let mut taken = EvaluationBatch::default();
            let judged = taken.evaluate_content(&mut judge, content);
            if judged.is_err() {
                task.metrics.add_count("Unjudged", 1);
            }
            judged.map(|()| taken)
        };
        self.record_findings(taken?, task).await
    }

    /// Learns what should be known, and makes findings durable and known; the first reason why one is not.
    async fn record_findings(
        &self,
        mut taken: EvaluationBatch,
        task: &mut MessageTask<'_>,
    ) -> Result<(), EvaluateError> {
        let wanted = taken.missing_resources(task.known);
        if !wanted.is_empty() {
            let states = self.cloud.fetch_resource_states(&wanted).await;
            task.known.insert_states(wanted, states);
        }
        taken.resolve_pending(&self.bundle, task.known);
        task.metrics.merge_from(&taken.metrics);
        let mut failed = Ok(());
        let writes = taken.findings.iter().map(|taken| async move {
            let finding = &*taken.finding;
            let done = self.recorder.record_finding(finding).await;
            (finding, done)
        });
        let mut writes = stream::iter(writes).buffered(CONCURRENT_WRITES);
        while let Some((finding, done)) = writes.next().await {
            match done {
                Ok(recorded) => task.report_finding(finding, recorded),
                Err(error) => {
                    task.metrics.add_count("Unrecorded", 1);
                    failed = failed.and(Err(error.into()));
                }
            }
        }
        failed
    }

    /// The item that was too large to be sent.
    async fn load_oversized_change(
        &self,
        item: &OversizedItem,
    ) -> Result<ItemChange, EvaluateError> {
        let whole = self.cloud.fetch_oversized_item(item).await?;
        let change_type = item.change_type.clone();
        Ok(ItemChange { item: whole, change_type, text: String::new() })
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

/// How an object is called in messages.
fn log_object_name(object: &LogObject) -> String {
    format!("s3://{}/{}", object.bucket, object.key)
}

#[cfg(test)]
mod tests;

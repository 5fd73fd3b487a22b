//! One payload: opened, judged, recorded, and answered as its door expects.
//!
//! Nothing is answered before its findings are durable.

mod canary;
mod config_rule;
mod error;
mod judging;
mod known_states;
mod log_object;
mod metrics;
mod response;
mod taken;
mod time_budget;

pub use error::{EvaluateError, LogRecordError};
pub use judging::{judge_item, judge_record};
pub use metrics::Metrics;

use std::collections::BTreeMap;
use std::sync::Arc;

use evenkeel_ledger::{Announce, Recorded, Recorder};
use evenkeel_rules::policy::Severity;
use evenkeel_rules::{ComplianceStatus, Filter, Finding, Judge};
use futures_util::{StreamExt, stream};
use serde_json::Value;

use crate::environment::Outside;
use crate::payload::{Content, ItemChange, LogObject, Message, OversizedItem, PayloadError, open};
use evenkeel_rules::bundle::Bundle;
use known_states::Known;
use taken::Taken;
use time_budget::Time;
use tokio::time::Instant;

/// So many findings are written at a time.
const WRITES: usize = 16;

/// What a payload is handled with.
#[derive(Debug)]
pub struct Evaluator<A, O> {
    bundle: Arc<Bundle>,
    recorder: Recorder<A>,
    outside: O,
}

/// What came of a payload.
#[derive(Debug)]
pub struct Handled {
    /// What the door is answered; or why the payload failed as a whole: its door brings it again, or gives
    /// up on it.
    pub answer: Result<Value, HandleError>,
    /// What could not be done, by message.
    pub failures: Vec<Failed>,
    /// What was done, in numbers.
    pub metrics: Metrics,
}

/// A finding that is durable and announced.
#[derive(Clone, Copy, Debug)]
pub struct Noted<'a> {
    /// The finding.
    pub finding: &'a Finding,
    /// Whether it was known.
    pub recorded: Recorded,
    /// The message that brought it.
    pub message: &'a Message,
}

/// A message that must come again.
#[derive(Clone, Debug)]
pub struct Failed {
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
pub type Tell<'t> = &'t (dyn Fn(Noted<'_>) + Sync);

/// What the handling of one message needs, and what comes of it.
struct Task<'t> {
    message: &'t Message,
    tell: Tell<'t>,
    known: &'t mut Known,
    metrics: &'t mut Metrics,
    found: u64,
}

impl<A: Announce, O: Outside> Evaluator<A, O> {
    /// An evaluator by a bundle's policies, which records through `recorder`.
    pub fn new(bundle: Arc<Bundle>, recorder: Recorder<A>, outside: O) -> Self {
        Evaluator { bundle, recorder, outside }
    }

    /// Handles one payload; `tell` hears of each finding once it is durable and announced.
    pub async fn handle(&self, payload: &[u8], tell: Tell<'_>) -> Handled {
        self.handle_until(payload, tell, None).await
    }

    /// Handles one payload, as far as it can be done before the `deadline`. A message that was not begun by then, or
    /// not finished, must come again; what was finished stays so.
    pub async fn handle_until(
        &self,
        payload: &[u8],
        tell: Tell<'_>,
        deadline: Option<Instant>,
    ) -> Handled {
        let (mut failures, mut metrics) = (Vec::new(), Metrics::default());
        let opened = match open(payload) {
            Ok(opened) => opened,
            Err(error) => {
                metrics.add("Unknown", 1);
                return Handled { answer: Err(error.into()), failures, metrics };
            }
        };
        let (mut known, mut found) = (Known::default(), 0_u64);
        let mut time = Time::new(deadline, &opened.messages);
        let mut unfinished = BTreeMap::new();
        for (place, message) in time_budget::in_order(&opened.messages) {
            metrics.add("Received", 1);
            let (known, metrics) = (&mut known, &mut metrics);
            let mut task = Task { message, tell, known, metrics, found: 0 };
            let failed = time.limit(message, Box::pin(self.message(&mut task))).await;
            found = found.saturating_add(task.found);
            if let Some(why) = failed {
                metrics.fail(why.code());
                let (id, trace) = (message.id.clone(), message.trace.clone());
                unfinished.insert(place, Failed { id, trace, why });
            }
        }
        failures.extend(unfinished.into_values());
        let answer = response::response(opened.outer, &failures, found);
        Handled { answer, failures, metrics }
    }

    /// Handles a message: every part of it, whatever happens to the others. The first reason why it must
    /// come again.
    async fn message(&self, task: &mut Task<'_>) -> Option<EvaluateError> {
        let mut failed = None;
        for part in &task.message.parts {
            let done = match part {
                Ok(content) => self.content(content, task).await,
                Err(error) => {
                    task.metrics.add("Unjudged", 1);
                    Err(error.clone().into())
                }
            };
            if let Err(why) = done {
                failed.get_or_insert(why);
            }
        }
        failed
    }

    async fn content(&self, content: &Content, task: &mut Task<'_>) -> Result<(), EvaluateError> {
        match content {
            Content::Record { .. } | Content::Item { .. } => self.judge(content, task).await,
            Content::ConfigRule(rule) => self.rule(rule, task).await,
            Content::LogObject(object) => self.object(object, task).await,
            Content::Oversized { item, envelope } => {
                let change = self.whole_item(item).await?;
                let content =
                    Content::Item { change: Box::new(change), envelope: envelope.clone() };
                self.judge(&content, task).await
            }
            Content::Canary { canary, made } => self.canary(*canary, *made, task).await,
            Content::Schedule(_) | Content::Skipped { .. } => {
                task.metrics.skip(&content.kind(), 1);
                Ok(())
            }
        }
    }

    /// Judges a record or an item, and records what is found.
    async fn judge(&self, content: &Content, task: &mut Task<'_>) -> Result<(), EvaluateError> {
        let taken = {
            let filter = Filter::default();
            let mut judge = Judge::new(&self.bundle.set, &self.bundle.waivers, &filter);
            let mut taken = Taken::default();
            let judged = taken.content(&mut judge, content);
            if judged.is_err() {
                task.metrics.add("Unjudged", 1);
            }
            judged.map(|()| taken)
        };
        self.settle(taken?, task).await
    }

    /// Learns what should be known, and makes findings durable and known; the first reason why one is not.
    async fn settle(&self, mut taken: Taken, task: &mut Task<'_>) -> Result<(), EvaluateError> {
        let wanted = taken.wanted(task.known);
        if !wanted.is_empty() {
            let states = self.outside.states(&wanted).await;
            task.known.learn(wanted, states);
        }
        taken.resolve(&self.bundle, task.known);
        task.metrics.merge(&taken.metrics);
        let mut failed = Ok(());
        let writes = taken.findings.iter().map(|taken| async move {
            let finding = &*taken.finding;
            let done = self.recorder.record(finding).await;
            (finding, done)
        });
        let mut writes = stream::iter(writes).buffered(WRITES);
        while let Some((finding, done)) = writes.next().await {
            match done {
                Ok(recorded) => task.note(finding, recorded),
                Err(error) => {
                    task.metrics.add("Unrecorded", 1);
                    failed = failed.and(Err(error.into()));
                }
            }
        }
        failed
    }

    /// The item that was too large to be sent.
    async fn whole_item(&self, item: &OversizedItem) -> Result<ItemChange, EvaluateError> {
        let whole = self.outside.oversized(item).await?;
        let change_type = item.change_type.clone();
        Ok(ItemChange { item: whole, change_type, text: String::new() })
    }
}

impl Task<'_> {
    fn note(&mut self, finding: &Finding, recorded: Recorded) {
        self.found = self.found.saturating_add(1);
        let known = finding.status != ComplianceStatus::InsufficientData;
        match recorded {
            Recorded::New if known => self.metrics.add(by_severity(finding.severity), 1),
            Recorded::New => {}
            Recorded::Known => self.metrics.add("Duplicate", 1),
            Recorded::Revised => self.metrics.add("Revised", 1),
        }
        (self.tell)(Noted { finding, recorded, message: self.message });
    }
}

fn by_severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Informational => "FindingsInformational",
        Severity::Low => "FindingsLow",
        Severity::Medium => "FindingsMedium",
        Severity::High => "FindingsHigh",
        Severity::Critical => "FindingsCritical",
    }
}

/// How an object is called in messages.
fn name_of(object: &LogObject) -> String {
    format!("s3://{}/{}", object.bucket, object.key)
}

#[cfg(test)]
mod tests;

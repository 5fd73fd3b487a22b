//! One payload: opened, judged, recorded, and answered as its door expects.
//!
//! Nothing is answered before its findings are durable.

use evenkeel_ledger::{Announce, RecordError, Recorded, Recorder};
use evenkeel_rules::policy::PolicySet;
use evenkeel_rules::policy::Severity;
use evenkeel_rules::{Filter, Finding, Judge, Judged, Waivers};
use serde_json::{Value, json};

use crate::metrics::Metrics;
use crate::{Content, Message, Outer, RuleSubject, SourceError, open, suspect};

/// What a payload is handled with.
#[derive(Debug)]
pub struct Evaluator<'s, A> {
    set: &'s PolicySet,
    waivers: &'s Waivers,
    recorder: Recorder<A>,
}

/// What came of a payload.
#[derive(Debug)]
pub struct Handled {
    /// What the door is answered.
    pub answer: Value,
    /// What could not be done, by message.
    pub failures: Vec<Failed>,
    /// What was found, in order.
    pub findings: Vec<Finding>,
    /// What was done, in numbers.
    pub metrics: Metrics,
}

/// A message that must come again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failed {
    /// The unit of failure, where the door has one.
    pub id: Option<String>,
    /// Why.
    pub why: String,
}

/// Why a payload failed as a whole: its door brings it again, or gives up on it.
#[derive(Debug, thiserror::Error)]
pub enum HandleError {
    /// Nobody knows what it is.
    #[error(transparent)]
    Unknown(#[from] SourceError),
    /// A part of it failed, and its door knows no partial failure.
    #[error("{0}")]
    Failed(String),
}

impl<'s, A: Announce> Evaluator<'s, A> {
    /// An evaluator by these policies, which records through `recorder`.
    pub fn new(set: &'s PolicySet, waivers: &'s Waivers, recorder: Recorder<A>) -> Self {
        Evaluator { set, waivers, recorder }
    }

    /// Handles one payload.
    ///
    /// # Errors
    /// When its shape is not known, or a part of it failed and the door cannot be told which.
    pub async fn handle(&self, payload: &[u8]) -> Result<Handled, HandleError> {
        let opened = open(payload)?;
        let (mut findings, mut failures) = (Vec::new(), Vec::new());
        let mut metrics = Metrics::default();
        for message in &opened.messages {
            metrics.add("Received", 1);
            let (found, unjudged) = self.judge(message, &mut metrics);
            let unrecorded = self.record(found, &mut findings, &mut metrics).await;
            if let Some(why) = unjudged.or(unrecorded) {
                metrics.add("Failed", 1);
                failures.push(Failed { id: message.id.clone(), why });
            }
        }
        let answer = answer(opened.outer, &failures, findings.len())?;
        Ok(Handled { answer, failures, findings, metrics })
    }

    /// What the policies find in a message, and why not all of it could be judged: then it must come again,
    /// but what was found in its other parts is not held back.
    fn judge(&self, message: &Message, metrics: &mut Metrics) -> (Vec<Finding>, Option<String>) {
        let filter = Filter::default();
        let mut judge = Judge::new(self.set, self.waivers, &filter);
        let (mut found, mut failed) = (Vec::new(), None);
        for part in &message.parts {
            let judged = match part {
                Ok(content) => judge_part(&mut judge, content, &mut found, metrics),
                Err(error) => Err(error.to_string()),
            };
            if let Err(why) = judged {
                metrics.add("Unjudged", 1);
                failed.get_or_insert(why);
            }
        }
        (found, failed)
    }

    /// Makes findings durable and known; the first reason why one is not.
    async fn record(
        &self,
        found: Vec<Finding>,
        findings: &mut Vec<Finding>,
        metrics: &mut Metrics,
    ) -> Option<String> {
        let mut failed = None;
        for finding in found {
            let recorded = self.recorder.record(&finding).await;
            match recorded.map_err(|error: RecordError| error.to_string()) {
                Ok(Recorded::New) => metrics.add(by_severity(finding.severity), 1),
                Ok(Recorded::Known) => metrics.add("Duplicate", 1),
                Ok(Recorded::Revised) => metrics.add("Revised", 1),
                Err(why) => {
                    failed.get_or_insert(why);
                    continue;
                }
            }
            findings.push(finding);
        }
        failed
    }
}

/// Judges one part of a message.
fn judge_part(
    judge: &mut Judge<'_>,
    content: &Content,
    found: &mut Vec<Finding>,
    metrics: &mut Metrics,
) -> Result<(), String> {
    let judged = match content {
        Content::Record { text, .. } => judge.judge(text.as_bytes()),
        Content::Item { change, .. } => judge.judge_item(&change.item),
        Content::ConfigRule(rule) => match &rule.subject {
            RuleSubject::Item(change) => judge.judge_item(&change.item),
            _ => return Err(format!("not judged yet: {}", content.kind())),
        },
        Content::LogObject(_) | Content::Oversized { .. } => {
            return Err(format!("not read yet: {}", content.kind()));
        }
        Content::Schedule(_) | Content::Skipped { .. } => {
            metrics.add("Skipped", 1);
            return Ok(());
        }
    };
    let why = suspect(content);
    metrics.add("Suspect", u64::from(why.is_some()));
    take(judged.map_err(|error| error.to_string())?, why, found, metrics);
    Ok(())
}

/// Takes what was judged.
fn take(judged: Judged, why: Option<&str>, found: &mut Vec<Finding>, metrics: &mut Metrics) {
    match judged {
        Judged::Event(event) => {
            metrics.add("Judged", 1);
            let suspect = why.map(str::to_owned);
            let marked = event.findings.into_iter();
            found.extend(marked.map(|finding| Finding { suspect: suspect.clone(), ..finding }));
        }
        Judged::Unwatched | Judged::Filtered => metrics.add("Unwatched", 1),
        Judged::Skipped(_) => metrics.add("Skipped", 1),
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

/// What the door is told.
///
/// Source: AWS Lambda Developer Guide, "Implementing partial batch responses" of SQS and Kinesis.
fn answer(outer: Outer, failures: &[Failed], findings: usize) -> Result<Value, HandleError> {
    let whole = |why: &str| Err(HandleError::Failed(why.to_owned()));
    match outer {
        Outer::Sqs | Outer::Kinesis => {
            let mut names = Vec::new();
            for failure in failures {
                // An id that is missing would make the service take the whole batch for done.
                let Some(id) = &failure.id else { return whole(&failure.why) };
                names.push(json!({"itemIdentifier": id}));
            }
            Ok(json!({"batchItemFailures": names}))
        }
        Outer::Sns
        | Outer::S3
        | Outer::CloudWatchLogs
        | Outer::EventBridge
        | Outer::ConfigRule
        | Outer::Document => match failures.first() {
            Some(failure) => whole(&failure.why),
            None => Ok(json!({"findings": findings})),
        },
    }
}

#[cfg(test)]
mod tests;

//! A worker thread of a replay: reads a file, evaluates its records, and renders the findings.

use super::arguments::FindingFormat;
use evenkeel_ingest::{
    BatchSender, FileReport, InputProblem, LogFile, LogItem, LogReader, ReadProgress,
    evaluate_item, evaluate_record,
};
use evenkeel_rules::policy::PolicySet;
use evenkeel_rules::{
    ComplianceStatus, EventFilter, Finding, PolicyEvaluation, RecordEvaluator, RecordOutcome,
    WaiverSet, json_line, ocsf,
};
use std::ops::ControlFlow;
use uuid::Uuid;

/// The size in bytes at which a worker sends its batch.
const BATCH_BYTES: u64 = 256 * 1024;

/// A problem with a file or with one of its records.
#[derive(Clone, Debug)]
pub(super) struct ReplayIssue {
    pub(super) file: String,
    /// The number of the record in the file; `None` for a problem of the whole file.
    pub(super) record: Option<u64>,
    /// The description of the problem.
    pub(super) what: String,
}

impl From<&InputProblem> for ReplayIssue {
    fn from(problem: &InputProblem) -> Self {
        let (file, record) = (problem.file.clone(), problem.record);
        ReplayIssue { file, record, what: problem.kind.to_string() }
    }
}

/// The results of a part of a file.
#[derive(Debug, Default)]
pub(super) struct ReplayBatch {
    pub(super) unwatched: u64,
    pub(super) filtered: u64,
    pub(super) unreadable: u64,
    pub(super) skipped: Vec<(String, u64)>,
    pub(super) events: Vec<EventOutcome>,
    pub(super) issues: Vec<ReplayIssue>,
    /// The reader's report about the file, in the last batch of the file.
    pub(super) report: Option<FileReport>,
}

/// The evaluations of one event.
#[derive(Debug)]
pub(super) struct EventOutcome {
    pub(super) id: Uuid,
    /// The digest of the record's content.
    pub(super) content: Uuid,
    /// The number of the record in the file.
    pub(super) number: u64,
    pub(super) evaluations: Vec<EvaluationOutcome>,
    pub(super) issues: Vec<ReplayIssue>,
}

/// The result of one policy for an event.
#[derive(Debug)]
pub(super) struct EvaluationOutcome {
    /// The index of the policy in the policy set.
    pub(super) policy: usize,
    pub(super) status: ComplianceStatus,
    pub(super) finding: Option<Box<RenderedFinding>>,
}

/// A finding, and its text in the output format.
#[derive(Debug)]
pub(super) struct RenderedFinding {
    pub(super) finding: Finding,
    pub(super) line: String,
}

/// The reader and the evaluator of one thread.
#[derive(Debug)]
pub(super) struct ReplayWorker<'a> {
    reader: LogReader,
    evaluator: RecordEvaluator<'a>,
    progress: &'a ReadProgress,
    format: FindingFormat,
}

impl<'a> ReplayWorker<'a> {
    /// Creates a worker that evaluates the records that `filter` admits.
    pub(super) fn new(
        set: &'a PolicySet,
        waivers: &'a WaiverSet,
        filter: &'a EventFilter,
        progress: &'a ReadProgress,
        format: FindingFormat,
    ) -> Self {
        let evaluator = RecordEvaluator::new(set, waivers, filter);
        ReplayWorker { reader: LogReader::new(), evaluator, progress, format }
    }

    /// Reads one file, and sends its results in batches.
    pub(super) fn read_file(&mut self, file: &LogFile, out: &mut BatchSender<'_, ReplayBatch>) {
        let (evaluator, format) = (&mut self.evaluator, self.format);
        let (mut batch, mut weight) = (ReplayBatch::default(), 0_u64);
        let report = self.reader.read_file(file, self.progress, &mut |item| {
            weight = weight.saturating_add(batch.add_item(item, &file.name, evaluator, format));
            if weight < BATCH_BYTES {
                return ControlFlow::Continue(());
            }
            out.push_batch(std::mem::take(&mut batch), std::mem::take(&mut weight))
        });
        batch.issues.extend(report.problems.iter().map(ReplayIssue::from));
        batch.report = Some(report);
        // No batch of this file follows, so a request to stop needs no reaction.
        match out.push_batch(batch, weight) {
            ControlFlow::Continue(()) | ControlFlow::Break(()) => {}
        }
    }
}

impl ReplayBatch {
    /// Evaluates one item, and returns the estimated number of bytes that it adds to the batch.
    fn add_item(
        &mut self,
        item: LogItem<'_>,
        file: &str,
        evaluator: &mut RecordEvaluator<'_>,
        format: FindingFormat,
    ) -> u64 {
        let (number, evaluated) = match item {
            LogItem::Record { number, bytes, envelope } => {
                (number, evaluate_record(evaluator, bytes, envelope))
            }
            LogItem::Resource { number, item, possibly_forged } => {
                (number, evaluate_item(evaluator, item, possibly_forged))
            }
            LogItem::Invalid { number, why } => {
                return self.add_unreadable(file, number, why.to_string());
            }
            LogItem::Skipped { kind, count } => return self.count_skipped(kind, count),
        };
        match evaluated {
            Ok(RecordOutcome::Unwatched) => {
                self.unwatched = self.unwatched.saturating_add(1);
                0
            }
            Ok(RecordOutcome::Filtered) => {
                self.filtered = self.filtered.saturating_add(1);
                0
            }
            Ok(RecordOutcome::Skipped(kind)) => self.count_skipped(kind, 1),
            Ok(RecordOutcome::Evaluated(event)) => {
                let issue = |what: String| ReplayIssue {
                    file: file.to_owned(),
                    record: Some(number),
                    what,
                };
                let replaced = event.replaced.then(|| {
                    issue(
                        "is not valid UTF-8; it was evaluated with replacement characters"
                            .to_owned(),
                    )
                });
                let issues = event
                    .waiver_errors
                    .iter()
                    .map(|error| issue(error.to_string()))
                    .chain(replaced);
                let rendered = |finding: Box<Finding>| {
                    let line = render_line(&finding, format);
                    Box::new(RenderedFinding { finding: *finding, line })
                };
                let outcome = |one: PolicyEvaluation| EvaluationOutcome {
                    policy: one.policy,
                    status: one.status,
                    finding: one.finding.map(rendered),
                };
                self.events.push(EventOutcome {
                    id: event.id,
                    content: event.content_digest,
                    number,
                    evaluations: event.evaluations.into_iter().map(outcome).collect(),
                    issues: issues.collect(),
                });
                self.events.last().map_or(0, EventOutcome::estimate_bytes)
            }
            Err(why) => self.add_unreadable(file, number, why.to_string()),
        }
    }

    /// Counts an unreadable record, and returns the estimated number of bytes of its issue.
    fn add_unreadable(&mut self, file: &str, number: u64, what: String) -> u64 {
        self.unreadable = self.unreadable.saturating_add(1);
        self.issues.push(ReplayIssue { file: file.to_owned(), record: Some(number), what });
        256
    }

    /// Counts skipped items by kind. They add no bytes to the batch.
    fn count_skipped(&mut self, kind: &str, count: u64) -> u64 {
        match self.skipped.iter_mut().find(|entry| entry.0 == kind) {
            Some(entry) => entry.1 = entry.1.saturating_add(count),
            None => self.skipped.push((kind.to_owned(), count)),
        }
        0
    }
}

impl EventOutcome {
    /// Returns about how many bytes the results of the event take.
    fn estimate_bytes(&self) -> u64 {
        let findings = self.evaluations.iter().filter_map(|one| one.finding.as_ref());
        let lines: usize = findings.map(|rendered| rendered.line.len()).sum();
        u64::try_from(lines.saturating_mul(2).saturating_add(64)).unwrap_or(u64::MAX)
    }
}

fn render_line(finding: &Finding, format: FindingFormat) -> String {
    match format {
        FindingFormat::Text => super::finding_text::render_finding(finding),
        FindingFormat::Jsonl => json_line(finding).unwrap_or_default(),
        FindingFormat::Ocsf => ocsf::serialize_finding(finding),
    }
}

//! What each thread does: reads a file, judges its records, and renders what it finds.

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

/// A batch is handed over when it holds about so many bytes.
const BATCH_BYTES: u64 = 256 * 1024;

/// Something that could not be read or judged.
#[derive(Clone, Debug)]
pub(super) struct ReplayIssue {
    pub(super) file: String,
    pub(super) record: Option<u64>,
    pub(super) what: String,
}

impl From<&InputProblem> for ReplayIssue {
    fn from(problem: &InputProblem) -> Self {
        let (file, record) = (problem.file.clone(), problem.record);
        ReplayIssue { file, record, what: problem.kind.to_string() }
    }
}

/// What came of a part of a file.
#[derive(Debug, Default)]
pub(super) struct ReplayBatch {
    pub(super) unwatched: u64,
    pub(super) filtered: u64,
    pub(super) unreadable: u64,
    pub(super) skipped: Vec<(String, u64)>,
    pub(super) events: Vec<EventOutcome>,
    pub(super) issues: Vec<ReplayIssue>,
    /// The file's own account, in its last batch.
    pub(super) report: Option<FileReport>,
}

/// What the policies said of one event.
#[derive(Debug)]
pub(super) struct EventOutcome {
    pub(super) id: Uuid,
    /// The same for copies of one record only.
    pub(super) content: Uuid,
    /// Its place in the file.
    pub(super) number: u64,
    pub(super) evaluations: Vec<EvaluationOutcome>,
    pub(super) issues: Vec<ReplayIssue>,
}

/// What one policy said of it.
#[derive(Debug)]
pub(super) struct EvaluationOutcome {
    /// The policy's number.
    pub(super) policy: usize,
    pub(super) status: ComplianceStatus,
    pub(super) finding: Option<Box<RenderedFinding>>,
}

/// A finding, and its line in the format asked for.
#[derive(Debug)]
pub(super) struct RenderedFinding {
    pub(super) finding: Finding,
    pub(super) line: String,
}

/// One thread's reader and judge.
#[derive(Debug)]
pub(super) struct ReplayWorker<'a> {
    reader: LogReader,
    evaluator: RecordEvaluator<'a>,
    progress: &'a ReadProgress,
    format: FindingFormat,
}

impl<'a> ReplayWorker<'a> {
    pub(super) fn new(
        set: &'a PolicySet,
        waivers: &'a WaiverSet,
        filter: &'a EventFilter,
        progress: &'a ReadProgress,
        format: FindingFormat,
    ) -> Self {
        let judge = RecordEvaluator::new(set, waivers, filter);
        ReplayWorker { reader: LogReader::new(), evaluator: judge, progress, format }
    }

    /// Reads one file.
    pub(super) fn read_file(&mut self, file: &LogFile, out: &mut BatchSender<'_, ReplayBatch>) {
        let (judge, format) = (&mut self.evaluator, self.format);
        let (mut batch, mut weight) = (ReplayBatch::default(), 0_u64);
        let report = self.reader.read_file(file, self.progress, &mut |item| {
            weight = weight.saturating_add(batch.add_item(item, &file.name, judge, format));
            if weight < BATCH_BYTES {
                return ControlFlow::Continue(());
            }
            out.push_batch(std::mem::take(&mut batch), std::mem::take(&mut weight))
        });
        batch.issues.extend(report.problems.iter().map(ReplayIssue::from));
        batch.report = Some(report);
        // A break says that nobody wants more, and there is no more.
        match out.push_batch(batch, weight) {
            ControlFlow::Continue(()) | ControlFlow::Break(()) => {}
        }
    }
}

impl ReplayBatch {
    /// Judges one item; about how many bytes that added.
    fn add_item(
        &mut self,
        item: LogItem<'_>,
        file: &str,
        judge: &mut RecordEvaluator<'_>,
        format: FindingFormat,
    ) -> u64 {
        let (number, judged) = match item {
            LogItem::Record { number, bytes, envelope } => {
                (number, evaluate_record(judge, bytes, envelope))
            }
            LogItem::Resource { number, item, possibly_forged: suspect } => {
                (number, evaluate_item(judge, item, suspect))
            }
            LogItem::Invalid { number, why } => {
                return self.add_unreadable(file, number, why.to_string());
            }
            LogItem::Skipped { kind, count } => return self.count_skipped(kind, count),
        };
        match judged {
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
                let trouble = |what: String| ReplayIssue {
                    file: file.to_owned(),
                    record: Some(number),
                    what,
                };
                let replaced = event.replaced.then(|| {
                    trouble("not all of it is UTF-8: judged with replacement characters".to_owned())
                });
                let troubles = event
                    .waiver_errors
                    .iter()
                    .map(|error| trouble(error.to_string()))
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
                    issues: troubles.collect(),
                });
                self.events.last().map_or(0, EventOutcome::estimate_bytes)
            }
            Err(why) => self.add_unreadable(file, number, why.to_string()),
        }
    }

    fn add_unreadable(&mut self, file: &str, number: u64, what: String) -> u64 {
        self.unreadable = self.unreadable.saturating_add(1);
        self.issues.push(ReplayIssue { file: file.to_owned(), record: Some(number), what });
        256
    }

    fn count_skipped(&mut self, kind: &str, count: u64) -> u64 {
        match self.skipped.iter_mut().find(|entry| entry.0 == kind) {
            Some(entry) => entry.1 = entry.1.saturating_add(count),
            None => self.skipped.push((kind.to_owned(), count)),
        }
        0
    }
}

impl EventOutcome {
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

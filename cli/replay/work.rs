//! What each thread does: reads a file, judges its records, and renders what it finds.

use super::arguments::Format;
use evenkeel_ingest::{
    Batches, FileReport, Item, LogFile, Problem, Progress, Reader, judge_item, judge_record,
};
use evenkeel_rules::policy::PolicySet;
use evenkeel_rules::{
    ComplianceStatus, Filter, Finding, Judge, Judged, PolicyEvaluation, Waivers, json_line, ocsf,
};
use std::ops::ControlFlow;
use uuid::Uuid;

/// A batch is handed over when it holds about so many bytes.
const BATCH: u64 = 256 * 1024;

/// Something that could not be read or judged.
#[derive(Clone, Debug)]
pub(super) struct Trouble {
    pub(super) file: String,
    pub(super) record: Option<u64>,
    pub(super) what: String,
}

impl From<&Problem> for Trouble {
    fn from(problem: &Problem) -> Self {
        let (file, record) = (problem.file.clone(), problem.record);
        Trouble { file, record, what: problem.what.to_string() }
    }
}

/// What came of a part of a file.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub(super) unwatched: u64,
    pub(super) filtered: u64,
    pub(super) bad: u64,
    pub(super) skipped: Vec<(String, u64)>,
    pub(super) events: Vec<EventOutcome>,
    pub(super) troubles: Vec<Trouble>,
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
    pub(super) troubles: Vec<Trouble>,
}

/// What one policy said of it.
#[derive(Debug)]
pub(super) struct EvaluationOutcome {
    /// The policy's number.
    pub(super) policy: usize,
    pub(super) status: ComplianceStatus,
    pub(super) finding: Option<Box<Rendered>>,
}

/// A finding, and its line in the format asked for.
#[derive(Debug)]
pub(super) struct Rendered {
    pub(super) finding: Finding,
    pub(super) line: String,
}

/// One thread's reader and judge.
#[derive(Debug)]
pub(super) struct Worker<'a> {
    reader: Reader,
    judge: Judge<'a>,
    progress: &'a Progress,
    format: Format,
}

impl<'a> Worker<'a> {
    pub(super) fn new(
        set: &'a PolicySet,
        waivers: &'a Waivers,
        filter: &'a Filter,
        progress: &'a Progress,
        format: Format,
    ) -> Self {
        let judge = Judge::new(set, waivers, filter);
        Worker { reader: Reader::new(), judge, progress, format }
    }

    /// Reads one file.
    pub(super) fn read(&mut self, file: &LogFile, out: &mut Batches<'_, Batch>) {
        let (judge, format) = (&mut self.judge, self.format);
        let (mut batch, mut weight) = (Batch::default(), 0_u64);
        let report = self.reader.read(file, self.progress, &mut |item| {
            weight = weight.saturating_add(batch.take(item, &file.name, judge, format));
            if weight < BATCH {
                return ControlFlow::Continue(());
            }
            out.push(std::mem::take(&mut batch), std::mem::take(&mut weight))
        });
        batch.troubles.extend(report.problems.iter().map(Trouble::from));
        batch.report = Some(report);
        // A break says that nobody wants more, and there is no more.
        match out.push(batch, weight) {
            ControlFlow::Continue(()) | ControlFlow::Break(()) => {}
        }
    }
}

impl Batch {
    /// Judges one item; about how many bytes that added.
    fn take(&mut self, item: Item<'_>, file: &str, judge: &mut Judge<'_>, format: Format) -> u64 {
        let (number, judged) = match item {
            Item::Record { number, bytes, envelope } => {
                (number, judge_record(judge, bytes, envelope))
            }
            Item::Resource { number, item, suspect } => (number, judge_item(judge, item, suspect)),
            Item::Bad { number, why } => return self.bad(file, number, why.to_string()),
            Item::Skipped { kind, count } => return self.skip(kind, count),
        };
        match judged {
            Ok(Judged::Unwatched) => {
                self.unwatched = self.unwatched.saturating_add(1);
                0
            }
            Ok(Judged::Filtered) => {
                self.filtered = self.filtered.saturating_add(1);
                0
            }
            Ok(Judged::Skipped(kind)) => self.skip(kind, 1),
            Ok(Judged::Event(event)) => {
                let trouble =
                    |what: String| Trouble { file: file.to_owned(), record: Some(number), what };
                let replaced = event.replaced.then(|| {
                    trouble("not all of it is UTF-8: judged with replacement characters".to_owned())
                });
                let troubles = event
                    .waiver_errors
                    .iter()
                    .map(|error| trouble(error.to_string()))
                    .chain(replaced);
                let rendered = |finding: Box<Finding>| {
                    let line = render(&finding, format);
                    Box::new(Rendered { finding: *finding, line })
                };
                let outcome = |one: PolicyEvaluation| EvaluationOutcome {
                    policy: one.policy,
                    status: one.status,
                    finding: one.finding.map(rendered),
                };
                self.events.push(EventOutcome {
                    id: event.id,
                    content: event.content,
                    number,
                    evaluations: event.evaluations.into_iter().map(outcome).collect(),
                    troubles: troubles.collect(),
                });
                self.events.last().map_or(0, EventOutcome::weight)
            }
            Err(why) => self.bad(file, number, why.to_string()),
        }
    }

    fn bad(&mut self, file: &str, number: u64, what: String) -> u64 {
        self.bad = self.bad.saturating_add(1);
        self.troubles.push(Trouble { file: file.to_owned(), record: Some(number), what });
        256
    }

    fn skip(&mut self, kind: &str, count: u64) -> u64 {
        match self.skipped.iter_mut().find(|entry| entry.0 == kind) {
            Some(entry) => entry.1 = entry.1.saturating_add(count),
            None => self.skipped.push((kind.to_owned(), count)),
        }
        0
    }
}

impl EventOutcome {
    fn weight(&self) -> u64 {
        let findings = self.evaluations.iter().filter_map(|one| one.finding.as_ref());
        let lines: usize = findings.map(|rendered| rendered.line.len()).sum();
        u64::try_from(lines.saturating_mul(2).saturating_add(64)).unwrap_or(u64::MAX)
    }
}

fn render(finding: &Finding, format: Format) -> String {
    match format {
        Format::Text => super::finding::text(finding),
        Format::Jsonl => json_line(finding).unwrap_or_default(),
        Format::Ocsf => ocsf::record(finding),
    }
}

//! Counts the items and problems of one file while it is read.

use super::item::{ItemSink, LogItem, MAX_RECORD};
use super::problem::{InputProblem, ProblemKind};
use super::progress::{ProgressCounts, ReadProgress};
use super::splitter::RecordSplitter;

/// The maximum number of different skipped kinds in one file. The limit is necessary because the
/// names of the kinds come from the file.
const SKIPPED_KINDS: usize = 32;

/// The result of reading one file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FileReport {
    /// The number of bytes read, as stored.
    pub compressed: u64,
    /// The number of bytes of text after decompression.
    pub bytes: u64,
    /// The number of delivered records.
    pub records: u64,
    /// The number of delivered configuration items.
    pub resources: u64,
    /// The number of invalid records. Invalid records are delivered as items, and are not in
    /// `problems`.
    pub invalid_records: u64,
    /// The skipped items by kind, in the order of their first occurrence.
    pub skipped: Vec<SkippedItems>,
    /// The problems that concern the complete file.
    pub problems: Vec<InputProblem>,
}

/// Items of one kind that are not CloudTrail records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SkippedItems {
    /// The kind of the items.
    pub kind: String,
    /// The number of items.
    pub count: u64,
}

/// The state of reading one file.
pub(crate) struct FileReadJob<'p> {
    progress: &'p ReadProgress,
    splitter: RecordSplitter,
    tally: ItemTally,
    compressed: u64,
    bytes: u64,
    problems: Vec<ProblemKind>,
}

/// The counts of the items.
#[derive(Default)]
struct ItemTally {
    records: u64,
    resources: u64,
    bad: u64,
    skipped: Vec<SkippedItems>,
}

impl<'p> FileReadJob<'p> {
    pub(crate) fn new(progress: &'p ReadProgress) -> Self {
        Self {
            progress,
            splitter: RecordSplitter::new(MAX_RECORD),
            tally: ItemTally::default(),
            compressed: 0,
            bytes: 0,
            problems: Vec::new(),
        }
    }

    pub(crate) fn add_problem(&mut self, what: impl Into<ProblemKind>) {
        self.problems.push(what.into());
    }

    pub(crate) fn has_problems(&self) -> bool {
        !self.problems.is_empty()
    }

    /// Returns whether the sink stopped the reading.
    pub(crate) fn is_stopped(&self) -> bool {
        self.splitter.is_stopped()
    }

    /// Splits a complete text. `stored` is the number of bytes read from the file.
    pub(crate) fn split_whole_text(&mut self, text: &[u8], stored: usize, sink: &mut ItemSink<'_>) {
        let stored = u64::try_from(stored).unwrap_or(u64::MAX);
        self.split_piece(text, true, text.len(), stored, sink);
    }

    /// Splits a piece of text. The last `fresh` bytes of the piece are new, and `stored` is the
    /// number of bytes read from the file so far. Returns the number of consumed bytes.
    pub(crate) fn split_piece(
        &mut self,
        piece: &[u8],
        last: bool,
        fresh: usize,
        stored: u64,
        sink: &mut ItemSink<'_>,
    ) -> usize {
        let before = self.tally.records;
        let tally = &mut self.tally;
        let used = self.splitter.split_window(piece, last, &mut |item| {
            tally.count_item(&item);
            sink(item)
        });
        let fresh = u64::try_from(fresh).unwrap_or(u64::MAX);
        self.progress.add_counts(ProgressCounts {
            files: 0,
            compressed: stored.saturating_sub(self.compressed),
            bytes: fresh,
            records: self.tally.records.saturating_sub(before),
        });
        self.bytes = self.bytes.saturating_add(fresh);
        self.compressed = stored;
        used
    }

    /// Finishes the reading, and returns the report for the file `name`.
    pub(crate) fn into_report(self, name: &str) -> FileReport {
        self.progress.add_counts(ProgressCounts { files: 1, ..ProgressCounts::default() });
        // A file with an unsupported format was not split. Therefore the splitter has no document
        // problems for such a file.
        let text = self
            .splitter
            .document_problems()
            .iter()
            .map(|problem| InputProblem::for_file(name, *problem));
        let file = self.problems.into_iter().map(|problem| InputProblem::for_file(name, problem));
        FileReport {
            compressed: self.compressed,
            bytes: self.bytes,
            records: self.tally.records,
            resources: self.tally.resources,
            invalid_records: self.tally.bad,
            problems: file.chain(text).collect(),
            skipped: self.tally.skipped,
        }
    }
}

impl ItemTally {
    fn count_item(&mut self, item: &LogItem<'_>) {
        match item {
            LogItem::Record { .. } => self.records = self.records.saturating_add(1),
            LogItem::Resource { .. } => self.resources = self.resources.saturating_add(1),
            LogItem::Invalid { .. } => self.bad = self.bad.saturating_add(1),
            LogItem::Skipped { kind, count } => self.count_skipped(kind, *count),
        }
    }

    fn count_skipped(&mut self, kind: &str, count: u64) {
        let full = self.skipped.len() >= SKIPPED_KINDS;
        let kind = if full && !self.skipped.iter().any(|known| known.kind == kind) {
            "other kinds"
        } else {
            kind
        };
        match self.skipped.iter_mut().find(|known| known.kind == kind) {
            Some(known) => known.count = known.count.saturating_add(count),
            None => self.skipped.push(SkippedItems { kind: kind.to_owned(), count }),
        }
    }
}

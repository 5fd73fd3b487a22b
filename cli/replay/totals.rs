//! The totals of a replay: counts of records, evaluations, findings and issues.

use super::arguments::SeverityArgument;
use super::worker::{EventOutcome, RenderedFinding, ReplayBatch, ReplayIssue};
use crate::common::exit::ExitStatus;
use evenkeel_rules::policy::Severity;
use evenkeel_rules::{ComplianceStatus, Finding};
use serde::Serialize;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use uuid::Uuid;

/// The maximum number of issues, and of conflicting records, that the output lists. The totals
/// count all of them.
const MAX_KEPT_DETAILS: usize = 20;

/// The number of evaluations of one policy by status.
#[derive(Clone, Copy, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct StatusCounts {
    pub(super) compliant: u64,
    pub(super) non_compliant: u64,
    pub(super) not_applicable: u64,
    pub(super) insufficient_data: u64,
    pub(super) error: u64,
}

/// The totals of one replay.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ReplayTotals {
    pub(super) files: u64,
    pub(super) ignored_files: u64,
    pub(super) compressed_bytes: u64,
    pub(super) bytes: u64,
    pub(super) unwatched: u64,
    pub(super) filtered: u64,
    pub(super) duplicates: u64,
    /// Records that at least one policy was evaluated against.
    #[serde(rename = "evaluated")]
    pub(super) evaluated: u64,
    pub(super) bad: u64,
    pub(super) skipped: BTreeMap<String, u64>,
    pub(super) policies: BTreeMap<usize, StatusCounts>,
    pub(super) severities: BTreeMap<Severity, u64>,
    /// Violations that a waiver covers.
    #[serde(rename = "waived")]
    pub(super) waived: u64,
    /// Violations that are attached to a more severe violation of the same action.
    pub(super) attached: u64,
    pub(super) accounts: BTreeMap<String, u64>,
    pub(super) principals: BTreeMap<String, u64>,
    pub(super) insufficient: BTreeMap<String, u64>,
    /// Issues of whole files.
    #[serde(skip)]
    pub(super) file_issues: Vec<ReplayIssue>,
    /// Issues of single records. They have their own list, because an issue of the whole file can
    /// be their cause and must not be lost among them.
    #[serde(skip)]
    pub(super) record_issues: Vec<ReplayIssue>,
    pub(super) trouble_count: u64,
    /// Evaluated records that have the `eventID` of an earlier record, but other content.
    #[serde(skip_serializing_if = "is_zero")]
    pub(super) conflicting: u64,
    /// The first conflicting records: the file, and the number of the record in the file.
    #[serde(skip)]
    pub(super) conflicts: Vec<(String, u64)>,
    /// Findings with insufficient data by severity, without the waived ones.
    #[serde(skip)]
    insufficient_by_severity: BTreeMap<Severity, u64>,
    /// The number of items that the reader delivered, as the reader counts them.
    #[serde(skip)]
    delivered_items: u64,
    /// The digest of the first content of each event id. The memory of a replay grows by about 32
    /// bytes for each event.
    #[serde(skip)]
    event_contents: BTreeMap<Uuid, Uuid>,
    /// Event ids with the digests of their other contents.
    #[serde(skip)]
    conflicting_contents: BTreeSet<(Uuid, Uuid)>,
    /// The hash of the printed line of each finding. Several events can report one action and give
    /// the same finding, which is counted once.
    #[serde(skip)]
    finding_lines: BTreeMap<(Uuid, bool), u64>,
}

/// The relation of an event to the events before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum EventNovelty {
    /// No earlier event has this id.
    New,
    /// An earlier event has this id and this content.
    Duplicate,
    /// Earlier events have this id, but other content.
    Conflicting,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

fn add_count(count: &mut u64, more: u64) {
    *count = count.saturating_add(more);
}

impl ReplayTotals {
    /// Creates totals with the number of ignored files.
    pub(super) fn new(ignored_files: u64) -> Self {
        ReplayTotals { ignored_files, ..ReplayTotals::default() }
    }

    /// Returns the number of all records: evaluated, skipped, filtered or unreadable.
    pub(super) fn record_count(&self) -> u64 {
        let parts = [self.unwatched, self.filtered, self.duplicates, self.evaluated, self.bad];
        parts.into_iter().chain(self.skipped.values().copied()).fold(0, u64::saturating_add)
    }

    /// Returns the number of records that were read and understood, evaluated or not.
    pub(super) fn readable_count(&self) -> u64 {
        let counts = [self.evaluated, self.unwatched, self.filtered, self.duplicates];
        counts.iter().fold(0, |sum, count| sum.saturating_add(*count))
    }

    /// Counts an issue, and keeps the first [`MAX_KEPT_DETAILS`] issues for the output.
    pub(super) fn add_issue(&mut self, issue: ReplayIssue) {
        add_count(&mut self.trouble_count, 1);
        let is_file_issue = issue.record.is_none();
        let kept = if is_file_issue { &mut self.file_issues } else { &mut self.record_issues };
        if kept.len() < MAX_KEPT_DETAILS {
            kept.push(issue);
        }
    }

    /// Adds a batch of a file, and returns its events without the duplicates.
    pub(super) fn add_batch(&mut self, file: &str, batch: ReplayBatch) -> Vec<EventOutcome> {
        add_count(&mut self.unwatched, batch.unwatched);
        add_count(&mut self.filtered, batch.filtered);
        add_count(&mut self.bad, batch.unreadable);
        for (kind, count) in batch.skipped {
            add_count(self.skipped.entry(kind).or_default(), count);
        }
        if let Some(report) = batch.report {
            add_count(&mut self.files, 1);
            add_count(&mut self.compressed_bytes, report.compressed);
            add_count(&mut self.bytes, report.bytes);
            let skipped = report.skipped.iter().fold(0, |sum: u64, s| sum.saturating_add(s.count));
            add_count(
                &mut self.delivered_items,
                report.records.saturating_add(report.invalid_records),
            );
            add_count(&mut self.delivered_items, skipped);
            add_count(&mut self.delivered_items, report.resources);
        }
        batch.issues.into_iter().for_each(|issue| self.add_issue(issue));
        let mut fresh = Vec::with_capacity(batch.events.len());
        for mut event in batch.events {
            let novelty = self.classify_event(&event);
            if novelty == EventNovelty::Duplicate {
                add_count(&mut self.duplicates, 1);
                continue;
            }
            if novelty == EventNovelty::Conflicting {
                add_count(&mut self.conflicting, 1);
                if self.conflicts.len() < MAX_KEPT_DETAILS {
                    self.conflicts.push((file.to_owned(), event.number));
                }
            }
            add_count(&mut self.evaluated, 1);
            self.count_event(&mut event, novelty);
            fresh.push(event);
        }
        fresh
    }

    /// Records an event, and compares it with earlier events by id and content.
    ///
    /// The id alone does not identify a copy: a person who can write a log file can write any id.
    fn classify_event(&mut self, event: &EventOutcome) -> EventNovelty {
        match self.event_contents.entry(event.id) {
            Entry::Vacant(place) => {
                place.insert(event.content);
                EventNovelty::New
            }
            Entry::Occupied(first) if *first.get() == event.content => EventNovelty::Duplicate,
            Entry::Occupied(_) if self.conflicting_contents.insert((event.id, event.content)) => {
                EventNovelty::Conflicting
            }
            Entry::Occupied(_) => EventNovelty::Duplicate,
        }
    }

    /// Returns whether a finding is new, and records it. A finding of a conflicting event is also
    /// new if its printed line differs from the first one.
    fn is_new_finding(
        &mut self,
        rendered: &RenderedFinding,
        violates: bool,
        novelty: EventNovelty,
    ) -> bool {
        let mut hasher = DefaultHasher::new();
        rendered.line.hash(&mut hasher);
        match self.finding_lines.entry((rendered.finding.uid, violates)) {
            Entry::Vacant(place) => {
                place.insert(hasher.finish());
                true
            }
            Entry::Occupied(first) => {
                novelty == EventNovelty::Conflicting && *first.get() != hasher.finish()
            }
        }
    }

    /// Removes repeated findings from an event, and counts its evaluations.
    fn count_event(&mut self, event: &mut EventOutcome, novelty: EventNovelty) {
        for issue in std::mem::take(&mut event.issues) {
            self.add_issue(issue);
        }
        event.evaluations.retain(|one| {
            let violates = one.status == ComplianceStatus::NonCompliant;
            one.finding
                .as_ref()
                .is_none_or(|rendered| self.is_new_finding(rendered, violates, novelty))
        });
        for one in &event.evaluations {
            let statuses = self.policies.entry(one.policy).or_default();
            add_count(
                match one.status {
                    ComplianceStatus::Compliant => &mut statuses.compliant,
                    ComplianceStatus::NonCompliant => &mut statuses.non_compliant,
                    ComplianceStatus::NotApplicable => &mut statuses.not_applicable,
                    ComplianceStatus::InsufficientData => &mut statuses.insufficient_data,
                    ComplianceStatus::Error => &mut statuses.error,
                },
                1,
            );
            if let Some(rendered) = &one.finding {
                self.count_finding(&rendered.finding);
            }
        }
    }

    fn count_finding(&mut self, finding: &Finding) {
        if finding.status == ComplianceStatus::InsufficientData {
            add_count(self.insufficient.entry(finding.message.clone()).or_default(), 1);
            if finding.waived.is_none() {
                add_count(self.insufficient_by_severity.entry(finding.severity).or_default(), 1);
            }
        }
        if finding.status != ComplianceStatus::NonCompliant {
            return;
        }
        if finding.waived.is_some() {
            return add_count(&mut self.waived, 1);
        }
        if finding.attached_to.is_some() {
            return add_count(&mut self.attached, 1);
        }
        add_count(self.severities.entry(finding.severity).or_default(), 1);
        add_count(self.accounts.entry(finding.resource.account.clone()).or_default(), 1);
        add_count(self.principals.entry(finding.actor.principal.clone()).or_default(), 1);
    }

    /// Compares the totals with the number of items that the reader counted. A difference is a
    /// defect of the program, and is added as an issue.
    pub(super) fn reconcile_counts(&mut self) {
        if self.delivered_items != self.record_count() {
            let what = format!(
                "the reader counted {} records, the totals {}; this is a defect of evenkeel, \
                 please report it",
                self.delivered_items,
                self.record_count()
            );
            self.add_issue(ReplayIssue { file: "totals".to_owned(), record: None, what });
        }
    }

    /// Returns the exit status of the replay.
    pub(super) fn exit_status(&self, fail_on: Option<SeverityArgument>) -> ExitStatus {
        if self.trouble_count > 0 {
            return ExitStatus::InputError;
        }
        let errors = self.policies.values().any(|statuses| statuses.error > 0);
        let failing = fail_on.map(Severity::from).is_some_and(|least| {
            let above = |(severity, count): (&Severity, &u64)| *severity >= least && *count > 0;
            self.severities.iter().any(above)
        });
        let unknown = fail_on.is_some_and(|least| self.insufficient_count_from(least) > 0);
        if errors || failing || unknown { ExitStatus::Findings } else { ExitStatus::Success }
    }

    /// Returns the number of findings with insufficient data of this severity or above, without the
    /// waived ones.
    pub(super) fn insufficient_count_from(&self, least: SeverityArgument) -> u64 {
        let least = Severity::from(least);
        let above =
            self.insufficient_by_severity.iter().filter(|(severity, _)| **severity >= least);
        above.fold(0, |sum, (_, count)| sum.saturating_add(*count))
    }

    /// Returns the number of findings with insufficient data, without the waived ones.
    pub(super) fn insufficient_count(&self) -> u64 {
        self.insufficient_count_from(SeverityArgument::Informational)
    }
}

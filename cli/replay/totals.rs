//! What was read and what was found, added up in the files' order.

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

/// How many troubles are kept to be shown; all are counted.
const MAX_KEPT_DETAILS: usize = 20;

/// How often a policy said what.
#[derive(Clone, Copy, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct StatusCounts {
    pub(super) compliant: u64,
    pub(super) non_compliant: u64,
    pub(super) not_applicable: u64,
    pub(super) insufficient_data: u64,
    pub(super) error: u64,
}

/// The sums of one replay.
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
    pub(super) judged: u64,
    pub(super) bad: u64,
    pub(super) skipped: BTreeMap<String, u64>,
    pub(super) policies: BTreeMap<usize, StatusCounts>,
    pub(super) severities: BTreeMap<Severity, u64>,
    pub(super) suppressed: u64,
    pub(super) accounts: BTreeMap<String, u64>,
    pub(super) principals: BTreeMap<String, u64>,
    pub(super) insufficient: BTreeMap<String, u64>,
    /// Troubles with whole files, and those with single records, which may be their consequences.
    #[serde(skip)]
    pub(super) file_issues: Vec<ReplayIssue>,
    #[serde(skip)]
    pub(super) record_issues: Vec<ReplayIssue>,
    pub(super) trouble_count: u64,
    /// Events that have an earlier event's id, and say something else.
    #[serde(skip_serializing_if = "is_zero")]
    pub(super) conflicting: u64,
    /// The first of them: their files and places.
    #[serde(skip)]
    pub(super) conflicts: Vec<(String, u64)>,
    /// What lacked data, by severity, but what a waiver accepts.
    #[serde(skip)]
    insufficient_by_severity: BTreeMap<Severity, u64>,
    /// The items that reading handed out, by its own count.
    #[serde(skip)]
    delivered_items: u64,
    /// The events judged so far, and what each said: 32 bytes and a little for each event that some policy watches.
    #[serde(skip)]
    event_contents: BTreeMap<Uuid, Uuid>,
    /// What else events of the same ids said.
    #[serde(skip)]
    conflicting_contents: BTreeSet<(Uuid, Uuid)>,
    /// The findings so far, as they were printed: one action may be told by several events.
    #[serde(skip)]
    finding_lines: BTreeMap<(Uuid, bool), u64>,
}

/// Whether an event was seen before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum EventNovelty {
    /// Nothing of its id was.
    New,
    /// It was.
    Duplicate,
    /// Something else of its id was.
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
    pub(super) fn new(ignored_files: u64) -> Self {
        ReplayTotals { ignored_files, ..ReplayTotals::default() }
    }

    /// All records, whatever was made of them.
    pub(super) fn record_count(&self) -> u64 {
        let parts = [self.unwatched, self.filtered, self.duplicates, self.judged, self.bad];
        parts.into_iter().chain(self.skipped.values().copied()).fold(0, u64::saturating_add)
    }

    pub(super) fn add_issue(&mut self, trouble: ReplayIssue) {
        add_count(&mut self.trouble_count, 1);
        let of_a_file = trouble.record.is_none();
        let kept = if of_a_file { &mut self.file_issues } else { &mut self.record_issues };
        if kept.len() < MAX_KEPT_DETAILS {
            kept.push(trouble);
        }
    }

    /// Adds a batch of a file; gives back the events that were not seen before.
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
        batch.issues.into_iter().for_each(|trouble| self.add_issue(trouble));
        let mut fresh = Vec::with_capacity(batch.events.len());
        for mut event in batch.events {
            let seen = self.classify_event(&event);
            if seen == EventNovelty::Duplicate {
                add_count(&mut self.duplicates, 1);
                continue;
            }
            if seen == EventNovelty::Conflicting {
                add_count(&mut self.conflicting, 1);
                if self.conflicts.len() < MAX_KEPT_DETAILS {
                    self.conflicts.push((file.to_owned(), event.number));
                }
            }
            add_count(&mut self.judged, 1);
            self.count_event(&mut event, seen);
            fresh.push(event);
        }
        fresh
    }

    /// Notes an event: whoever can write a log file can write any id, so that an id alone makes no copy.
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

    /// Whether a finding was not told of before. What an event of a copied id makes is told of as well, unless it says
    /// the same.
    fn is_new_finding(
        &mut self,
        rendered: &RenderedFinding,
        violates: bool,
        seen: EventNovelty,
    ) -> bool {
        let mut hasher = DefaultHasher::new();
        rendered.line.hash(&mut hasher);
        match self.finding_lines.entry((rendered.finding.uid, violates)) {
            Entry::Vacant(place) => {
                place.insert(hasher.finish());
                true
            }
            Entry::Occupied(first) => {
                seen == EventNovelty::Conflicting && *first.get() != hasher.finish()
            }
        }
    }

    fn count_event(&mut self, event: &mut EventOutcome, seen: EventNovelty) {
        for trouble in std::mem::take(&mut event.issues) {
            self.add_issue(trouble);
        }
        event.evaluations.retain(|one| {
            let violates = one.status == ComplianceStatus::NonCompliant;
            one.finding
                .as_ref()
                .is_none_or(|rendered| self.is_new_finding(rendered, violates, seen))
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
            if finding.suppressed.is_none() {
                add_count(self.insufficient_by_severity.entry(finding.severity).or_default(), 1);
            }
        }
        if finding.status != ComplianceStatus::NonCompliant {
            return;
        }
        if finding.suppressed.is_some() {
            return add_count(&mut self.suppressed, 1);
        }
        add_count(self.severities.entry(finding.severity).or_default(), 1);
        add_count(self.accounts.entry(finding.resource.account.clone()).or_default(), 1);
        add_count(self.principals.entry(finding.actor.principal.clone()).or_default(), 1);
    }

    /// Holds the sums against what reading counted by itself: a difference is a defect, and said.
    pub(super) fn reconcile_counts(&mut self) {
        if self.delivered_items != self.record_count() {
            let what = format!(
                "{} records were read and {} accounted for: a defect of evenkeel, please report it",
                self.delivered_items,
                self.record_count()
            );
            self.add_issue(ReplayIssue { file: "the sums".to_owned(), record: None, what });
        }
    }

    /// How the replay ends.
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

    /// How often a policy of this severity or above had not enough data: what is unknown may be a violation.
    pub(super) fn insufficient_count_from(&self, least: SeverityArgument) -> u64 {
        let least = Severity::from(least);
        let above =
            self.insufficient_by_severity.iter().filter(|(severity, _)| **severity >= least);
        above.fold(0, |sum, (_, count)| sum.saturating_add(*count))
    }

    /// How often any policy had not enough data.
    pub(super) fn insufficient_count(&self) -> u64 {
        self.insufficient_count_from(SeverityArgument::Informational)
    }
}

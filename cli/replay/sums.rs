//! What was read and what was found, added up in the files' order.

use super::arguments::Level;
use super::work::{Batch, EventOutcome, Rendered, Trouble};
use crate::common::exit::Exit;
use evenkeel_rules::policy::Severity;
use evenkeel_rules::{ComplianceStatus, Finding};
use serde::Serialize;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use uuid::Uuid;

/// How many troubles are kept to be shown; all are counted.
const SHOWN: usize = 20;

/// How often a policy said what.
#[derive(Clone, Copy, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Statuses {
    pub(super) compliant: u64,
    pub(super) non_compliant: u64,
    pub(super) not_applicable: u64,
    pub(super) insufficient_data: u64,
    pub(super) error: u64,
}

/// The sums of one replay.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Sums {
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
    pub(super) policies: BTreeMap<usize, Statuses>,
    pub(super) severities: BTreeMap<Severity, u64>,
    pub(super) suppressed: u64,
    pub(super) accounts: BTreeMap<String, u64>,
    pub(super) principals: BTreeMap<String, u64>,
    pub(super) insufficient: BTreeMap<String, u64>,
    /// Troubles with whole files, and those with single records, which may be their consequences.
    #[serde(skip)]
    pub(super) causes: Vec<Trouble>,
    #[serde(skip)]
    pub(super) troubles: Vec<Trouble>,
    pub(super) trouble_count: u64,
    /// Events that have an earlier event's id, and say something else.
    #[serde(skip_serializing_if = "is_zero")]
    pub(super) conflicting: u64,
    /// The first of them: their files and places.
    #[serde(skip)]
    pub(super) conflicts: Vec<(String, u64)>,
    /// What lacked data, by severity, but what a waiver accepts.
    #[serde(skip)]
    unknown: BTreeMap<Severity, u64>,
    /// The items that reading handed out, by its own count.
    #[serde(skip)]
    delivered: u64,
    /// The events judged so far, and what each said: 32 bytes and a little for each event that some policy watches.
    #[serde(skip)]
    seen: BTreeMap<Uuid, Uuid>,
    /// What else events of the same ids said.
    #[serde(skip)]
    seen_too: BTreeSet<(Uuid, Uuid)>,
    /// The findings so far, as they were printed: one action may be told by several events.
    #[serde(skip)]
    found: BTreeMap<(Uuid, bool), u64>,
}

/// Whether an event was seen before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Seen {
    /// Nothing of its id was.
    Never,
    /// It was.
    Copy,
    /// Something else of its id was.
    Otherwise,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

fn add(count: &mut u64, more: u64) {
    *count = count.saturating_add(more);
}

impl Sums {
    pub(super) fn new(ignored_files: u64) -> Self {
        Sums { ignored_files, ..Sums::default() }
    }

    /// All records, whatever was made of them.
    pub(super) fn records(&self) -> u64 {
        let parts = [self.unwatched, self.filtered, self.duplicates, self.judged, self.bad];
        parts.into_iter().chain(self.skipped.values().copied()).fold(0, u64::saturating_add)
    }

    pub(super) fn problem(&mut self, trouble: Trouble) {
        add(&mut self.trouble_count, 1);
        let of_a_file = trouble.record.is_none();
        let kept = if of_a_file { &mut self.causes } else { &mut self.troubles };
        if kept.len() < SHOWN {
            kept.push(trouble);
        }
    }

    /// Adds a batch of a file; gives back the events that were not seen before.
    pub(super) fn add(&mut self, file: &str, batch: Batch) -> Vec<EventOutcome> {
        add(&mut self.unwatched, batch.unwatched);
        add(&mut self.filtered, batch.filtered);
        add(&mut self.bad, batch.bad);
        for (kind, count) in batch.skipped {
            add(self.skipped.entry(kind).or_default(), count);
        }
        if let Some(report) = batch.report {
            add(&mut self.files, 1);
            add(&mut self.compressed_bytes, report.compressed);
            add(&mut self.bytes, report.bytes);
            let skipped = report.skipped.iter().fold(0, |sum: u64, s| sum.saturating_add(s.count));
            add(&mut self.delivered, report.records.saturating_add(report.bad));
            add(&mut self.delivered, skipped);
            add(&mut self.delivered, report.resources);
        }
        batch.troubles.into_iter().for_each(|trouble| self.problem(trouble));
        let mut fresh = Vec::with_capacity(batch.events.len());
        for mut event in batch.events {
            let seen = self.see(&event);
            if seen == Seen::Copy {
                add(&mut self.duplicates, 1);
                continue;
            }
            if seen == Seen::Otherwise {
                add(&mut self.conflicting, 1);
                if self.conflicts.len() < SHOWN {
                    self.conflicts.push((file.to_owned(), event.number));
                }
            }
            add(&mut self.judged, 1);
            self.event(&mut event, seen);
            fresh.push(event);
        }
        fresh
    }

    /// Notes an event: whoever can write a log file can write any id, so that an id alone makes no copy.
    fn see(&mut self, event: &EventOutcome) -> Seen {
        match self.seen.entry(event.id) {
            Entry::Vacant(place) => {
                place.insert(event.content);
                Seen::Never
            }
            Entry::Occupied(first) if *first.get() == event.content => Seen::Copy,
            Entry::Occupied(_) if self.seen_too.insert((event.id, event.content)) => {
                Seen::Otherwise
            }
            Entry::Occupied(_) => Seen::Copy,
        }
    }

    /// Whether a finding was not told of before. What an event of a copied id makes is told of as well, unless it says
    /// the same.
    fn is_new(&mut self, rendered: &Rendered, violates: bool, seen: Seen) -> bool {
        let mut hasher = DefaultHasher::new();
        rendered.line.hash(&mut hasher);
        match self.found.entry((rendered.finding.uid, violates)) {
            Entry::Vacant(place) => {
                place.insert(hasher.finish());
                true
            }
            Entry::Occupied(first) => seen == Seen::Otherwise && *first.get() != hasher.finish(),
        }
    }

    fn event(&mut self, event: &mut EventOutcome, seen: Seen) {
        for trouble in std::mem::take(&mut event.troubles) {
            self.problem(trouble);
        }
        event.evaluations.retain(|one| {
            let violates = one.status == ComplianceStatus::NonCompliant;
            one.finding.as_ref().is_none_or(|rendered| self.is_new(rendered, violates, seen))
        });
        for one in &event.evaluations {
            let statuses = self.policies.entry(one.policy).or_default();
            add(
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
                self.finding(&rendered.finding);
            }
        }
    }

    fn finding(&mut self, finding: &Finding) {
        if finding.status == ComplianceStatus::InsufficientData {
            add(self.insufficient.entry(finding.message.clone()).or_default(), 1);
            if finding.suppressed.is_none() {
                add(self.unknown.entry(finding.severity).or_default(), 1);
            }
        }
        if finding.status != ComplianceStatus::NonCompliant {
            return;
        }
        if finding.suppressed.is_some() {
            return add(&mut self.suppressed, 1);
        }
        add(self.severities.entry(finding.severity).or_default(), 1);
        add(self.accounts.entry(finding.resource.account.clone()).or_default(), 1);
        add(self.principals.entry(finding.actor.principal.clone()).or_default(), 1);
    }

    /// Holds the sums against what reading counted by itself: a difference is a defect, and said.
    pub(super) fn reconcile(&mut self) {
        if self.delivered != self.records() {
            let what = format!(
                "{} records were read and {} accounted for: a defect of evenkeel, please report it",
                self.delivered,
                self.records()
            );
            self.problem(Trouble { file: "the sums".to_owned(), record: None, what });
        }
    }

    /// How the replay ends.
    pub(super) fn exit(&self, fail_on: Option<Level>) -> Exit {
        if self.trouble_count > 0 {
            return Exit::Input;
        }
        let errors = self.policies.values().any(|statuses| statuses.error > 0);
        let failing = fail_on.map(Severity::from).is_some_and(|least| {
            let above = |(severity, count): (&Severity, &u64)| *severity >= least && *count > 0;
            self.severities.iter().any(above)
        });
        let unknown = fail_on.is_some_and(|least| self.unknown_from(least) > 0);
        if errors || failing || unknown { Exit::Found } else { Exit::Well }
    }

    /// How often a policy of this severity or above had not enough data: what is unknown may be a violation.
    pub(super) fn unknown_from(&self, least: Level) -> u64 {
        let least = Severity::from(least);
        let above = self.unknown.iter().filter(|(severity, _)| **severity >= least);
        above.fold(0, |sum, (_, count)| sum.saturating_add(*count))
    }

    /// How often any policy had not enough data.
    pub(super) fn unknown(&self) -> u64 {
        self.unknown_from(Level::Informational)
    }
}

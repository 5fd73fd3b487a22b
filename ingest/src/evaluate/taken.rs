//! What judging a part of a payload gives, before anything of it is durable.

use std::sync::Arc;

use evenkeel_rules::event::{EventError, Origin};
use evenkeel_rules::{
    ComplianceStatus, Filter, Finding, Judge, Judged, JudgedEvent, MissingConfiguration,
    PolicyEvaluation, Resource,
};

use super::known_states::{Known, StateError};
use crate::evaluate::judging::{judge_item, judge_record};
use crate::evaluate::metrics::Metrics;
use crate::payload::suspect;
use crate::payload::{Content, Envelope};
use evenkeel_rules::bundle::Bundle;

/// Findings, and which of them could say more.
#[derive(Debug, Default)]
pub(super) struct Taken {
    pub(super) findings: Vec<TakenFinding>,
    pub(super) metrics: Metrics,
}

/// A finding, and what would tell more.
#[derive(Debug)]
pub(super) struct TakenFinding {
    pub(super) finding: Box<Finding>,
    /// Nothing, where the finding says all that can be said.
    again: Option<JudgeAgain>,
}

/// What is needed to judge a record again of which a policy says `INSUFFICIENT_DATA`. A configuration item has no more
/// to it than itself.
#[derive(Debug)]
struct JudgeAgain {
    policy: usize,
    missing: Box<MissingConfiguration>,
    record: Arc<[u8]>,
    origin: Option<Origin>,
}

/// A record, and what `EventBridge` said about it.
type Record<'r> = (&'r [u8], Option<&'r Envelope>);

impl Taken {
    /// Judges a record or an item.
    pub(super) fn content(
        &mut self,
        judge: &mut Judge<'_>,
        content: &Content,
    ) -> Result<(), EventError> {
        let (judged, record) = match content {
            Content::Record { text, envelope } => {
                let (text, envelope) = (text.as_bytes(), envelope.as_deref());
                (judge_record(judge, text, envelope), Some((text, envelope)))
            }
            Content::Item { change, .. } => {
                (judge_item(judge, &change.item, suspect(content)), None)
            }
            _ => {
                self.metrics.skip(&content.kind(), 1);
                return Ok(());
            }
        };
        self.take(judged?, record);
        Ok(())
    }

    /// Takes what was judged.
    pub(super) fn take(&mut self, judged: Judged, record: Option<Record<'_>>) {
        match judged {
            Judged::Event(event) => {
                self.metrics.add("Judged", 1);
                self.event(event, record);
            }
            Judged::Unwatched | Judged::Filtered => self.metrics.add("Unwatched", 1),
            Judged::Skipped(kind) => self.metrics.skip(kind, 1),
        }
    }

    fn event(&mut self, event: JudgedEvent, record: Option<Record<'_>>) {
        let failed = u64::try_from(event.waiver_errors.len()).unwrap_or(u64::MAX);
        self.metrics.add("WaiverErrors", failed);
        let is_missing = event.evaluations.iter().any(|one| one.missing.is_some());
        let record: Option<(Arc<[u8]>, Option<Origin>)> = record
            .filter(|_| is_missing)
            .map(|(bytes, envelope)| (bytes.into(), envelope.map(Envelope::origin)));
        for PolicyEvaluation { policy, finding, missing, .. } in event.evaluations {
            let Some(finding) = finding else { continue };
            self.metrics.add("Suspect", u64::from(finding.suspect.is_some()));
            let again = missing.zip(record.clone()).map(|(missing, (record, origin))| JudgeAgain {
                policy,
                missing,
                record,
                origin,
            });
            self.findings.push(TakenFinding { finding, again });
        }
    }

    /// The resources that should be known and were not asked for yet.
    pub(super) fn wanted(&self, known: &Known) -> Vec<Resource> {
        let mut wanted: Vec<Resource> = Vec::new();
        for again in self.findings.iter().filter_map(|one| one.again.as_ref()) {
            let resource = &again.missing.resource;
            if !resource.id.is_empty() && !known.has(resource) && !wanted.contains(resource) {
                wanted.push(resource.clone());
            }
        }
        wanted
    }

    /// Judges again what can be told now; of the rest, says why it cannot.
    pub(super) fn resolve(&mut self, bundle: &Bundle, known: &Known) {
        let filter = Filter::default();
        let judge = Judge::new(&bundle.set, &bundle.waivers, &filter);
        let findings = std::mem::take(&mut self.findings);
        self.findings =
            findings.into_iter().filter_map(|one| one.resolved(&judge, known)).collect();
        let count = |status: ComplianceStatus| {
            let of_status = self.findings.iter().filter(|one| one.finding.status == status);
            u64::try_from(of_status.count()).unwrap_or(u64::MAX)
        };
        let (unknown, wrong) =
            (count(ComplianceStatus::InsufficientData), count(ComplianceStatus::Error));
        self.metrics.add("InsufficientData", unknown);
        self.metrics.add("PolicyErrors", wrong);
    }
}

impl TakenFinding {
    /// The finding with all that can be told now; none where the policy holds after all.
    fn resolved(mut self, judge: &Judge<'_>, known: &Known) -> Option<TakenFinding> {
        let Some(again) = self.again.take() else { return Some(self) };
        match again.judge(judge, known) {
            Ok(finding) => {
                let mut finding = finding?;
                if let Some(why) = self.finding.suspect {
                    finding = Box::new(finding.suspected(&why));
                }
                Some(TakenFinding { finding, again: None })
            }
            Err(why) => {
                self.finding.message = format!("{}: {why}", self.finding.message);
                Some(self)
            }
        }
    }
}

impl JudgeAgain {
    /// Judges the record again, with what is known.
    fn judge(&self, judge: &Judge<'_>, known: &Known) -> Result<Option<Box<Finding>>, StateError> {
        let JudgeAgain { policy, missing, record, origin } = self;
        let item = known.after(missing)?;
        Ok(judge.judge_knowing(record, origin.as_ref(), *policy, missing, item)?)
    }
}

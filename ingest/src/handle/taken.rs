//! What judging a part of a payload gives, before anything of it is durable.

use std::sync::Arc;

use evenkeel_rules::event::Origin;
use evenkeel_rules::{
    ComplianceStatus, Filter, Finding, Judge, Judged, JudgedEvent, Resource, Want,
};

use super::known::Known;
use crate::bundle::Bundle;
use crate::judging::{judge_item, judge_record};
use crate::metrics::Metrics;
use crate::payload::suspect;
use crate::payload::{Content, Envelope};

/// Findings, and which of them could say more.
#[derive(Debug, Default)]
pub(super) struct Taken {
    pub(super) findings: Vec<Finding>,
    wanting: Vec<Wanting>,
    pub(super) metrics: Metrics,
}

/// A finding that says `INSUFFICIENT_DATA` of a record, and what is needed to judge again. A configuration
/// item has no more to it than itself.
#[derive(Debug)]
struct Wanting {
    /// The finding's place.
    at: usize,
    want: Want,
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
    ) -> Result<(), String> {
        let (judged, record) = match content {
            Content::Record { text, envelope } => {
                let (text, envelope) = (text.as_bytes(), envelope.as_deref());
                (judge_record(judge, text, envelope), Some((text, envelope)))
            }
            Content::Item { change, .. } => {
                (judge_item(judge, &change.item, suspect(content)), None)
            }
            _ => return Err(format!("cannot be judged: {}", content.kind())),
        };
        self.take(judged.map_err(|error| error.to_string())?, record);
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
        let record = record.filter(|_| !event.wants.is_empty());
        let record: Option<(Arc<[u8]>, Option<Origin>)> =
            record.map(|(bytes, envelope)| (bytes.into(), envelope.map(Envelope::origin)));
        let mut wants = event.wants.into_iter();
        for finding in event.findings {
            self.metrics.add("Suspect", u64::from(finding.suspect.is_some()));
            // Each want stands for one of these, in the same order.
            if finding.status == ComplianceStatus::InsufficientData
                && let (Some(want), Some((record, origin))) = (wants.next(), record.clone())
            {
                self.wanting.push(Wanting { at: self.findings.len(), want, record, origin });
            }
            self.findings.push(finding);
        }
    }

    /// The resources that should be known and were not asked for yet.
    pub(super) fn wanted(&self, known: &Known) -> Vec<Resource> {
        let mut wanted: Vec<Resource> = Vec::new();
        for Wanting { want, .. } in &self.wanting {
            let resource = &want.resource;
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
        let mut complies = Vec::new();
        for wanting in std::mem::take(&mut self.wanting) {
            let at = wanting.at;
            let Some(finding) = self.findings.get_mut(at) else { continue };
            let again = again(&judge, &wanting, known);
            match again.map(|event| event.findings.into_iter().next()) {
                Ok(Some(judged)) => {
                    *finding = match finding.suspect.take() {
                        Some(why) => judged.suspected(&why),
                        None => judged,
                    };
                }
                Ok(None) => complies.push(at),
                Err(why) => finding.message = format!("{}: {why}", finding.message),
            }
        }
        let mut at = 0_usize;
        self.findings.retain(|_| {
            let kept = !complies.contains(&at);
            at = at.saturating_add(1);
            kept
        });
        let unknown =
            self.findings.iter().filter(|one| one.status == ComplianceStatus::InsufficientData);
        self.metrics.add("InsufficientData", u64::try_from(unknown.count()).unwrap_or(u64::MAX));
        let wrong = self.findings.iter().filter(|one| one.status == ComplianceStatus::Error);
        self.metrics.add("PolicyErrors", u64::try_from(wrong.count()).unwrap_or(u64::MAX));
    }
}

/// Judges a record again by one policy, with what is known.
fn again(judge: &Judge<'_>, wanting: &Wanting, known: &Known) -> Result<JudgedEvent, String> {
    let Wanting { want, record, origin, .. } = wanting;
    let item = known.after(want)?;
    let judged = judge.judge_knowing(record, origin.as_ref(), want, item);
    judged.map_err(|error| error.to_string())
}

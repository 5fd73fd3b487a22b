//! What judging a part of a payload gives, before anything of it is durable.

use std::sync::Arc;

use evenkeel_rules::{
    ComplianceStatus, Filter, Finding, Judge, Judged, JudgedEvent, Resource, Want,
};

use super::known::Known;
use crate::bundle::Bundle;
use crate::metrics::Metrics;
use crate::opened::Content;
use crate::suspect::suspect;

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
}

impl Taken {
    /// Judges a record or an item.
    pub(super) fn content(
        &mut self,
        judge: &mut Judge<'_>,
        content: &Content,
    ) -> Result<(), String> {
        let why = suspect(content);
        let judged = match content {
            Content::Record { text, .. } => judge.judge(text.as_bytes()),
            Content::Item { change, .. } => judge.judge_item(&change.item),
            _ => return Err(format!("cannot be judged: {}", content.kind())),
        };
        let judged = judged.map_err(|error| error.to_string())?;
        let record = match content {
            Content::Record { text, .. } => Some(text.as_bytes()),
            _ => None,
        };
        self.take(judged, record, why);
        Ok(())
    }

    /// Takes what was judged.
    pub(super) fn take(&mut self, judged: Judged, record: Option<&[u8]>, why: Option<&str>) {
        match judged {
            Judged::Event(event) => {
                self.metrics.add("Judged", 1);
                self.event(event, record, why);
            }
            Judged::Unwatched | Judged::Filtered => self.metrics.add("Unwatched", 1),
            Judged::Skipped(kind) => self.metrics.skip(kind, 1),
        }
    }

    fn event(&mut self, event: JudgedEvent, record: Option<&[u8]>, why: Option<&str>) {
        let failed = u64::try_from(event.waiver_errors.len()).unwrap_or(u64::MAX);
        self.metrics.add("WaiverErrors", failed);
        let record: Option<Arc<[u8]>> =
            if event.wants.is_empty() { None } else { record.map(Arc::from) };
        let mut wants = event.wants.into_iter();
        for mut finding in event.findings {
            if finding.suspect.is_none() {
                finding.suspect = why.map(str::to_owned);
            }
            self.metrics.add("Suspect", u64::from(finding.suspect.is_some()));
            // Each want stands for one of these, in the same order.
            if finding.status == ComplianceStatus::InsufficientData
                && let (Some(want), Some(record)) = (wants.next(), record.clone())
            {
                self.wanting.push(Wanting { at: self.findings.len(), want, record });
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
        for Wanting { at, want, record } in std::mem::take(&mut self.wanting) {
            let Some(finding) = self.findings.get_mut(at) else { continue };
            let again = again(&judge, &record, &want, known);
            match again.map(|event| event.findings.into_iter().next()) {
                Ok(Some(judged)) => {
                    let suspect = finding.suspect.take();
                    *finding = Finding { suspect, ..judged };
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
fn again(
    judge: &Judge<'_>,
    record: &[u8],
    want: &Want,
    known: &Known,
) -> Result<JudgedEvent, String> {
    let item = known.after(want)?;
    judge.judge_knowing(record, want, item).map_err(|error| error.to_string())
}

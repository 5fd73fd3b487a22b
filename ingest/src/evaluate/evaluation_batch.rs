//! What judging a part of a payload gives, before anything of it is durable.

use std::sync::Arc;

use evenkeel_rules::event::{BusOrigin, EventError};
use evenkeel_rules::{
    ComplianceStatus, EventFilter, Finding, MissingConfiguration, PolicyEvaluation,
    RecordEvaluation, RecordEvaluator, RecordOutcome, ResourceIdentity,
};

use super::known_states::{ResourceStateCache, StateError};
use crate::evaluate::metrics::InvocationMetrics;
use crate::evaluate::record_evaluation::{evaluate_item, evaluate_record};
use crate::payload::find_forgery_sign;
use crate::payload::{EventEnvelope, PayloadContent};
use evenkeel_rules::bundle::PolicyBundle;

/// Findings, and which of them could say more.
#[derive(Debug, Default)]
pub(super) struct EvaluationBatch {
    pub(super) findings: Vec<PendingFinding>,
    pub(super) metrics: InvocationMetrics,
}

/// A finding, and what would tell more.
#[derive(Debug)]
pub(super) struct PendingFinding {
    pub(super) finding: Box<Finding>,
    /// Nothing, where the finding says all that can be said.
    pending: Option<PendingReevaluation>,
}

/// What is needed to judge a record again of which a policy says `INSUFFICIENT_DATA`. A configuration item has no more
/// to it than itself.
#[derive(Debug)]
struct PendingReevaluation {
    policy: usize,
    missing: Box<MissingConfiguration>,
    record: Arc<[u8]>,
    origin: Option<BusOrigin>,
}

/// A record, and what `EventBridge` said about it.
type SourceRecord<'r> = (&'r [u8], Option<&'r EventEnvelope>);

impl EvaluationBatch {
    /// Judges a record or an item.
    pub(super) fn evaluate_content(
        &mut self,
        judge: &mut RecordEvaluator<'_>,
        content: &PayloadContent,
    ) -> Result<(), EventError> {
        let (judged, record) = match content {
            PayloadContent::Record { text, envelope } => {
                let (text, envelope) = (text.as_bytes(), envelope.as_deref());
                (evaluate_record(judge, text, envelope), Some((text, envelope)))
            }
            PayloadContent::Item { change, .. } => {
                (evaluate_item(judge, &change.item, find_forgery_sign(content)), None)
            }
            _ => {
                self.metrics.count_skipped(&content.kind_label(), 1);
                return Ok(());
            }
        };
        self.add_evaluation(judged?, record);
        Ok(())
    }

    /// Takes what was judged.
    pub(super) fn add_evaluation(
        &mut self,
        judged: RecordOutcome,
        record: Option<SourceRecord<'_>>,
    ) {
        match judged {
            RecordOutcome::Evaluated(event) => {
                self.metrics.add_count("Judged", 1);
                self.add_event(event, record);
            }
            RecordOutcome::Unwatched | RecordOutcome::Filtered => {
                self.metrics.add_count("Unwatched", 1);
            }
            RecordOutcome::Skipped(kind) => self.metrics.count_skipped(kind, 1),
        }
    }

    fn add_event(&mut self, event: RecordEvaluation, record: Option<SourceRecord<'_>>) {
        let failed = u64::try_from(event.waiver_errors.len()).unwrap_or(u64::MAX);
        self.metrics.add_count("WaiverErrors", failed);
        let is_missing = event.evaluations.iter().any(|one| one.missing.is_some());
        let record: Option<(Arc<[u8]>, Option<BusOrigin>)> = record
            .filter(|_| is_missing)
            .map(|(bytes, envelope)| (bytes.into(), envelope.map(EventEnvelope::event_origin)));
        for PolicyEvaluation { policy, finding, missing, .. } in event.evaluations {
            let Some(finding) = finding else { continue };
            self.metrics.add_count("Suspect", u64::from(finding.suspect.is_some()));
            let again = missing.zip(record.clone()).map(|(missing, (record, origin))| {
                PendingReevaluation { policy, missing, record, origin }
            });
            self.findings.push(PendingFinding { finding, pending: again });
        }
    }

    /// The resources that should be known and were not asked for yet.
    pub(super) fn missing_resources(&self, known: &ResourceStateCache) -> Vec<ResourceIdentity> {
        let mut wanted: Vec<ResourceIdentity> = Vec::new();
        for again in self.findings.iter().filter_map(|one| one.pending.as_ref()) {
            let resource = &again.missing.resource;
            if !resource.id.is_empty()
                && !known.contains_resource(resource)
                && !wanted.contains(resource)
            {
                wanted.push(resource.clone());
            }
        }
        wanted
    }

    /// Judges again what can be told now; of the rest, says why it cannot.
    pub(super) fn resolve_pending(&mut self, bundle: &PolicyBundle, known: &ResourceStateCache) {
        let filter = EventFilter::default();
        let judge = RecordEvaluator::new(&bundle.set, &bundle.waivers, &filter);
        let findings = std::mem::take(&mut self.findings);
        self.findings =
            findings.into_iter().filter_map(|one| one.with_known_state(&judge, known)).collect();
        let count = |status: ComplianceStatus| {
            let of_status = self.findings.iter().filter(|one| one.finding.status == status);
            u64::try_from(of_status.count()).unwrap_or(u64::MAX)
        };
        let (unknown, wrong) =
            (count(ComplianceStatus::InsufficientData), count(ComplianceStatus::Error));
        self.metrics.add_count("InsufficientData", unknown);
        self.metrics.add_count("PolicyErrors", wrong);
    }
}

impl PendingFinding {
    /// The finding with all that can be told now; none where the policy holds after all.
    fn with_known_state(
        mut self,
        judge: &RecordEvaluator<'_>,
        known: &ResourceStateCache,
    ) -> Option<PendingFinding> {
        let Some(again) = self.pending.take() else { return Some(self) };
        match again.reevaluate_record(judge, known) {
            Ok(finding) => {
                let mut finding = finding?;
                if let Some(why) = self.finding.suspect {
                    finding = Box::new(finding.into_possibly_forged(&why));
                }
                Some(PendingFinding { finding, pending: None })
            }
            Err(why) => {
                self.finding.message = format!("{}: {why}", self.finding.message);
                Some(self)
            }
        }
    }
}

impl PendingReevaluation {
    /// Judges the record again, with what is known.
    fn reevaluate_record(
        &self,
        judge: &RecordEvaluator<'_>,
        known: &ResourceStateCache,
    ) -> Result<Option<Box<Finding>>, StateError> {
        let PendingReevaluation { policy, missing, record, origin } = self;
        let item = known.state_after(missing)?;
        Ok(judge.reevaluate_with_item(record, origin.as_ref(), *policy, missing, item)?)
    }
}

//! Collects the results of evaluating a part of a payload, before the findings are recorded.

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

/// The findings and the counts of a part of a payload.
#[derive(Debug, Default)]
pub(super) struct EvaluationBatch {
    pub(super) findings: Vec<PendingFinding>,
    pub(super) metrics: InvocationMetrics,
}

/// A finding, and the inputs of a re-evaluation if its resource state is missing.
#[derive(Debug)]
pub(super) struct PendingFinding {
    pub(super) finding: Box<Finding>,
    /// `None` if the finding is final.
    pending: Option<PendingReevaluation>,
}

/// The inputs for the re-evaluation of a record for which a policy returned `INSUFFICIENT_DATA`. A
/// configuration item is not re-evaluated, because it already contains the state.
#[derive(Debug)]
struct PendingReevaluation {
    policy: usize,
    missing: Box<MissingConfiguration>,
    record: Arc<[u8]>,
    origin: Option<BusOrigin>,
}

/// The bytes of a record, and its EventBridge envelope if it has one.
type SourceRecord<'r> = (&'r [u8], Option<&'r EventEnvelope>);

impl EvaluationBatch {
    /// Evaluates a record or an item, and adds the result to the batch. Counts any other content as
    /// skipped.
    pub(super) fn evaluate_content(
        &mut self,
        evaluator: &mut RecordEvaluator<'_>,
        content: &PayloadContent,
    ) -> Result<(), EventError> {
        let (outcome, record) = match content {
            PayloadContent::Record { text, envelope } => {
                let (text, envelope) = (text.as_bytes(), envelope.as_deref());
                (evaluate_record(evaluator, text, envelope), Some((text, envelope)))
            }
            PayloadContent::Item { change, .. } => {
                (evaluate_item(evaluator, &change.item, find_forgery_sign(content)), None)
            }
            _ => {
                self.metrics.count_skipped(&content.kind_label(), 1);
                return Ok(());
            }
        };
        self.add_evaluation(outcome?, record);
        Ok(())
    }

    /// Adds the result of an evaluation to the batch.
    pub(super) fn add_evaluation(
        &mut self,
        outcome: RecordOutcome,
        record: Option<SourceRecord<'_>>,
    ) {
        match outcome {
            RecordOutcome::Evaluated(event) => {
                self.metrics.add_count("Evaluated", 1);
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
        let is_missing = event.evaluations.iter().any(|evaluation| evaluation.missing.is_some());
        let record: Option<(Arc<[u8]>, Option<BusOrigin>)> = record
            .filter(|_| is_missing)
            .map(|(bytes, envelope)| (bytes.into(), envelope.map(EventEnvelope::event_origin)));
        for PolicyEvaluation { policy, finding, missing, .. } in event.evaluations {
            let Some(finding) = finding else { continue };
            self.metrics.add_count("PossiblyForged", u64::from(finding.possibly_forged.is_some()));
            let pending = missing.zip(record.clone()).map(|(missing, (record, origin))| {
                PendingReevaluation { policy, missing, record, origin }
            });
            self.findings.push(PendingFinding { finding, pending });
        }
    }

    /// Returns the resources whose states are missing and were not fetched yet. Each resource is
    /// returned once.
    pub(super) fn missing_resources(&self, known: &ResourceStateCache) -> Vec<ResourceIdentity> {
        let mut missing: Vec<ResourceIdentity> = Vec::new();
        for pending in self.findings.iter().filter_map(|finding| finding.pending.as_ref()) {
            let resource = &pending.missing.resource;
            if !resource.id.is_empty()
                && !known.contains_resource(resource)
                && !missing.contains(resource)
            {
                missing.push(resource.clone());
            }
        }
        missing
    }

    /// Re-evaluates the pending findings with the known states. If a state is unknown, the function
    /// adds the reason to the message of the finding.
    pub(super) fn resolve_pending(&mut self, bundle: &PolicyBundle, known: &ResourceStateCache) {
        let filter = EventFilter::default();
        let evaluator = RecordEvaluator::new(&bundle.set, &bundle.waivers, &filter);
        let findings = std::mem::take(&mut self.findings);
        self.findings = findings
            .into_iter()
            .filter_map(|finding| finding.with_known_state(&evaluator, known))
            .collect();
        let count = |status: ComplianceStatus| {
            let with_status =
                self.findings.iter().filter(|pending| pending.finding.status == status);
            u64::try_from(with_status.count()).unwrap_or(u64::MAX)
        };
        let (insufficient, errors) =
            (count(ComplianceStatus::InsufficientData), count(ComplianceStatus::Error));
        self.metrics.add_count("InsufficientData", insufficient);
        self.metrics.add_count("PolicyErrors", errors);
    }
}

impl PendingFinding {
    /// Returns the final finding. Returns `None` if the resource is compliant according to the
    /// re-evaluation.
    fn with_known_state(
        mut self,
        evaluator: &RecordEvaluator<'_>,
        known: &ResourceStateCache,
    ) -> Option<PendingFinding> {
        let Some(pending) = self.pending.take() else { return Some(self) };
        match pending.reevaluate_record(evaluator, known) {
            Ok(finding) => {
                let mut finding = finding?;
                if let Some(why) = self.finding.possibly_forged {
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
    /// Re-evaluates the record with the known state of the resource.
    fn reevaluate_record(
        &self,
        evaluator: &RecordEvaluator<'_>,
        known: &ResourceStateCache,
    ) -> Result<Option<Box<Finding>>, StateError> {
        let PendingReevaluation { policy, missing, record, origin } = self;
        let item = known.state_after(missing)?;
        Ok(evaluator.reevaluate_with_item(record, origin.as_ref(), *policy, missing, item)?)
    }
}

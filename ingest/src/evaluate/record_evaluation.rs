//! Evaluates a record or an item, and marks its findings if its origin is possibly forged. The same
//! rules apply to all sources.

use std::borrow::Cow;

use evenkeel_rules::event::EventError;
use evenkeel_rules::{ConfigurationItem, RecordEvaluator, RecordOutcome};

use crate::payload::EventEnvelope;
use crate::payload::find_record_forgery_sign;

/// Evaluates a CloudTrail record.
///
/// If the record has an envelope, the account and the Region come from the envelope. The findings
/// are marked as possibly forged if the record contradicts the envelope, or if no AWS service sends
/// such an envelope.
///
/// # Errors
///
/// [`EventError`] if `record` is not a CloudTrail record, or if `record` may match a policy and
/// cannot be read.
pub fn evaluate_record(
    evaluator: &mut RecordEvaluator<'_>,
    record: &[u8],
    envelope: Option<&EventEnvelope>,
) -> Result<RecordOutcome, EventError> {
    let Some(envelope) = envelope else { return evaluator.evaluate_record(record) };
    let outcome = evaluator.evaluate_record_from(record, Some(&envelope.event_origin()))?;
    // The check for forgery runs only for records with findings, because most records have none.
    let why = match &outcome {
        RecordOutcome::Evaluated(event) if event.findings().next().is_some() => {
            find_record_forgery_sign(&lossy_text(record), envelope)
        }
        _ => None,
    };
    Ok(mark_possibly_forged(outcome, why))
}

/// Evaluates a configuration item. `why` is the reason why the item is possibly forged.
///
/// # Errors
///
/// [`EventError`] if the configuration of the item is not JSON.
pub fn evaluate_item(
    evaluator: &mut RecordEvaluator<'_>,
    item: &ConfigurationItem,
    why: Option<&str>,
) -> Result<RecordOutcome, EventError> {
    Ok(mark_possibly_forged(evaluator.evaluate_item(item)?, why))
}

fn mark_possibly_forged(mut outcome: RecordOutcome, why: Option<&str>) -> RecordOutcome {
    if let (RecordOutcome::Evaluated(event), Some(why)) = (&mut outcome, why) {
        event.mark_possibly_forged(why);
    }
    outcome
}

fn lossy_text(record: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(record)
}

//! A record or an item is judged by where it came from, whichever way it came.

use std::borrow::Cow;

use evenkeel_rules::event::EventError;
use evenkeel_rules::{ConfigurationItem, RecordEvaluator, RecordOutcome};

use crate::payload::EventEnvelope;
use crate::payload::find_record_forgery_sign;

/// Judges a record. Where it came in an envelope, that tells its account and Region, and a record that contradicts
/// it, or an envelope that no service of AWS sends, makes findings that may be forged.
///
/// # Errors
/// When the record is not one, or may be one that a policy watches and cannot be read.
pub fn evaluate_record(
    judge: &mut RecordEvaluator<'_>,
    record: &[u8],
    envelope: Option<&EventEnvelope>,
) -> Result<RecordOutcome, EventError> {
    let Some(envelope) = envelope else { return judge.evaluate_record(record) };
    let judged = judge.evaluate_record_from(record, Some(&envelope.event_origin()))?;
    // Most records make no findings, and need not be looked at twice.
    let why = match &judged {
        RecordOutcome::Evaluated(event) if event.findings().next().is_some() => {
            find_record_forgery_sign(&lossy_text(record), envelope)
        }
        _ => None,
    };
    Ok(mark_possibly_forged(judged, why))
}

/// Judges a configuration item; `why` says that it may be forged.
///
/// # Errors
/// When its configuration is no JSON.
pub fn evaluate_item(
    judge: &mut RecordEvaluator<'_>,
    item: &ConfigurationItem,
    why: Option<&str>,
) -> Result<RecordOutcome, EventError> {
    Ok(mark_possibly_forged(judge.evaluate_item(item)?, why))
}

fn mark_possibly_forged(mut judged: RecordOutcome, why: Option<&str>) -> RecordOutcome {
    if let (RecordOutcome::Evaluated(event), Some(why)) = (&mut judged, why) {
        event.mark_possibly_forged(why);
    }
    judged
}

fn lossy_text(record: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(record)
}

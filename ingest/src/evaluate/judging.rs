//! A record or an item is judged by where it came from, whichever way it came.

use std::borrow::Cow;

use evenkeel_rules::event::EventError;
use evenkeel_rules::{ConfigurationItem, Judge, Judged};

use crate::payload::Envelope;
use crate::payload::suspect_record;

/// Judges a record. Where it came in an envelope, that tells its account and Region, and a record that contradicts
/// it, or an envelope that no service of AWS sends, makes findings that may be forged.
///
/// # Errors
/// When the record is not one, or may be one that a policy watches and cannot be read.
pub fn judge_record(
    judge: &mut Judge<'_>,
    record: &[u8],
    envelope: Option<&Envelope>,
) -> Result<Judged, EventError> {
    let Some(envelope) = envelope else { return judge.judge(record) };
    let judged = judge.judge_from(record, Some(&envelope.origin()))?;
    // Most records make no findings, and need not be looked at twice.
    let why = match &judged {
        Judged::Event(event) if event.findings().next().is_some() => {
            suspect_record(&text_of(record), envelope)
        }
        _ => None,
    };
    Ok(marked(judged, why))
}

/// Judges a configuration item; `why` says that it may be forged.
///
/// # Errors
/// When its configuration is no JSON.
pub fn judge_item(
    judge: &mut Judge<'_>,
    item: &ConfigurationItem,
    why: Option<&str>,
) -> Result<Judged, EventError> {
    Ok(marked(judge.judge_item(item)?, why))
}

fn marked(mut judged: Judged, why: Option<&str>) -> Judged {
    if let (Judged::Event(event), Some(why)) = (&mut judged, why) {
        event.suspect(why);
    }
    judged
}

fn text_of(record: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(record)
}

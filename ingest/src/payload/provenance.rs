//! Detects events whose origin is inconsistent (possible forgery). Evenkeel records them and never
//! remediates them.

use super::json_object::JsonObject;
use super::model::{EventEnvelope, PayloadContent, RuleSubject};

/// The prefix of the sources of AWS services. Only AWS services may use this prefix, followed by
/// the name of the service. The sources of partner events begin with `aws.partner/`, followed by a
/// name that the partner chooses.
///
/// Source: Amazon EventBridge API Reference, `PutEvents` (`NotAuthorizedForSourceException`) and
/// `CreatePartnerEventSource`.
const SERVICE_SOURCE_PREFIX: &str = "aws.";

/// The Region in the configuration items of global services.
const GLOBAL_REGION: &str = "global";

/// Returns the reason why the content is possibly forged, or `None` if nothing is inconsistent.
///
/// The replay of an archive keeps the source, the account and the Region of the event. Therefore,
/// the same checks apply to a replayed event.
pub fn find_forgery_sign(content: &PayloadContent) -> Option<&'static str> {
    match content {
        PayloadContent::Record { text, envelope } => match JsonObject::from_text(text) {
            Ok(_) => {
                envelope.as_deref().and_then(|envelope| find_record_forgery_sign(text, envelope))
            }
            Err(_) => Some(RECORD_IS_NOT_JSON),
        },
        PayloadContent::Item { change, envelope } => {
            let (account, region) = (&change.item.account, &change.item.region);
            envelope.as_deref().and_then(|envelope| check_item_origin(envelope, account, region))
        }
        PayloadContent::Oversized { item: oversized, envelope } => {
            let (account, region) = (&oversized.item.account, &oversized.item.region);
            envelope.as_deref().and_then(|envelope| check_item_origin(envelope, account, region))
        }
        PayloadContent::Schedule(envelope) => check_envelope_source(envelope),
        PayloadContent::ConfigRule(rule) => {
            let owner = match &rule.subject {
                RuleSubject::Item(change) => change.item.account.as_str(),
                RuleSubject::Oversized(oversized) => oversized.item.account.as_str(),
                RuleSubject::Scheduled | RuleSubject::Delivery(_) | RuleSubject::Other(_) => "",
            };
            is_contradiction(Some(&rule.account), owner)
                .then_some("the account of the item differs from the account of the rule")
        }
        PayloadContent::LogObject(_)
        | PayloadContent::Canary { .. }
        | PayloadContent::Skipped { .. } => None,
    }
}

const RECORD_IS_NOT_JSON: &str = "the record is not JSON";

/// Returns the reason why a record is possibly forged, or `None` if the record matches its
/// envelope. The function determines the account of the record in the same way as the evaluation.
pub(crate) fn find_record_forgery_sign(
    text: &str,
    envelope: &EventEnvelope,
) -> Option<&'static str> {
    let Ok(record) = JsonObject::from_text(text) else { return Some(RECORD_IS_NOT_JSON) };
    let recipient =
        record.string_member("recipientAccountId").filter(|account| !account.is_empty());
    let actor = || record.object_member("userIdentity")?.string_member("accountId");
    let account = recipient.or_else(actor).unwrap_or_default();
    let region = record.string_member("awsRegion").unwrap_or_default();
    check_envelope_source(envelope)
        .or_else(|| check_envelope_origin(envelope))
        .or_else(|| check_event_location(envelope, &account, &region))
}

/// Checks that the envelope contains an account and a Region. EventBridge adds both to each event.
///
/// Source: Amazon EventBridge User Guide, "AWS service event metadata".
fn check_envelope_origin(envelope: &EventEnvelope) -> Option<&'static str> {
    let is_named = |part: &Option<String>| part.as_deref().is_some_and(|part| !part.is_empty());
    let is_whole = is_named(&envelope.account) && is_named(&envelope.region);
    (!is_whole).then_some("the account or the region of the envelope is missing")
}

fn check_item_origin(
    envelope: &EventEnvelope,
    account: &str,
    region: &str,
) -> Option<&'static str> {
    let region = if region == GLOBAL_REGION { "" } else { region };
    check_envelope_source(envelope).or_else(|| check_event_location(envelope, account, region))
}

fn check_envelope_source(envelope: &EventEnvelope) -> Option<&'static str> {
    let Some(name) = envelope.source.strip_prefix(SERVICE_SOURCE_PREFIX) else {
        return Some("the envelope's source does not begin with `aws.`");
    };
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    let is_valid_start = name.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric());
    (!is_valid_start || !name.bytes().all(is_allowed))
        .then_some("the envelope's source is not an AWS service")
}

fn check_event_location(
    envelope: &EventEnvelope,
    account: &str,
    region: &str,
) -> Option<&'static str> {
    if is_contradiction(envelope.account.as_deref(), account) {
        return Some("the account of the envelope differs from the account of the event");
    }
    is_contradiction(envelope.region.as_deref(), region)
        .then_some("the region of the envelope differs from the region of the event")
}

/// Returns whether both texts are present and different.
fn is_contradiction(first: Option<&str>, second: &str) -> bool {
    first.is_some_and(|first| !first.is_empty() && !second.is_empty() && first != second)
}

#[cfg(test)]
mod tests;

//! What contradicts itself about where an event came from: such a thing is recorded, and never acted on.

use super::json_object::JsonObject;
use super::model::{Content, Envelope, RuleSubject};

/// Only AWS's own services may use it, and then their name; a partner's events have `aws.partner/` and whatever
/// the partner calls them.
///
/// Source: Amazon `EventBridge` API Reference, `PutEvents` (`NotAuthorizedForSourceException`) and
/// `CreatePartnerEventSource`.
const SERVICES: &str = "aws.";

/// The region of items of global services.
const GLOBAL: &str = "global";

/// Why a thing may not be what it says it is; none if nothing speaks against it.
///
/// A replay of an archive keeps the source, the account and the region that the event had, so it is held to
/// the same.
pub fn suspect(content: &Content) -> Option<&'static str> {
    match content {
        Content::Record { text, envelope } => match JsonObject::parse(text) {
            Ok(_) => envelope.as_deref().and_then(|envelope| suspect_record(text, envelope)),
            Err(_) => Some(NO_JSON),
        },
        Content::Item { change, envelope } => {
            let (account, region) = (&change.item.account, &change.item.region);
            envelope.as_deref().and_then(|envelope| item(envelope, account, region))
        }
        Content::Oversized { item: oversized, envelope } => {
            let (account, region) = (&oversized.item.account, &oversized.item.region);
            envelope.as_deref().and_then(|envelope| item(envelope, account, region))
        }
        Content::Schedule(envelope) => source(envelope),
        Content::ConfigRule(rule) => {
            let owner = match &rule.subject {
                RuleSubject::Item(change) => change.item.account.as_str(),
                RuleSubject::Oversized(oversized) => oversized.item.account.as_str(),
                RuleSubject::Scheduled | RuleSubject::Delivery(_) | RuleSubject::Other(_) => "",
            };
            differ(Some(&rule.account), owner)
                .then_some("the item's account is not the one that has the rule")
        }
        Content::LogObject(_) | Content::Canary { .. } | Content::Skipped { .. } => None,
    }
}

const NO_JSON: &str = "the record is not JSON";

/// Why a record may not be what its envelope says it is. Its account is found as an event's is.
pub(crate) fn suspect_record(text: &str, envelope: &Envelope) -> Option<&'static str> {
    let Ok(record) = JsonObject::parse(text) else { return Some(NO_JSON) };
    let recipient = record.string("recipientAccountId").filter(|account| !account.is_empty());
    let actor = || record.object("userIdentity")?.string("accountId");
    let account = recipient.or_else(actor).unwrap_or_default();
    let region = record.string("awsRegion").unwrap_or_default();
    source(envelope).or_else(|| origin(envelope)).or_else(|| place(envelope, &account, &region))
}

/// EventBridge names both in each event.
///
/// Source: Amazon EventBridge User Guide, "AWS service event metadata".
fn origin(envelope: &Envelope) -> Option<&'static str> {
    let is_named = |part: &Option<String>| part.as_deref().is_some_and(|part| !part.is_empty());
    let is_whole = is_named(&envelope.account) && is_named(&envelope.region);
    (!is_whole).then_some("the envelope names no account or no region")
}

fn item(envelope: &Envelope, account: &str, region: &str) -> Option<&'static str> {
    let region = if region == GLOBAL { "" } else { region };
    source(envelope).or_else(|| place(envelope, account, region))
}

fn source(envelope: &Envelope) -> Option<&'static str> {
    let Some(name) = envelope.source.strip_prefix(SERVICES) else {
        return Some("the envelope's source does not begin with `aws.`");
    };
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    let begins = name.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric());
    (!begins || !name.bytes().all(plain)).then_some("the envelope's source is not a service of AWS")
}

fn place(envelope: &Envelope, account: &str, region: &str) -> Option<&'static str> {
    if differ(envelope.account.as_deref(), account) {
        return Some("the envelope's account is not the event's");
    }
    differ(envelope.region.as_deref(), region).then_some("the envelope's region is not the event's")
}

/// Whether both are there and not equal.
fn differ(one: Option<&str>, other: &str) -> bool {
    one.is_some_and(|one| !one.is_empty() && !other.is_empty() && one != other)
}

#[cfg(test)]
mod tests;

//! What contradicts itself about where an event came from: such a thing is recorded, and never acted on.

use crate::object::Object;
use crate::opened::{Content, Envelope, RuleSubject};

/// Only AWS's own services may use it.
const SERVICES: &str = "aws.";

/// The region of items of global services.
const GLOBAL: &str = "global";

/// Why a thing may not be what it says it is; none if nothing speaks against it.
///
/// A replay of an archive keeps the source, the account and the region that the event had, so it is held to
/// the same.
pub fn suspect(content: &Content) -> Option<&'static str> {
    match content {
        Content::Record { text, envelope } => record(text, envelope.as_deref()),
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

fn record(text: &str, envelope: Option<&Envelope>) -> Option<&'static str> {
    let Ok(record) = Object::parse(text) else { return Some("the record is not JSON") };
    let envelope = envelope?;
    let account = record.string("recipientAccountId").unwrap_or_default();
    let region = record.string("awsRegion").unwrap_or_default();
    source(envelope).or_else(|| place(envelope, &account, &region))
}

fn item(envelope: &Envelope, account: &str, region: &str) -> Option<&'static str> {
    let region = if region == GLOBAL { "" } else { region };
    source(envelope).or_else(|| place(envelope, account, region))
}

fn source(envelope: &Envelope) -> Option<&'static str> {
    (!envelope.source.starts_with(SERVICES))
        .then_some("the envelope's source does not begin with `aws.`")
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

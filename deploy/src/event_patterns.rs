//! Builds the EventBridge event patterns for the events that policies match.

use std::collections::{BTreeMap, BTreeSet};

use evenkeel_rules::policy::{OutcomeMatch, PolicyMatch};
use serde_json::{Value, json};

use crate::aws_limits::EVENT_PATTERN;

/// The detail types of the events whose detail is a CloudTrail record. AWS Sign-In uses a separate
/// detail type.
///
/// Source: Amazon EventBridge Events Reference, "AWS service events delivered via AWS CloudTrail".
const DETAIL_TYPES: [&str; 4] = [
    "AWS API Call via CloudTrail",
    "AWS Console Action via CloudTrail",
    "AWS Console Sign In via CloudTrail",
    "AWS Service Event via CloudTrail",
];

/// The services whose event names end with an API version, such as `AddPermission20150331v2`.
///
/// Source: AWS Lambda Developer Guide, "Logging Lambda API calls with CloudTrail"; Amazon
/// CloudFront Developer Guide, "Logging CloudFront API calls".
const VERSIONED_SERVICES: [&str; 2] = ["cloudfront.amazonaws.com", "lambda.amazonaws.com"];

/// The name of Amazon EMR in CloudTrail records, and its name in the source of its other events.
/// The Events Reference does not list the calls of Amazon EMR. Therefore the patterns accept its
/// calls with both names.
///
/// Source: Amazon EventBridge Events Reference, "Amazon EMR events".
const ALIASED_SERVICE: (&str, &str) = ("elasticmapreduce", "emr");

/// The number of characters by which a pattern stays below the limit. The margin is necessary
/// because AWS does not document how it formats a pattern before it counts the characters.
const PATTERN_MARGIN: usize = 48;

/// The maximum number of characters of the service names in one branch, and also of the call names
/// in one branch. A pattern has at most 2,000 characters, so it can contain several branches.
const MAX_BRANCH_CHARS: usize = 500;

/// The services of a group of calls, and whether the calls failed.
type CallGroup = (Vec<String>, bool);

/// One branch of a pattern. It matches the calls `names` of each of the `services`: the failed
/// calls if `failed` is true, and the successful calls if it is false.
struct PatternBranch {
    services: Vec<String>,
    failed: bool,
    names: Vec<String>,
}

/// Returns the patterns that match every event that a policy needs: first the patterns for
/// CloudTrail records, then the patterns for AWS Config items. Each pattern is within the limit
/// [`EVENT_PATTERN`].
pub fn build_event_patterns<'a>(
    matches: impl Iterator<Item = &'a PolicyMatch> + Clone,
) -> Vec<Value> {
    let mut patterns = pack_patterns(split_calls(group_calls(matches.clone())), records_pattern);
    patterns.extend(any_name_patterns(matches.clone()));
    let kinds: BTreeSet<&str> =
        matches.flat_map(|wanted| wanted.resource_type.iter().map(String::as_str)).collect();
    patterns.extend(pack_patterns(kinds.into_iter().collect(), items_pattern));
    patterns
}

/// Returns the patterns for policies that match events of every name. A rule for all events of an
/// account would be costly, so that a pattern exists only for policies that name the type of the
/// caller. The events of the other policies arrive in the files of the trail.
///
/// EventBridge does not deliver calls that only read, unless a rule asks for all management events.
///
/// Source: Amazon EventBridge User Guide, "Receiving read-only management events".
fn any_name_patterns<'a>(matches: impl Iterator<Item = &'a PolicyMatch>) -> Vec<Value> {
    let any = matches.filter(|wanted| wanted.matches_any_name());
    any.filter(|wanted| !wanted.identity_type.is_empty()).map(any_name_pattern).collect()
}

fn any_name_pattern(wanted: &PolicyMatch) -> Value {
    let mut detail = serde_json::Map::new();
    detail.insert("userIdentity".to_owned(), json!({"type": wanted.identity_type}));
    match wanted.outcome {
        OutcomeMatch::Success => {
            detail.insert("errorCode".to_owned(), json!([{"exists": false}, ""]));
        }
        OutcomeMatch::Failure => {
            detail.insert("errorCode".to_owned(), json!([{"anything-but": ""}]));
        }
        OutcomeMatch::Any => {}
    }
    let sources: Vec<Value> = if wanted.matches_any_source() {
        any_service_sources().into_iter().map(|prefix| json!({"prefix": prefix})).collect()
    } else {
        detail.insert("eventSource".to_owned(), json!(wanted.event_source));
        let services = wanted.event_source.iter();
        services.flat_map(|service| event_sources(service)).map(Value::from).collect()
    };
    json!({"source": sources, "detail-type": DETAIL_TYPES, "detail": detail})
}

/// Returns prefixes that match the sources of all services, such as `aws.s3`, and no source of a
/// partner. A pattern cannot exclude `aws.partner/` from the prefix `aws.`.
fn any_service_sources() -> Vec<String> {
    let mut prefixes = Vec::new();
    let mut stem = String::from("aws.");
    for next in "par".chars() {
        prefixes.extend(
            ('a'..='z').filter(|letter| *letter != next).map(|letter| format!("{stem}{letter}")),
        );
        stem.push(next);
    }
    prefixes.extend(["aws.participant", "aws.partnercentral"].map(str::to_owned));
    prefixes
}

/// Packs the elements into as few patterns as possible, in order, without exceeding the limit.
///
/// An element that alone exceeds the limit gets a separate pattern. The check of the template then
/// reports this pattern.
fn pack_patterns<T>(elements: Vec<T>, pattern: impl Fn(&[T]) -> Value) -> Vec<Value> {
    let most = EVENT_PATTERN.maximum.saturating_sub(PATTERN_MARGIN);
    let mut patterns = Vec::new();
    let mut packed: Vec<T> = Vec::new();
    for element in elements {
        packed.push(element);
        if packed.len() > 1 && pattern(&packed).to_string().chars().count() > most {
            let last = packed.pop();
            patterns.push(pattern(&packed));
            packed = last.into_iter().collect();
        }
    }
    if !packed.is_empty() {
        patterns.push(pattern(&packed));
    }
    patterns
}

/// Groups the names of the calls by services and outcome.
fn group_calls<'a>(
    matches: impl Iterator<Item = &'a PolicyMatch>,
) -> BTreeMap<CallGroup, BTreeSet<String>> {
    let mut calls: BTreeMap<CallGroup, BTreeSet<String>> = BTreeMap::new();
    let has_names = |policy_match: &&PolicyMatch| {
        !policy_match.event_name.is_empty() && !policy_match.matches_any_name()
    };
    for policy_match in matches.filter(has_names) {
        let services: BTreeSet<&String> = policy_match.event_source.iter().collect();
        let (versioned, plain): (Vec<_>, Vec<_>) = services
            .into_iter()
            .cloned()
            .partition(|service| VERSIONED_SERVICES.contains(&service.as_str()));
        let success = (policy_match.outcome != OutcomeMatch::Failure).then_some(false);
        let failure = (policy_match.outcome != OutcomeMatch::Success).then_some(true);
        for services in [versioned, plain].into_iter().flat_map(|all| split_by_size(all, 1)) {
            for failed in [success, failure].into_iter().flatten() {
                let names = calls.entry((services.clone(), failed)).or_default();
                names.extend(policy_match.event_name.iter().cloned());
            }
        }
    }
    calls
}

/// Splits the calls into branches. The call names of a branch have at most [`MAX_BRANCH_CHARS`]
/// characters.
fn split_calls(calls: BTreeMap<CallGroup, BTreeSet<String>>) -> Vec<PatternBranch> {
    let split_names = |((services, failed), names): (CallGroup, BTreeSet<String>)| {
        // For a versioned service, a branch contains each name twice: as an exact name and as the
        // prefix of a name with a version.
        let times = if is_versioned(&services) { 2 } else { 1 };
        let names = split_by_size(names, times).into_iter();
        names.map(move |names| PatternBranch { services: services.clone(), failed, names })
    };
    calls.into_iter().flat_map(split_names).collect()
}

/// Splits the texts into groups of at most [`MAX_BRANCH_CHARS`] characters, including separators.
/// `times` is the number of times that a branch contains each text.
fn split_by_size(texts: impl IntoIterator<Item = String>, times: usize) -> Vec<Vec<String>> {
    let mut groups: Vec<Vec<String>> = Vec::new();
    let mut room = 0_usize;
    for text in texts {
        // The size includes the quotes, a comma, and the operator for a version.
        let size = text.len().saturating_add(12).saturating_mul(times);
        if size > room {
            groups.push(Vec::new());
            room = MAX_BRANCH_CHARS;
        }
        if let Some(last) = groups.last_mut() {
            last.push(text);
        }
        room = room.saturating_sub(size);
    }
    groups
}

fn is_versioned(services: &[String]) -> bool {
    services.iter().any(|service| VERSIONED_SERVICES.contains(&service.as_str()))
}

fn branch_pattern(branch: &PatternBranch) -> Value {
    let mut event_names: Vec<Value> = branch.names.iter().map(|name| json!(name)).collect();
    if is_versioned(&branch.services) {
        event_names.extend(branch.names.iter().map(|name| json!({"prefix": format!("{name}20")})));
    }
    // The record of a successful call has no error code or an empty one. The pattern matches a
    // missing code with `exists`, because a template cannot contain `null`.
    let code =
        if branch.failed { json!([{"anything-but": ""}]) } else { json!([{"exists": false}, ""]) };
    json!({"eventSource": branch.services, "eventName": event_names, "errorCode": code})
}

/// Returns the pattern for CloudTrail records.
///
/// The pattern matches only the sources of AWS services, because `PutEvents` does not accept events
/// with such a source. The pattern lists each service, because the prefix `aws.` would also match
/// the events of partners, `aws.partner/...`.
fn records_pattern(branches: &[PatternBranch]) -> Value {
    let services = branches.iter().flat_map(|branch| &branch.services);
    let sources: BTreeSet<String> = services.flat_map(|service| event_sources(service)).collect();
    let mut branches: Vec<Value> = branches.iter().map(branch_pattern).collect();
    let detail = match (branches.pop(), branches.is_empty()) {
        (Some(only), true) => only,
        (last, _) => {
            branches.extend(last);
            json!({"$or": branches})
        }
    };
    json!({"source": sources, "detail-type": DETAIL_TYPES, "detail": detail})
}

/// Returns the sources of the events for the calls of a service: `aws.s3` for `s3.amazonaws.com`.
///
/// Source: Amazon EventBridge Events Reference, "events delivered via AWS CloudTrail" of each
/// service.
fn event_sources(service: &str) -> Vec<String> {
    let name = service.split('.').next().unwrap_or(service);
    let (service_name, alias) = ALIASED_SERVICE;
    let alias = (name == service_name).then_some(alias);
    [Some(name), alias].into_iter().flatten().map(|name| format!("aws.{name}")).collect()
}

/// Returns the pattern for AWS Config items of the types `kinds`. The pattern also matches the
/// summary that AWS Config sends instead of an item that exceeds the size limit of a notification.
///
/// Source: AWS Config Developer Guide, "Monitoring AWS Config with Amazon EventBridge".
fn items_pattern(kinds: &[&str]) -> Value {
    json!({
        "source": ["aws.config"],
        "detail-type": ["Config Configuration Item Change"],
        "detail": {"$or": [
            {"configurationItem": {"resourceType": kinds}},
            {"configurationItemSummary": {"resourceType": kinds}},
        ]},
    })
}

//! The EventBridge event patterns for the events that policies match.

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

/// A service whose calls the Events Reference does not list, and the source of the other events of
/// this service. The patterns accept calls with both names.
///
/// Source: Amazon EventBridge Events Reference, "Amazon EMR events".
const ALIASED_SERVICE: (&str, &str) = ("elasticmapreduce", "emr");

/// The distance between the length of a pattern and the limit, in characters. AWS does not document
/// how it formats a pattern before it counts the characters.
const PATTERN_MARGIN: usize = 48;

/// The maximum number of characters of services, and of calls, in one branch. With this limit, a
/// pattern can contain several branches.
const MAX_BRANCH_CHARS: usize = 500;

/// Some services, and whether the group contains their failed calls.
type CallGroup = (Vec<String>, bool);

/// One branch of a pattern, which matches some calls of some services.
struct PatternBranch {
    services: Vec<String>,
    failed: bool,
    names: Vec<String>,
}

/// Returns the patterns that match every event that a policy needs: first CloudTrail records, then
/// AWS Config items. Each pattern is short enough for a rule.
pub fn build_event_patterns<'a>(
    matches: impl Iterator<Item = &'a PolicyMatch> + Clone,
) -> Vec<Value> {
    let mut patterns = pack_patterns(split_calls(group_calls(matches.clone())), records_pattern);
    let kinds: BTreeSet<&str> =
        matches.flat_map(|wanted| wanted.resource_type.iter().map(String::as_str)).collect();
    patterns.extend(pack_patterns(kinds.into_iter().collect(), items_pattern));
    patterns
}

/// Packs the elements into as few patterns as possible, in order, without exceeding the limit.
///
/// An element that alone exceeds the limit gets a separate pattern. The check of the template then
/// reports this pattern.
fn pack_patterns<T>(wanted: Vec<T>, pattern: impl Fn(&[T]) -> Value) -> Vec<Value> {
    let most = EVENT_PATTERN.maximum.saturating_sub(PATTERN_MARGIN);
    let mut patterns = Vec::new();
    let mut packed: Vec<T> = Vec::new();
    for one in wanted {
        packed.push(one);
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
    for wanted in matches.filter(|wanted| !wanted.event_name.is_empty()) {
        let services: BTreeSet<&String> = wanted.event_source.iter().collect();
        let (versioned, plain): (Vec<_>, Vec<_>) = services
            .into_iter()
            .cloned()
            .partition(|one| VERSIONED_SERVICES.contains(&one.as_str()));
        let success = (wanted.outcome != OutcomeMatch::Failure).then_some(false);
        let failure = (wanted.outcome != OutcomeMatch::Success).then_some(true);
        for services in [versioned, plain].into_iter().flat_map(|all| split_by_size(all, 1)) {
            for failed in [success, failure].into_iter().flatten() {
                let names = calls.entry((services.clone(), failed)).or_default();
                names.extend(wanted.event_name.iter().cloned());
            }
        }
    }
    calls
}

/// Splits the calls into branches that are short enough for a pattern.
fn split_calls(calls: BTreeMap<CallGroup, BTreeSet<String>>) -> Vec<PatternBranch> {
    let split_names = |((services, failed), names): (CallGroup, BTreeSet<String>)| {
        // A branch contains each name of a versioned service twice.
        let times = if is_versioned(&services) { 2 } else { 1 };
        let names = split_by_size(names, times).into_iter();
        names.map(move |names| PatternBranch { services: services.clone(), failed, names })
    };
    calls.into_iter().flat_map(split_names).collect()
}

/// Splits the texts into groups of at most [`MAX_BRANCH_CHARS`] characters, including separators.
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
    let mut wanted: Vec<Value> = branch.names.iter().map(|name| json!(name)).collect();
    if is_versioned(&branch.services) {
        wanted.extend(branch.names.iter().map(|name| json!({"prefix": format!("{name}20")})));
    }
    // The record of a successful call has no error code or an empty one. A template cannot contain
    // `null`.
    let code =
        if branch.failed { json!([{"anything-but": ""}]) } else { json!([{"exists": false}, ""]) };
    json!({"eventSource": branch.services, "eventName": wanted, "errorCode": code})
}

/// Returns the pattern for CloudTrail records.
///
/// `PutEvents` does not accept events with the source of an AWS service. The pattern lists the
/// services, because the prefix `aws.` would also match the events of partners, `aws.partner/...`.
fn records_pattern(branches: &[PatternBranch]) -> Value {
    let services = branches.iter().flat_map(|one| &one.services);
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
    let (of, other) = ALIASED_SERVICE;
    let other = (name == of).then_some(other);
    [Some(name), other].into_iter().flatten().map(|name| format!("aws.{name}")).collect()
}

/// Returns the pattern for AWS Config items of some types. AWS Config sends a summary if an item is
/// too large.
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

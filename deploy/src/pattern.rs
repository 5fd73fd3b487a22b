//! The events that policies watch, as event patterns of Amazon EventBridge.

use std::collections::{BTreeMap, BTreeSet};

use evenkeel_rules::policy::{Match, OutcomeMatch};
use serde_json::{Value, json};

/// A pattern may be so long, in characters, without asking AWS for more.
///
/// Source: Amazon EventBridge User Guide, "Amazon EventBridge quotas", event pattern size.
const MAX_PATTERN: usize = 2048;

/// Room for what a pattern holds besides its branches.
const FRAME: usize = 300;

/// The kinds of events that CloudTrail sends and whose detail is a record of its own.
///
/// Source: Amazon EventBridge Events Reference, "AWS service events delivered via AWS CloudTrail"; AWS
/// Sign-In's events have a kind of their own.
const DETAIL_TYPES: [&str; 4] = [
    "AWS API Call via CloudTrail",
    "AWS Console Action via CloudTrail",
    "AWS Console Sign In via CloudTrail",
    "AWS Service Event via CloudTrail",
];

/// These services' event names carry the version of their API: `AddPermission20150331v2`.
///
/// Source: AWS Lambda Developer Guide, "Logging Lambda API calls with CloudTrail"; Amazon CloudFront
/// Developer Guide, "Logging CloudFront API calls".
const VERSIONED: [&str; 2] = ["cloudfront.amazonaws.com", "lambda.amazonaws.com"];

/// Calls of some services that ended in one way.
type Branch = (Vec<String>, bool);

/// The patterns that together let pass what some policy judges: records of CloudTrail first, then AWS
/// Config's items. Each is short enough for a rule.
pub fn patterns<'a>(matches: impl Iterator<Item = &'a Match> + Clone) -> Vec<Value> {
    let mut patterns: Vec<Value> =
        packed(branches(matches.clone())).into_iter().map(records).collect();
    patterns.extend(items(matches));
    patterns
}

/// The names that are wanted, by services and outcome.
fn branches<'a>(matches: impl Iterator<Item = &'a Match>) -> BTreeMap<Branch, BTreeSet<String>> {
    let mut branches: BTreeMap<Branch, BTreeSet<String>> = BTreeMap::new();
    for wanted in matches.filter(|wanted| !wanted.event_name.is_empty()) {
        let mut sources = wanted.event_source.clone();
        sources.sort_unstable();
        let (versioned, plain): (Vec<_>, Vec<_>) =
            sources.into_iter().partition(|source| VERSIONED.contains(&source.as_str()));
        let success = (wanted.outcome != OutcomeMatch::Failure).then_some(false);
        let failure = (wanted.outcome != OutcomeMatch::Success).then_some(true);
        for sources in [versioned, plain].into_iter().filter(|sources| !sources.is_empty()) {
            for failed in [success, failure].into_iter().flatten() {
                let names = branches.entry((sources.clone(), failed)).or_default();
                names.extend(wanted.event_name.iter().cloned());
            }
        }
    }
    branches
}

/// As few lists of branches as are short enough, in order.
fn packed(branches: BTreeMap<Branch, BTreeSet<String>>) -> Vec<Vec<Value>> {
    let mut lists: Vec<Vec<Value>> = Vec::new();
    let mut room = 0_usize;
    let limit = MAX_PATTERN.saturating_sub(FRAME);
    for ((sources, failed), names) in branches {
        for names in short(&names, limit / 2) {
            let branch = branch(&sources, failed, &names);
            let size = branch.to_string().len().saturating_add(1);
            if size > room {
                lists.push(Vec::new());
                room = limit;
            }
            if let Some(last) = lists.last_mut() {
                last.push(branch);
            }
            room = room.saturating_sub(size);
        }
    }
    lists
}

/// The names in groups of at most so many characters.
fn short(names: &BTreeSet<String>, limit: usize) -> Vec<Vec<&str>> {
    let mut groups: Vec<Vec<&str>> = Vec::new();
    let mut room = 0_usize;
    for name in names {
        // Quotes, a comma, and where the name has versions, the name once more.
        let size = name.len().saturating_mul(2).saturating_add(24);
        if size > room {
            groups.push(Vec::new());
            room = limit;
        }
        if let Some(last) = groups.last_mut() {
            last.push(name);
        }
        room = room.saturating_sub(size);
    }
    groups
}

fn branch(sources: &[String], failed: bool, names: &[&str]) -> Value {
    let mut wanted: Vec<Value> = names.iter().map(|name| json!(name)).collect();
    if sources.iter().any(|source| VERSIONED.contains(&source.as_str())) {
        wanted.extend(names.iter().map(|name| json!({"prefix": format!("{name}20")})));
    }
    // A record of a call that went well has no code, or an empty one. `null` cannot be written in a template.
    let code = if failed { json!([{"anything-but": ""}]) } else { json!([{"exists": false}, ""]) };
    json!({"eventSource": sources, "eventName": wanted, "errorCode": code})
}

/// A pattern of CloudTrail's records. Who may put events on a bus cannot put any that say they are AWS's.
fn records(branches: Vec<Value>) -> Value {
    let detail = match <[Value; 1]>::try_from(branches) {
        Ok([only]) => only,
        Err(several) => json!({"$or": several}),
    };
    json!({"source": [{"prefix": "aws."}], "detail-type": DETAIL_TYPES, "detail": detail})
}

/// The pattern of AWS Config's items, whole or too large to be sent whole.
///
/// Source: AWS Config Developer Guide, "Monitoring AWS Config with Amazon EventBridge".
fn items<'a>(matches: impl Iterator<Item = &'a Match>) -> Option<Value> {
    let kinds: BTreeSet<&str> =
        matches.flat_map(|wanted| wanted.resource_type.iter().map(String::as_str)).collect();
    let detail = json!({"$or": [
        {"configurationItem": {"resourceType": kinds}},
        {"configurationItemSummary": {"resourceType": kinds}},
    ]});
    (!kinds.is_empty()).then(|| {
        json!({
            "source": ["aws.config"],
            "detail-type": ["Config Configuration Item Change"],
            "detail": detail,
        })
    })
}

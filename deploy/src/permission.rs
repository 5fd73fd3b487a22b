//! What the role of each family of remediators may do in an account: what its remediators say that they need,
//! and nothing twice.

use std::collections::{BTreeMap, BTreeSet};

use evenkeel_remediators::catalog::{CATALOG, Entry};
use evenkeel_remediators::{Statement, Target};
use evenkeel_rules::policy::{Policy, PolicySet};

/// Stands for any resource while ARNs are made. It has the form of an API's id and of a domain's name.
const ANY: &str = "anything.example";
const ACCOUNT: &str = "000000000000";
const REGION: &str = "any-region";

/// The remediators that policies name, by family: those of one family share a function and a role.
pub fn families(set: &PolicySet) -> BTreeMap<&'static str, Vec<&'static Entry>> {
    let named = |entry: &&Entry| {
        let mut runs = set.policies().iter().filter_map(|policy| policy.remediation.as_ref());
        runs.any(|remediation| remediation.run == entry.spec.id)
    };
    let mut families: BTreeMap<&str, Vec<&Entry>> = BTreeMap::new();
    for entry in CATALOG.iter().filter(named) {
        families.entry(entry.spec.family()).or_default().push(entry);
    }
    families
}

/// The statements of a role for these remediators: each pair of an action and a resource is allowed by exactly
/// one of them.
///
/// `patched` are the types of the resources whose properties policies say, and by which actions.
pub fn statements(entries: &[&Entry], patched: &BTreeSet<Patched<'_>>) -> Vec<Statement> {
    let mut pairs: BTreeSet<(String, String)> = BTreeSet::new();
    let targets = patched.iter().map(|(kind, actions)| any(kind, actions));
    let targets: Vec<Target> = targets.chain([any("", &[])]).collect();
    let all =
        entries.iter().flat_map(|entry| targets.iter().flat_map(|one| entry.spec.statements(one)));
    for statement in all {
        for action in &statement.action {
            pairs.extend(statement.resource.iter().map(|arn| (action.clone(), general(arn))));
        }
    }
    let mut by_resource: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (action, resource) in &pairs {
        let covered = pairs
            .iter()
            .any(|(other, wider)| other == action && wider != resource && covers(wider, resource));
        if !covered {
            by_resource.entry(resource.clone()).or_default().push(action.clone());
        }
    }
    let mut by_actions: BTreeMap<Vec<String>, Vec<String>> = BTreeMap::new();
    for (resource, actions) in by_resource {
        by_actions.entry(actions).or_default().push(resource);
    }
    by_actions.into_iter().map(|(action, resource)| Statement { action, resource }).collect()
}

/// A type of resources, and the IAM actions by which AWS sets their properties.
pub type Patched<'a> = (&'a str, &'a [String]);

/// The types of the resources whose properties policies say, and by which actions.
pub fn patched(set: &PolicySet) -> BTreeSet<Patched<'_>> {
    fn says(policy: &Policy) -> Option<Patched<'_>> {
        let header = policy.remediation.as_ref().filter(|one| one.patch.is_some())?;
        Some((policy.resource_type.as_str(), header.actions.as_slice()))
    }
    set.policies().iter().filter_map(says).collect()
}

fn any(kind: &str, actions: &[String]) -> Target {
    Target {
        kind: kind.to_owned(),
        id: ANY.to_owned(),
        account: ACCOUNT.to_owned(),
        region: REGION.to_owned(),
        actions: actions.to_vec(),
        ..Target::default()
    }
}

/// The pattern of a template that an ARN of [`any`] stands for.
fn general(arn: &str) -> String {
    arn.replacen("arn:aws:", "arn:${AWS::Partition}:", 1)
        .replace(REGION, "*")
        .replace(ACCOUNT, "${AWS::AccountId}")
        .replace(ANY, "*")
}

/// Whether all that `narrow` matches, `wide` matches too: both have stars at the ends of parts only.
fn covers(wide: &str, narrow: &str) -> bool {
    match wide.split_once('*') {
        None => wide == narrow,
        Some((before, after)) => narrow.strip_prefix(before).is_some_and(|rest| {
            after.is_empty()
                || (0..=rest.len()).any(|at| rest.get(at..).is_some_and(|rest| covers(after, rest)))
        }),
    }
}

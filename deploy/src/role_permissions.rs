//! What the role of each family of remediators may do in an account: what its remediators say that they need,
//! and nothing twice.

use std::collections::{BTreeMap, BTreeSet};

use evenkeel_remediators::catalog::{CATALOG, CatalogEntry};
use evenkeel_remediators::{PermissionStatement, TargetResource};
use evenkeel_rules::policy::{Policy, PolicySet};

/// Stands for any resource while ARNs are made. It has the form of an API's id and of a domain's name.
const PLACEHOLDER_ID: &str = "anything.example";
const PLACEHOLDER_ACCOUNT: &str = "000000000000";
const PLACEHOLDER_REGION: &str = "any-region";

/// The remediators that policies name, by family: those of one family share a function and a role.
pub fn group_by_family(set: &PolicySet) -> BTreeMap<&'static str, Vec<&'static CatalogEntry>> {
    let named = |entry: &&CatalogEntry| {
        let mut runs = set.policies().iter().filter_map(|policy| policy.remediation.as_ref());
        runs.any(|remediation| remediation.run == entry.spec.id)
    };
    let mut families: BTreeMap<&str, Vec<&CatalogEntry>> = BTreeMap::new();
    for entry in CATALOG.iter().filter(named) {
        families.entry(entry.spec.family_name()).or_default().push(entry);
    }
    families
}

/// The statements of a role for these remediators: each pair of an action and a resource is allowed by exactly
/// one of them.
///
/// `patched` are the types of the resources whose properties policies say, and by which actions.
pub fn role_statements(
    entries: &[&CatalogEntry],
    patched: &BTreeSet<PatchedType<'_>>,
) -> Vec<PermissionStatement> {
    let mut pairs: BTreeSet<(String, String)> = BTreeSet::new();
    let targets = patched.iter().map(|(kind, actions)| placeholder_target(kind, actions));
    let targets: Vec<TargetResource> = targets.chain([placeholder_target("", &[])]).collect();
    let all = entries
        .iter()
        .flat_map(|entry| targets.iter().flat_map(|one| entry.spec.build_statements(one)));
    for statement in all {
        for action in &statement.action {
            pairs
                .extend(statement.resource.iter().map(|arn| (action.clone(), generalize_arn(arn))));
        }
    }
    let mut by_resource: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (action, resource) in &pairs {
        let covered = pairs.iter().any(|(other, wider)| {
            other == action && wider != resource && covers_pattern(wider, resource)
        });
        if !covered {
            by_resource.entry(resource.clone()).or_default().push(action.clone());
        }
    }
    let mut by_actions: BTreeMap<Vec<String>, Vec<String>> = BTreeMap::new();
    for (resource, actions) in by_resource {
        by_actions.entry(actions).or_default().push(resource);
    }
    by_actions
        .into_iter()
        .map(|(action, resource)| PermissionStatement { action, resource })
        .collect()
}

/// A type of resources, and the IAM actions by which AWS sets their properties.
pub type PatchedType<'a> = (&'a str, &'a [String]);

/// The types of the resources whose properties policies say, and by which actions.
pub fn list_patched_types(set: &PolicySet) -> BTreeSet<PatchedType<'_>> {
    fn patched_type(policy: &Policy) -> Option<PatchedType<'_>> {
        let header = policy.remediation.as_ref().filter(|one| one.patch.is_some())?;
        Some((policy.resource_type.as_str(), header.actions.as_slice()))
    }
    set.policies().iter().filter_map(patched_type).collect()
}

fn placeholder_target(kind: &str, actions: &[String]) -> TargetResource {
    TargetResource {
        kind: kind.to_owned(),
        id: PLACEHOLDER_ID.to_owned(),
        account: PLACEHOLDER_ACCOUNT.to_owned(),
        region: PLACEHOLDER_REGION.to_owned(),
        actions: actions.to_vec(),
        ..TargetResource::default()
    }
}

/// The pattern of a template that an ARN of [`placeholder_target`] stands for.
fn generalize_arn(arn: &str) -> String {
    arn.replacen("arn:aws:", "arn:${AWS::Partition}:", 1)
        .replace(PLACEHOLDER_REGION, "*")
        .replace(PLACEHOLDER_ACCOUNT, "${AWS::AccountId}")
        .replace(PLACEHOLDER_ID, "*")
}

/// Whether all that `narrow` matches, `wide` matches too: both have stars at the ends of parts only.
fn covers_pattern(wide: &str, narrow: &str) -> bool {
    match wide.split_once('*') {
        None => wide == narrow,
        Some((before, after)) => narrow.strip_prefix(before).is_some_and(|rest| {
            after.is_empty()
                || (0..=rest.len())
                    .any(|at| rest.get(at..).is_some_and(|rest| covers_pattern(after, rest)))
        }),
    }
}

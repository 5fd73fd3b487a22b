//! Collects the permissions of the role of each remediator family, without duplicates.

use std::collections::{BTreeMap, BTreeSet};

use evenkeel_remediators::catalog::{CATALOG, CatalogEntry};
use evenkeel_remediators::{PermissionStatement, TargetResource};
use evenkeel_rules::policy::{Policy, PolicySet};

/// The placeholder for a resource id while ARNs are built. Its format is valid as the id of an API
/// and as a domain name.
const PLACEHOLDER_ID: &str = "anything.example";
const PLACEHOLDER_ACCOUNT: &str = "000000000000";
const PLACEHOLDER_REGION: &str = "any-region";

/// Returns the remediators that the policies use, by family. The remediators of a family share a
/// function and a role.
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

/// Returns the policy statements of a role for these remediators. Each pair of an action and a
/// resource is in only one statement.
///
/// `patched` contains the types of the resources for which policies define a patch, and the IAM
/// actions of the patches.
pub fn role_statements(
    entries: &[&CatalogEntry],
    patched: &BTreeSet<PatchedType<'_>>,
) -> Vec<PermissionStatement> {
    let mut pairs: BTreeSet<(String, String)> = BTreeSet::new();
    let targets = patched.iter().map(|(kind, actions)| placeholder_target(kind, actions));
    let targets: Vec<TargetResource> = targets.chain([placeholder_target("", &[])]).collect();
    let all = entries
        .iter()
        .flat_map(|entry| targets.iter().flat_map(|target| entry.spec.build_statements(target)));
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

/// A CloudFormation type, and the IAM actions that AWS needs to set the properties of resources of
/// this type.
pub type PatchedType<'a> = (&'a str, &'a [String]);

/// Returns the types of the resources for which policies define a patch, and the IAM actions of the
/// patches.
pub fn list_patched_types(set: &PolicySet) -> BTreeSet<PatchedType<'_>> {
    fn patched_type(policy: &Policy) -> Option<PatchedType<'_>> {
        let header =
            policy.remediation.as_ref().filter(|remediation| remediation.patch.is_some())?;
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

/// Replaces the placeholders of [`placeholder_target`] in an ARN. An id and a Region become `*`;
/// the partition and the account become pseudo parameters of CloudFormation.
fn generalize_arn(arn: &str) -> String {
    arn.replacen("arn:aws:", "arn:${AWS::Partition}:", 1)
        .replace(PLACEHOLDER_REGION, "*")
        .replace(PLACEHOLDER_ACCOUNT, "${AWS::AccountId}")
        .replace(PLACEHOLDER_ID, "*")
}

/// Returns whether the pattern `wide` matches everything that `narrow` matches. In both patterns,
/// `*` occurs only at the end of a part.
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

//! What a change of policies changes in the stack: events that are sent, and permissions that are given.

use std::collections::BTreeSet;

use evenkeel_rules::policy::{OutcomeMatch, PolicySet};
use serde::Serialize;

use crate::role_permissions::{group_by_family, list_patched_types, role_statements};

/// What one policy set has and another does not.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StackChange {
    /// Events that are sent to the audit account, and were not.
    pub events_added: BTreeSet<String>,
    /// Events that are no longer sent.
    pub events_removed: BTreeSet<String>,
    /// What roles in member accounts may do, and might not.
    pub permissions_added: BTreeSet<RolePermission>,
    /// What they may no longer do.
    pub permissions_removed: BTreeSet<RolePermission>,
}

/// An action that the role of a family may do on resources.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct RolePermission {
    /// The family of remediators, which is the role's.
    pub family: String,
    /// The IAM action.
    pub action: String,
    /// The pattern of the resources' ARNs.
    pub resource: String,
}

impl StackChange {
    /// What changes from one policy set to another.
    pub fn between_sets(old: &PolicySet, new: &PolicySet) -> StackChange {
        let (old_events, new_events) = (list_sent_events(old), list_sent_events(new));
        let (old_permissions, new_permissions) = (list_permissions(old), list_permissions(new));
        StackChange {
            events_added: new_events.difference(&old_events).cloned().collect(),
            events_removed: old_events.difference(&new_events).cloned().collect(),
            permissions_added: new_permissions.difference(&old_permissions).cloned().collect(),
            permissions_removed: old_permissions.difference(&new_permissions).cloned().collect(),
        }
    }

    /// Whether the stack stays as it is.
    pub fn is_empty(&self) -> bool {
        *self == StackChange::default()
    }
}

/// What is sent, in words: a service's call, its failed call, or AWS Config's items of a type.
pub fn list_sent_events(set: &PolicySet) -> BTreeSet<String> {
    let mut events = BTreeSet::new();
    for wanted in set.policies().iter().map(|policy| &policy.matches) {
        for source in &wanted.event_source {
            for name in &wanted.event_name {
                if wanted.outcome != OutcomeMatch::Failure {
                    events.insert(format!("{source} {name}"));
                }
                if wanted.outcome != OutcomeMatch::Success {
                    events.insert(format!("{source} {name}, failed"));
                }
            }
        }
        let items = wanted.resource_type.iter();
        events.extend(items.map(|kind| format!("AWS Config {kind}")));
    }
    events
}

fn list_permissions(set: &PolicySet) -> BTreeSet<RolePermission> {
    let mut permissions = BTreeSet::new();
    for (family, entries) in group_by_family(set) {
        for statement in role_statements(&entries, &list_patched_types(set)) {
            for action in &statement.action {
                permissions.extend(statement.resource.iter().map(|resource| RolePermission {
                    family: family.to_owned(),
                    action: action.clone(),
                    resource: resource.clone(),
                }));
            }
        }
    }
    permissions
}

//! Compares the stacks of two policy sets: the events that they forward, and the permissions of
//! their roles.

use std::collections::BTreeSet;

use evenkeel_rules::policy::{OutcomeMatch, PolicySet};
use serde::Serialize;

use crate::role_permissions::{group_by_family, list_patched_types, role_statements};

/// The differences between the stacks of two policy sets.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StackChange {
    /// The events that only the new stack sends to the audit account.
    pub events_added: BTreeSet<String>,
    /// The events that only the old stack sends to the audit account.
    pub events_removed: BTreeSet<String>,
    /// The permissions that only the roles of the new stack have.
    pub permissions_added: BTreeSet<RolePermission>,
    /// The permissions that only the roles of the old stack have.
    pub permissions_removed: BTreeSet<RolePermission>,
}

/// A permission of the role of a remediator family in the member accounts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct RolePermission {
    /// The family of remediators to which the role belongs.
    pub family: String,
    /// The IAM action.
    pub action: String,
    /// The pattern of the resources' ARNs.
    pub resource: String,
}

impl StackChange {
    /// Compares the stacks of an old and a new policy set.
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

    /// Returns whether the two stacks forward the same events and their roles have the same
    /// permissions.
    pub fn is_empty(&self) -> bool {
        *self == StackChange::default()
    }
}

/// Returns the events that the stack sends to the audit account, as text: `<source> <name>` for
/// successful calls, `<source> <name>, failed` for failed calls, and `AWS Config <type>` for the
/// configuration items of a type.
pub fn list_sent_events(set: &PolicySet) -> BTreeSet<String> {
    let mut events = BTreeSet::new();
    for policy_match in set.policies().iter().map(|policy| &policy.matches) {
        if policy_match.matches_any_name() && policy_match.identity_type.is_empty() {
            // No rule sends every event of an account.
            continue;
        }
        let callers = match policy_match.identity_type.as_slice() {
            [] => String::new(),
            types => format!(" by {}", types.join(", ")),
        };
        for source in &policy_match.event_source {
            for name in policy_match.event_name.iter().map(|name| format!("{name}{callers}")) {
                if policy_match.outcome != OutcomeMatch::Failure {
                    events.insert(format!("{source} {name}"));
                }
                if policy_match.outcome != OutcomeMatch::Success {
                    events.insert(format!("{source} {name}, failed"));
                }
            }
        }
        let items = policy_match.resource_type.iter();
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

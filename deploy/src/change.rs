//! What a change of policies changes in the stack: events that are sent, and permissions that are given.

use std::collections::BTreeSet;

use evenkeel_rules::policy::{OutcomeMatch, PolicySet};
use serde::Serialize;

use crate::permission::{families, patched, statements};

/// What one policy set has and another does not.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Change {
    /// Events that are sent to the audit account, and were not.
    pub events_added: BTreeSet<String>,
    /// Events that are no longer sent.
    pub events_removed: BTreeSet<String>,
    /// What roles in member accounts may do, and might not.
    pub permissions_added: BTreeSet<Permission>,
    /// What they may no longer do.
    pub permissions_removed: BTreeSet<Permission>,
}

/// An action that the role of a family may do on resources.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Permission {
    /// The family of remediators, which is the role's.
    pub family: String,
    /// The IAM action.
    pub action: String,
    /// The pattern of the resources' ARNs.
    pub resource: String,
}

impl Change {
    /// What changes from one policy set to another.
    pub fn between(old: &PolicySet, new: &PolicySet) -> Change {
        let (old_events, new_events) = (events(old), events(new));
        let (old_permissions, new_permissions) = (permissions(old), permissions(new));
        Change {
            events_added: new_events.difference(&old_events).cloned().collect(),
            events_removed: old_events.difference(&new_events).cloned().collect(),
            permissions_added: new_permissions.difference(&old_permissions).cloned().collect(),
            permissions_removed: old_permissions.difference(&new_permissions).cloned().collect(),
        }
    }

    /// Whether the stack stays as it is.
    pub fn is_nothing(&self) -> bool {
        *self == Change::default()
    }
}

/// What is sent, in words: a service's call, its failed call, or AWS Config's items of a type.
pub fn events(set: &PolicySet) -> BTreeSet<String> {
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

fn permissions(set: &PolicySet) -> BTreeSet<Permission> {
    let mut permissions = BTreeSet::new();
    for (family, entries) in families(set) {
        for statement in statements(&entries, &patched(set)) {
            for action in &statement.action {
                permissions.extend(statement.resource.iter().map(|resource| Permission {
                    family: family.to_owned(),
                    action: action.clone(),
                    resource: resource.clone(),
                }));
            }
        }
    }
    permissions
}

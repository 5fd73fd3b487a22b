//! An index that finds the policies for the name and the source of an event, or for a resource
//! type.
//!
//! The code never iterates over the hash maps. Therefore, their random order cannot affect any
//! output.

use super::compiled_policy::Policy;
use super::header::PolicyMatch;
use crate::event::strip_api_version;
use hashbrown::HashMap;

/// The indexes of policies by `eventName` and then `eventSource`, and by resource type.
#[derive(Debug, Default)]
pub(super) struct PolicyIndex {
    by_name: HashMap<String, Vec<(String, Vec<usize>)>>,
    /// The policies that match events of every name: the sources that they match, and their indexes.
    any_name: Vec<(PolicyMatch, usize)>,
    by_resource: HashMap<String, Vec<usize>>,
}

impl PolicyIndex {
    pub(super) fn new(policies: &[Policy]) -> Self {
        let mut index = PolicyIndex::default();
        for (number, policy) in policies.iter().enumerate() {
            for kind in &policy.matches.resource_type {
                index.by_resource.entry(kind.clone()).or_default().push(number);
            }
            if policy.matches.matches_any_name() {
                index.any_name.push((policy.matches.clone(), number));
                continue;
            }
            for name in &policy.matches.event_name {
                let sources = index.by_name.entry(name.clone()).or_default();
                for source in &policy.matches.event_source {
                    match sources.iter_mut().find(|entry| entry.0 == *source) {
                        Some(entry) => entry.1.push(number),
                        None => sources.push((source.clone(), vec![number])),
                    }
                }
            }
        }
        index
    }

    /// Returns whether a policy matches events with this name, with or without its API version.
    pub(super) fn has_event_name(&self, name: &str) -> bool {
        self.by_name.contains_key(name) || {
            let plain = strip_api_version(name);
            plain.len() < name.len() && self.by_name.contains_key(plain)
        }
    }

    /// Returns the policies that match events with this source and name, in ascending order.
    pub(super) fn policies_for_event(&self, source: &str, name: &str) -> Vec<usize> {
        let plain = strip_api_version(name);
        let mut wanted = self.policies_for_exact_name(source, name).to_vec();
        if plain.len() < name.len() {
            wanted.extend_from_slice(self.policies_for_exact_name(source, plain));
        }
        let any = self.any_name.iter().filter(|(matches, _)| matches.matches_event(source, name));
        wanted.extend(any.map(|(_, number)| number));
        wanted.sort_unstable();
        wanted.dedup();
        wanted
    }

    /// Returns the types of the callers whose events are matched by policies for every name: an empty
    /// list if there is no such policy, and `None` if such a policy matches every caller.
    pub(super) fn any_name_identities(&self) -> Option<Vec<&str>> {
        let mut identities = Vec::new();
        for (matches, _) in &self.any_name {
            if matches.identity_type.is_empty() {
                return None;
            }
            identities.extend(matches.identity_type.iter().map(String::as_str));
        }
        Some(identities)
    }

    /// Returns the policies that match configuration items of this resource type, in ascending
    /// order.
    pub(super) fn policies_for_resource(&self, kind: &str) -> &[usize] {
        self.by_resource.get(kind).map_or(&[], Vec::as_slice)
    }

    fn policies_for_exact_name(&self, source: &str, name: &str) -> &[usize] {
        let sources = self.by_name.get(name).map_or(&[][..], Vec::as_slice);
        sources.iter().find(|entry| entry.0 == source).map_or(&[], |entry| &entry.1)
    }
}

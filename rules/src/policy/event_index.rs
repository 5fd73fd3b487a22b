//! Which policies want an event, found by its name before anything else of it is read.
//!
//! The map is looked up once a record and never walked, so that its order reaches no output.

use super::compiled_policy::Policy;
use crate::event::strip_api_version;
use hashbrown::HashMap;

/// Policies by `eventName`, then by `eventSource`.
#[derive(Debug, Default)]
pub(super) struct PolicyIndex {
    by_name: HashMap<String, Vec<(String, Vec<usize>)>>,
    by_resource: HashMap<String, Vec<usize>>,
}

impl PolicyIndex {
    pub(super) fn new(policies: &[Policy]) -> Self {
        let mut index = PolicyIndex::default();
        for (number, policy) in policies.iter().enumerate() {
            for kind in &policy.matches.resource_type {
                index.by_resource.entry(kind.clone()).or_default().push(number);
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

    /// Whether some policy wants events of this name, with or without an API version.
    pub(super) fn has_event_name(&self, name: &str) -> bool {
        self.by_name.contains_key(name) || {
            let plain = strip_api_version(name);
            plain.len() < name.len() && self.by_name.contains_key(plain)
        }
    }

    /// The policies that want events of this name and source, in their own order.
    pub(super) fn policies_for_event(&self, source: &str, name: &str) -> Vec<usize> {
        let plain = strip_api_version(name);
        let mut wanted = self.policies_for_exact_name(source, name).to_vec();
        if plain.len() < name.len() {
            wanted.extend_from_slice(self.policies_for_exact_name(source, plain));
            wanted.sort_unstable();
            wanted.dedup();
        }
        wanted
    }

    /// The policies that judge configuration items of this resource type, in their own order.
    pub(super) fn policies_for_resource(&self, kind: &str) -> &[usize] {
        self.by_resource.get(kind).map_or(&[], Vec::as_slice)
    }

    fn policies_for_exact_name(&self, source: &str, name: &str) -> &[usize] {
        let sources = self.by_name.get(name).map_or(&[][..], Vec::as_slice);
        sources.iter().find(|entry| entry.0 == source).map_or(&[], |entry| &entry.1)
    }
}

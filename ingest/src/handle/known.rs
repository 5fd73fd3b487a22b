//! What is known of resources, for as long as one payload is handled.

use std::collections::BTreeMap;

use evenkeel_rules::{ConfigurationItem, MissingConfiguration, Resource, milliseconds};

use crate::outside::OutsideError;

/// What was learned of each resource that was asked for, refusals among it: nobody asks twice.
#[derive(Debug, Default)]
pub(super) struct Known(BTreeMap<Key, Result<ConfigurationItem, OutsideError>>);

/// Account, region, type and id.
type Key = [String; 4];

fn key(resource: &Resource) -> Key {
    [&resource.account, &resource.region, &resource.kind, &resource.id].map(Clone::clone)
}

impl Known {
    /// Whether a resource was asked for before.
    pub(super) fn has(&self, resource: &Resource) -> bool {
        self.0.contains_key(&key(resource))
    }

    /// Keeps what was learned of the resources that were wanted.
    pub(super) fn learn(
        &mut self,
        wanted: Vec<Resource>,
        states: Vec<Result<ConfigurationItem, OutsideError>>,
    ) {
        for (resource, state) in wanted.into_iter().zip(states) {
            self.0.insert(key(&resource), state);
        }
    }

    /// The state that tells what the event left behind, or why there is none.
    ///
    /// What was captured before the event shows what the resource was, not what it is: taken for knowledge,
    /// a violation would pass for compliance.
    pub(super) fn after(
        &self,
        missing: &MissingConfiguration,
    ) -> Result<&ConfigurationItem, String> {
        if missing.resource.id.is_empty() {
            return Err("the event does not name the resource".to_owned());
        }
        let state = self.0.get(&key(&missing.resource));
        let item = match state {
            Some(Ok(item)) => item,
            Some(Err(error)) => return Err(error.to_string()),
            None => return Err("it was not read".to_owned()),
        };
        if item.deleted() {
            return Err("AWS Config says that the resource is gone".to_owned());
        }
        match (milliseconds(&item.time), milliseconds(&missing.since)) {
            (Some(seen), Some(since)) if seen >= since => Ok(item),
            _ => Err("AWS Config has not seen it since the event".to_owned()),
        }
    }
}

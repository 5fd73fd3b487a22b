//! What is known of resources, for as long as one payload is handled.

use std::collections::BTreeMap;

use evenkeel_rules::event::EventError;
use evenkeel_rules::{
    ConfigurationItem, MissingConfiguration, ResourceIdentity, parse_epoch_millis,
};

use crate::environment::CloudContextError;

/// What was learned of each resource that was asked for, refusals among it: nobody asks twice.
#[derive(Debug, Default)]
pub(super) struct ResourceStateCache(
    BTreeMap<StateKey, Result<ConfigurationItem, CloudContextError>>,
);

/// Why it is not known what a resource is like after an event.
#[derive(Debug, thiserror::Error)]
pub(super) enum StateError {
    /// It is not known which resource it is.
    #[error("the event does not name the resource")]
    Unnamed,
    /// It cannot be read.
    #[error(transparent)]
    Cloud(CloudContextError),
    /// Nobody asked for it.
    #[error("it was not read")]
    NotRead,
    /// There is no such resource any more.
    #[error("AWS Config says that the resource is gone")]
    Gone,
    /// What is known is older than the event.
    #[error("AWS Config has not seen it since the event")]
    Outdated,
    /// The event cannot be judged with it.
    #[error(transparent)]
    Event(#[from] EventError),
}

/// Account, region, type and id.
type StateKey = [String; 4];

fn state_key(resource: &ResourceIdentity) -> StateKey {
    [&resource.account, &resource.region, &resource.kind, &resource.id].map(Clone::clone)
}

impl ResourceStateCache {
    /// Whether a resource was asked for before.
    pub(super) fn contains_resource(&self, resource: &ResourceIdentity) -> bool {
        self.0.contains_key(&state_key(resource))
    }

    /// Keeps what was learned of the resources that were wanted.
    pub(super) fn insert_states(
        &mut self,
        wanted: Vec<ResourceIdentity>,
        states: Vec<Result<ConfigurationItem, CloudContextError>>,
    ) {
        for (resource, state) in wanted.into_iter().zip(states) {
            self.0.insert(state_key(&resource), state);
        }
    }

    /// The state that tells what the event left behind, or why there is none.
    ///
    /// What was captured before the event shows what the resource was, not what it is: taken for knowledge,
    /// a violation would pass for compliance.
    pub(super) fn state_after(
        &self,
        missing: &MissingConfiguration,
    ) -> Result<&ConfigurationItem, StateError> {
        if missing.resource.id.is_empty() {
            return Err(StateError::Unnamed);
        }
        let state = self.0.get(&state_key(&missing.resource));
        let item = match state {
            Some(Ok(item)) => item,
            Some(Err(error)) => return Err(StateError::Cloud(error.clone())),
            None => return Err(StateError::NotRead),
        };
        if item.is_deleted() {
            return Err(StateError::Gone);
        }
        match (parse_epoch_millis(&item.time), parse_epoch_millis(&missing.since)) {
            (Some(seen), Some(since)) if seen >= since => Ok(item),
            _ => Err(StateError::Outdated),
        }
    }
}

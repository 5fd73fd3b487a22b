//! Caches the resource states that are fetched while one payload is handled.

use std::collections::BTreeMap;

use evenkeel_rules::event::EventError;
use evenkeel_rules::{
    ConfigurationItem, MissingConfiguration, ResourceIdentity, parse_epoch_millis,
};

use crate::environment::CloudContextError;

/// A cache of the fetched resource states and errors. Each resource is fetched only once.
#[derive(Debug, Default)]
pub(super) struct ResourceStateCache(
    BTreeMap<StateKey, Result<ConfigurationItem, CloudContextError>>,
);

/// The reason why the state of a resource after an event is unknown.
#[derive(Debug, thiserror::Error)]
pub(super) enum StateError {
    /// The event does not contain the id of the resource.
    #[error("the event does not name the resource")]
    Unnamed,
    /// The state cannot be fetched.
    #[error(transparent)]
    Cloud(CloudContextError),
    /// The state was not fetched.
    #[error("the state was not read")]
    NotRead,
    /// The resource was deleted.
    #[error("the resource was deleted according to AWS Config")]
    Gone,
    /// The recorded state is older than the event.
    #[error("AWS Config has not recorded the resource since the event")]
    Outdated,
    /// The event cannot be evaluated with the state.
    #[error(transparent)]
    Event(#[from] EventError),
}

/// The account, Region, type and id of a resource.
type StateKey = [String; 4];

fn state_key(resource: &ResourceIdentity) -> StateKey {
    [&resource.account, &resource.region, &resource.kind, &resource.id].map(Clone::clone)
}

impl ResourceStateCache {
    /// Returns whether the cache contains a result for the resource.
    pub(super) fn contains_resource(&self, resource: &ResourceIdentity) -> bool {
        self.0.contains_key(&state_key(resource))
    }

    /// Adds the result of each fetched resource.
    pub(super) fn insert_states(
        &mut self,
        resources: Vec<ResourceIdentity>,
        states: Vec<Result<ConfigurationItem, CloudContextError>>,
    ) {
        for (resource, state) in resources.into_iter().zip(states) {
            self.0.insert(state_key(&resource), state);
        }
    }

    /// Returns the state of the resource after the event, or the reason why it is unknown.
    ///
    /// The function does not return a state that was captured before the event. Such a state
    /// describes the resource before the change, so that a violation could be evaluated as
    /// compliant.
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

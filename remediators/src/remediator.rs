//! What a remediator is.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::violation::Target;

/// Restores one property of one kind of resource.
///
/// A dry run is `plan`; to verify is to `observe` the planned state; to undo is to `apply` the state before.
pub trait Remediator: Send + Sync {
    /// What is read and set, all of it: it is the before-image.
    type State: Clone + PartialEq + Serialize + DeserializeOwned + Send + Sync;

    /// Its name in policies' headers.
    const ID: &'static str;

    /// The IAM actions that it uses: its role is rendered from these.
    const PERMISSIONS: &'static [&'static str];

    /// Reads the state. Only a whole answer is one.
    fn observe(
        &self,
        target: &Target,
    ) -> impl Future<Output = Result<Self::State, RefusedByAws>> + Send;

    /// What to do about a state. Pure, and nothing once it was done.
    fn plan(&self, target: &Target, before: &Self::State) -> Plan<Self::State>;

    /// Sets the state, by the smallest call that does it. To do it again is harmless.
    fn apply(
        &self,
        target: &Target,
        state: &Self::State,
    ) -> impl Future<Output = Result<(), RefusedByAws>> + Send;
}

/// What to do about a state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Plan<S> {
    /// It is as it should be.
    Nothing,
    /// It should be so.
    Change(S),
    /// It is not as it should be, and must be left to a person.
    Refuse(String),
}

/// Why AWS did not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RefusedByAws {
    /// The resource is not there any more.
    #[error("the resource is gone")]
    Gone,
    /// Not with these permissions.
    #[error("not allowed: {0}")]
    Denied(String),
    /// Not now, not reachable, or an answer that cannot be read: later, perhaps.
    #[error("{0}")]
    Later(String),
}

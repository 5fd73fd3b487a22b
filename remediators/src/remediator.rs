//! What a remediator is.

pub(crate) mod aws_failure;
pub(crate) mod erased;
pub(crate) mod permission;
pub(crate) mod spec;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::remediator::spec::RemediatorSpec;
use crate::violation::Target;

/// Restores one property of one kind of resource.
///
/// A dry run is `plan`; to verify is to `observe` the planned state; to undo is to `apply` the state before.
pub trait Remediator: Send + Sync {
    /// What is read and set, all of it: it is the before-image.
    type State: Clone + PartialEq + Serialize + DeserializeOwned + Send + Sync;

    /// Its static facts.
    const SPEC: RemediatorSpec;

    /// The IAM actions by which a state is set from another, reads left out.
    fn calls(from: &Self::State, to: &Self::State) -> Vec<&'static str>;

    /// Reads the state. Only a whole answer is one.
    fn observe(
        &self,
        target: &Target,
    ) -> impl Future<Output = Result<Self::State, RefusedByAws>> + Send;

    /// What to do about a state. Pure, and nothing once it was done.
    fn plan(&self, target: &Target, before: &Self::State) -> Plan<Self::State>;

    /// What the state alone does not tell, asked of the world before anything is written.
    fn precheck(
        &self,
        _target: &Target,
        _before: &Self::State,
        _after: &Self::State,
    ) -> impl Future<Output = Result<Check, RefusedByAws>> + Send {
        std::future::ready(Ok(Check::Go))
    }

    /// Sets the state, by the smallest call that does it. To do it again is harmless.
    fn apply(
        &self,
        target: &Target,
        state: &Self::State,
    ) -> impl Future<Output = Result<(), RefusedByAws>> + Send;

    /// The same for one attempt: what is asked again with the same token is done once.
    fn apply_once(
        &self,
        target: &Target,
        state: &Self::State,
        _token: &str,
    ) -> impl Future<Output = Result<(), RefusedByAws>> + Send {
        self.apply(target, state)
    }

    /// Whether a state is one that an interruption of `apply` leaves, where that takes several calls: each part of it
    /// is as before or as planned. Then the attempt goes on.
    fn between(_seen: &Self::State, _before: &Self::State, _after: &Self::State) -> bool {
        false
    }

    /// Whether a state is the wanted one. They differ where AWS chooses a part of it, such as an identifier.
    fn reached(seen: &Self::State, wanted: &Self::State) -> bool {
        seen == wanted
    }
}

/// What to do about a state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Plan<S> {
    /// It is as it should be.
    Nothing,
    /// It should be so.
    Change(S),
    /// It is not as it should be, and is not repaired.
    Refuse(PlanRefusal),
}

/// Why a remediator does not repair a state that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanRefusal {
    /// What the policy's header says about the repair cannot be.
    #[error("{0}")]
    Setting(String),
    /// The state must be left to a person.
    #[error("{0}")]
    State(String),
}

impl<S> Plan<S> {
    /// Leaves the state to a person: the reason.
    pub fn leave(why: impl Into<String>) -> Plan<S> {
        Plan::Refuse(PlanRefusal::State(why.into()))
    }
}

/// What a check before the write says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Check {
    /// Nothing stands against it.
    Go,
    /// A person must say yes, whatever the mode: the reason.
    Ask(String),
    /// It would do harm: the reason.
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

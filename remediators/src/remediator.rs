//! What a remediator is.

pub(crate) mod aws_failure;
pub(crate) mod permission;
pub(crate) mod spec;
pub(crate) mod type_erasure;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::remediator::spec::RemediatorSpec;
use crate::violation::TargetResource;

/// Restores one property of one kind of resource.
///
/// A dry run is `plan`; to verify is to `observe` the planned state; to undo is to `apply` the state before.
pub trait Remediator: Send + Sync {
    /// What is read and set, all of it: it is the before-image.
    type State: Clone + PartialEq + Serialize + DeserializeOwned + Send + Sync;

    /// Its static facts.
    const SPEC: RemediatorSpec;

    /// The IAM actions by which a state is set from another, reads left out.
    fn required_actions(from: &Self::State, to: &Self::State) -> Vec<&'static str>;

    /// Reads the state. Only a whole answer is one.
    fn observe_state(
        &self,
        target: &TargetResource,
    ) -> impl Future<Output = Result<Self::State, AwsFailure>> + Send;

    /// What to do about a state. Pure, and nothing once it was done.
    fn plan_change(
        &self,
        target: &TargetResource,
        before: &Self::State,
    ) -> RemediationPlan<Self::State>;

    /// What the state alone does not tell, asked of the world before anything is written.
    fn check_preconditions(
        &self,
        _target: &TargetResource,
        _before: &Self::State,
        _after: &Self::State,
    ) -> impl Future<Output = Result<PrecheckResult, AwsFailure>> + Send {
        std::future::ready(Ok(PrecheckResult::Proceed))
    }

    /// Sets the state, by the smallest call that does it. To do it again is harmless.
    fn apply_state(
        &self,
        target: &TargetResource,
        state: &Self::State,
    ) -> impl Future<Output = Result<(), AwsFailure>> + Send;

    /// The same for one attempt: what is asked again with the same token is done once.
    fn apply_state_once(
        &self,
        target: &TargetResource,
        state: &Self::State,
        _token: &str,
    ) -> impl Future<Output = Result<(), AwsFailure>> + Send {
        self.apply_state(target, state)
    }

    /// Whether a state is one that an interruption of `apply` leaves, where that takes several calls: each part of it
    /// is as before or as planned. Then the attempt goes on.
    fn is_partial_state(_seen: &Self::State, _before: &Self::State, _after: &Self::State) -> bool {
        false
    }

    /// Whether a state is the wanted one. They differ where AWS chooses a part of it, such as an identifier.
    fn has_reached(seen: &Self::State, wanted: &Self::State) -> bool {
        seen == wanted
    }
}

/// What to do about a state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RemediationPlan<S> {
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
    InvalidSetting(String),
    /// The state must be left to a person.
    #[error("{0}")]
    NeedsPerson(String),
}

impl<S> RemediationPlan<S> {
    /// Leaves the state to a person: the reason.
    pub fn leave_to_person(why: impl Into<String>) -> RemediationPlan<S> {
        RemediationPlan::Refuse(PlanRefusal::NeedsPerson(why.into()))
    }
}

/// What a check before the write says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PrecheckResult {
    /// Nothing stands against it.
    Proceed,
    /// A person must say yes, whatever the mode: the reason.
    RequireApproval(String),
    /// It would do harm: the reason.
    Abort(String),
}

/// Why AWS did not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AwsFailure {
    /// The resource is not there any more.
    #[error("the resource is gone")]
    NotFound,
    /// Not with these permissions.
    #[error("not allowed: {0}")]
    Denied(String),
    /// Not now, not reachable, or an answer that cannot be read: later, perhaps.
    #[error("{0}")]
    Retryable(String),
}

//! The trait that all remediators implement, and the types of its results.

pub(crate) mod aws_failure;
pub(crate) mod permission;
pub(crate) mod spec;
pub(crate) mod type_erasure;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::remediator::spec::RemediatorSpec;
use crate::violation::TargetResource;

/// A remediator restores one property of one type of resource.
///
/// `plan_change` is the dry run, `observe_state` verifies a change, and `apply_state` with the
/// prior state is the undo.
///
/// # Examples
///
/// ```
/// use std::sync::atomic::{AtomicBool, Ordering};
///
/// use evenkeel_remediators::{
///     AwsFailure, RemediationPlan, Remediator, RemediatorSpec, TargetResource,
/// };
/// use evenkeel_rules::policy::SafetyTier;
///
/// /// Turns on a setting that is kept in memory.
/// struct EnableSetting(AtomicBool);
///
/// impl Remediator for EnableSetting {
///     type State = bool;
///
///     const SPEC: RemediatorSpec = RemediatorSpec {
///         id: "example-enable-setting",
///         permissions: &["example:GetSetting", "example:PutSetting"],
///         tier: Some(SafetyTier::A),
///         ..RemediatorSpec::EMPTY
///     };
///
///     fn required_actions(_: &bool, _: &bool) -> Vec<&'static str> {
///         vec!["example:PutSetting"]
///     }
///
///     async fn observe_state(&self, _: &TargetResource) -> Result<bool, AwsFailure> {
///         Ok(self.0.load(Ordering::Relaxed))
///     }
///
///     fn plan_change(&self, _: &TargetResource, before: &bool) -> RemediationPlan<bool> {
///         if *before { RemediationPlan::Nothing } else { RemediationPlan::Change(true) }
///     }
///
///     async fn apply_state(&self, _: &TargetResource, state: &bool) -> Result<(), AwsFailure> {
///         self.0.store(*state, Ordering::Relaxed);
///         Ok(())
///     }
/// }
///
/// let remediator = EnableSetting(AtomicBool::new(false));
/// let plan = remediator.plan_change(&TargetResource::default(), &false);
/// assert_eq!(plan, RemediationPlan::Change(true));
/// ```
pub trait Remediator: Send + Sync {
    /// The complete state that the remediator reads and writes. The ledger stores it as the backup
    /// of the prior state.
    type State: Clone + PartialEq + Serialize + DeserializeOwned + Send + Sync;

    /// The static properties of the remediator.
    const SPEC: RemediatorSpec;

    /// Returns the IAM actions that the change from `from` to `to` needs, without the read actions.
    fn required_actions(from: &Self::State, to: &Self::State) -> Vec<&'static str>;

    /// Reads the state of the resource. An incomplete response of AWS is an error.
    ///
    /// # Errors
    /// [`AwsFailure`] if AWS does not return the complete state.
    fn observe_state(
        &self,
        target: &TargetResource,
    ) -> impl Future<Output = Result<Self::State, AwsFailure>> + Send;

    /// Plans the change of a state. The function makes no calls. The plan for a state that was
    /// already corrected is [`RemediationPlan::Nothing`].
    fn plan_change(
        &self,
        target: &TargetResource,
        before: &Self::State,
    ) -> RemediationPlan<Self::State>;

    /// Checks conditions that the state does not contain, for example whether a backend supports
    /// TLS. The executor calls it before each write.
    ///
    /// # Errors
    /// [`AwsFailure`] if a condition cannot be checked.
    fn check_preconditions(
        &self,
        _target: &TargetResource,
        _before: &Self::State,
        _after: &Self::State,
    ) -> impl Future<Output = Result<PrecheckResult, AwsFailure>> + Send {
        std::future::ready(Ok(PrecheckResult::Proceed))
    }

    /// Writes the state with the smallest call that is sufficient. Repeated calls have no further
    /// effect.
    ///
    /// # Errors
    /// [`AwsFailure`] if AWS does not accept the change.
    fn apply_state(
        &self,
        target: &TargetResource,
        state: &Self::State,
    ) -> impl Future<Output = Result<(), AwsFailure>> + Send;

    /// Writes the state for one attempt. AWS executes requests with the same `token` only once, if
    /// the API supports tokens.
    ///
    /// # Errors
    /// [`AwsFailure`] if AWS does not accept the change.
    fn apply_state_once(
        &self,
        target: &TargetResource,
        state: &Self::State,
        _token: &str,
    ) -> impl Future<Output = Result<(), AwsFailure>> + Send {
        self.apply_state(target, state)
    }

    /// Returns whether an interrupted `apply_state` of several calls can leave the state `seen`:
    /// each part equals the prior or the planned state. The executor then continues the attempt.
    fn is_partial_state(_seen: &Self::State, _before: &Self::State, _after: &Self::State) -> bool {
        false
    }

    /// Returns whether `seen` fulfills the state `wanted`. Both can differ where AWS chooses a part
    /// of the state, such as an identifier.
    fn has_reached(seen: &Self::State, wanted: &Self::State) -> bool {
        seen == wanted
    }
}

/// The plan for a state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RemediationPlan<S> {
    /// The state is compliant: nothing is changed.
    Nothing,
    /// The state must be changed to this one.
    Change(S),
    /// The state is not compliant, and the remediator does not change it.
    Refuse(PlanRefusal),
}

/// The reason why a remediator does not change a non-compliant state.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanRefusal {
    /// A parameter in the header of the policy is not valid.
    #[error("{0}")]
    InvalidSetting(String),
    /// A person must decide about the state.
    #[error("{0}")]
    NeedsPerson(String),
}

impl<S> RemediationPlan<S> {
    /// Returns a plan that changes nothing and leaves the decision to a person, with the reason.
    pub fn leave_to_person(why: impl Into<String>) -> RemediationPlan<S> {
        RemediationPlan::Refuse(PlanRefusal::NeedsPerson(why.into()))
    }
}

/// The result of the precondition check before a write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PrecheckResult {
    /// All preconditions are fulfilled.
    Proceed,
    /// The change needs an approval in every mode. Contains the reason.
    RequireApproval(String),
    /// The change would cause damage and is not made. Contains the reason.
    Abort(String),
}

/// The reason why a request to AWS failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AwsFailure {
    /// The resource does not exist any more.
    #[error("the resource no longer exists")]
    NotFound,
    /// The request was refused, for example because of missing permissions. A retry does not help.
    #[error(
        "the request was refused: {0}; check the permissions and parameters of the remediation"
    )]
    Denied(String),
    /// The request can succeed later: AWS is throttling or not reachable, or its response was not
    /// readable.
    #[error("{0}")]
    Retryable(String),
}

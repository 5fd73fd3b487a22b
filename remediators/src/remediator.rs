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
/// The executor calls `observe_state` to read the state before a change and to verify it
/// afterwards. It calls `plan_change` to plan without a write, and `apply_state` to write the
/// planned state. An undo calls `apply_state` with the prior state.
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

    /// Reads the present state of the resource. If the response of AWS is incomplete, the function
    /// returns an error and does not guess the missing values.
    ///
    /// # Errors
    /// [`AwsFailure`] if AWS does not return the complete state.
    fn observe_state(
        &self,
        target: &TargetResource,
    ) -> impl Future<Output = Result<Self::State, AwsFailure>> + Send;

    /// Plans the change of the state `before`. The function makes no AWS calls. For a compliant
    /// state it returns [`RemediationPlan::Nothing`].
    fn plan_change(
        &self,
        target: &TargetResource,
        before: &Self::State,
    ) -> RemediationPlan<Self::State>;

    /// Checks conditions that the state does not contain, for example whether a backend supports
    /// TLS. The executor calls the function when it plans and again before it writes.
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

    /// Writes `state` to the resource with the AWS call that changes the fewest settings. A
    /// repeated call with the same state has no further effect.
    ///
    /// # Errors
    /// [`AwsFailure`] if AWS does not accept the change.
    fn apply_state(
        &self,
        target: &TargetResource,
        state: &Self::State,
    ) -> impl Future<Output = Result<(), AwsFailure>> + Send;

    /// Writes `state` to the resource once for an attempt. If the API supports idempotency tokens,
    /// AWS executes requests with the same `token` only once. The default implementation ignores
    /// the token and calls [`Remediator::apply_state`].
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

    /// Returns whether each part of the state `seen` equals that part of `before` or of `after`. An
    /// `apply_state` that makes several calls can leave such a state if it is interrupted. The
    /// executor then continues the attempt. The default implementation returns false.
    fn is_partial_state(_seen: &Self::State, _before: &Self::State, _after: &Self::State) -> bool {
        false
    }

    /// Returns whether the observed state `seen` satisfies the state `wanted`. The states can
    /// differ in the parts that AWS chooses, such as an identifier.
    fn has_reached(seen: &Self::State, wanted: &Self::State) -> bool {
        seen == wanted
    }
}

/// The plan of a remediator for an observed state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RemediationPlan<S> {
    /// The state is compliant, so the remediator changes nothing.
    Nothing,
    /// The state is not compliant. Contains the compliant state that the remediator writes.
    Change(S),
    /// The state is not compliant, and the remediator does not change it. Contains the reason.
    Refuse(PlanRefusal),
}

/// The reason why a remediator does not change a non-compliant state.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanRefusal {
    /// A parameter in the policy header is not valid. Contains the reason.
    #[error("{0}")]
    InvalidSetting(String),
    /// A person must decide whether and how to change the resource. Contains the reason.
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
    /// The change needs an approval, even in mode `auto`. Contains the reason.
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

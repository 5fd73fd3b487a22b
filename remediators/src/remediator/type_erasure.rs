//! An object-safe form of remediators, with states as JSON for the ledger, plan hashes and
//! previews.

use std::pin::Pin;

use serde::Deserialize;
use serde_json::Value;

use crate::remediator::spec::RemediatorSpec;
use crate::remediator::{AwsFailure, PrecheckResult, RemediationPlan, Remediator};
use crate::violation::TargetResource;

/// The error of a state that cannot be read from JSON or written as JSON.
#[derive(Debug, thiserror::Error)]
#[error("the state of remediator `{remediator}` cannot be read or written as JSON: {error}")]
pub struct StateError {
    /// The id of the remediator.
    pub remediator: &'static str,
    /// The error of the JSON conversion.
    #[source]
    pub error: serde_json::Error,
}

/// The future of an AWS response. The outer error is a failed JSON conversion of a state, and the
/// inner error is a failed AWS request.
pub type AwsFuture<'a, T> =
    Pin<Box<dyn Future<Output = Result<Result<T, AwsFailure>, StateError>> + Send + 'a>>;

/// A [`Remediator`] whose states are JSON values, so that one type can hold every remediator.
/// [`Remediator`] documents the functions.
pub trait ErasedRemediator: Send + Sync {
    /// Returns [`Remediator::SPEC`].
    fn spec(&self) -> &'static RemediatorSpec;

    /// Converts a state from the ledger to the form that [`ErasedRemediator::observe_state`]
    /// returns, so that the two states can be compared.
    ///
    /// # Errors
    /// [`StateError`] if the state does not have the form that the remediator expects.
    fn read_state(&self, kept: &Value) -> Result<Value, StateError>;

    /// Calls [`Remediator::required_actions`].
    fn required_actions(&self, from: &Value, to: &Value) -> Result<Vec<&'static str>, StateError>;

    /// Calls [`Remediator::observe_state`].
    fn observe_state<'a>(&'a self, target: &'a TargetResource) -> AwsFuture<'a, Value>;

    /// Calls [`Remediator::plan_change`].
    fn plan_change(
        &self,
        target: &TargetResource,
        before: &Value,
    ) -> Result<RemediationPlan<Value>, StateError>;

    /// Calls [`Remediator::check_preconditions`].
    fn check_preconditions<'a>(
        &'a self,
        target: &'a TargetResource,
        before: &'a Value,
        after: &'a Value,
    ) -> AwsFuture<'a, PrecheckResult>;

    /// Calls [`Remediator::apply_state`].
    fn apply_state<'a>(&'a self, target: &'a TargetResource, state: &'a Value)
    -> AwsFuture<'a, ()>;

    /// Calls [`Remediator::apply_state_once`].
    fn apply_state_once<'a>(
        &'a self,
        target: &'a TargetResource,
        state: &'a Value,
        token: &'a str,
    ) -> AwsFuture<'a, ()>;

    /// Calls [`Remediator::is_partial_state`].
    fn is_partial_state(
        &self,
        seen: &Value,
        before: &Value,
        after: &Value,
    ) -> Result<bool, StateError>;

    /// Calls [`Remediator::has_reached`].
    fn has_reached(&self, seen: &Value, wanted: &Value) -> Result<bool, StateError>;
}

impl<R: Remediator> ErasedRemediator for R {
    fn spec(&self) -> &'static RemediatorSpec {
        &R::SPEC
    }

    fn read_state(&self, kept: &Value) -> Result<Value, StateError> {
        serialize_state::<R>(&deserialize_state::<R>(kept)?)
    }

    fn required_actions(&self, from: &Value, to: &Value) -> Result<Vec<&'static str>, StateError> {
        Ok(R::required_actions(&deserialize_state::<R>(from)?, &deserialize_state::<R>(to)?))
    }

    fn observe_state<'a>(&'a self, target: &'a TargetResource) -> AwsFuture<'a, Value> {
        Box::pin(async move {
            match Remediator::observe_state(self, target).await {
                Ok(state) => Ok(Ok(serialize_state::<R>(&state)?)),
                Err(refused) => Ok(Err(refused)),
            }
        })
    }

    fn plan_change(
        &self,
        target: &TargetResource,
        before: &Value,
    ) -> Result<RemediationPlan<Value>, StateError> {
        Ok(match Remediator::plan_change(self, target, &deserialize_state::<R>(before)?) {
            RemediationPlan::Nothing => RemediationPlan::Nothing,
            RemediationPlan::Change(after) => {
                RemediationPlan::Change(serialize_state::<R>(&after)?)
            }
            RemediationPlan::Refuse(why) => RemediationPlan::Refuse(why),
        })
    }

    fn check_preconditions<'a>(
        &'a self,
        target: &'a TargetResource,
        before: &'a Value,
        after: &'a Value,
    ) -> AwsFuture<'a, PrecheckResult> {
        Box::pin(async move {
            let (before, after) = (deserialize_state::<R>(before)?, deserialize_state::<R>(after)?);
            Ok(Remediator::check_preconditions(self, target, &before, &after).await)
        })
    }

    fn apply_state<'a>(
        &'a self,
        target: &'a TargetResource,
        state: &'a Value,
    ) -> AwsFuture<'a, ()> {
        Box::pin(async move {
            let state = deserialize_state::<R>(state)?;
            Ok(Remediator::apply_state(self, target, &state).await)
        })
    }

    fn apply_state_once<'a>(
        &'a self,
        target: &'a TargetResource,
        state: &'a Value,
        token: &'a str,
    ) -> AwsFuture<'a, ()> {
        Box::pin(async move {
            let state = deserialize_state::<R>(state)?;
            Ok(Remediator::apply_state_once(self, target, &state, token).await)
        })
    }

    fn is_partial_state(
        &self,
        seen: &Value,
        before: &Value,
        after: &Value,
    ) -> Result<bool, StateError> {
        Ok(R::is_partial_state(
            &deserialize_state::<R>(seen)?,
            &deserialize_state::<R>(before)?,
            &deserialize_state::<R>(after)?,
        ))
    }

    fn has_reached(&self, seen: &Value, wanted: &Value) -> Result<bool, StateError> {
        Ok(R::has_reached(&deserialize_state::<R>(seen)?, &deserialize_state::<R>(wanted)?))
    }
}

fn deserialize_state<R: Remediator>(state: &Value) -> Result<R::State, StateError> {
    let state_error = |error| StateError { remediator: R::SPEC.id, error };
    R::State::deserialize(state).map_err(state_error)
}

fn serialize_state<R: Remediator>(state: &R::State) -> Result<Value, StateError> {
    serde_json::to_value(state).map_err(|error| StateError { remediator: R::SPEC.id, error })
}

//! Any remediator, with states as JSON: as they stand in the ledger, in a plan's hash and in a preview.

use std::pin::Pin;

use serde::Deserialize;
use serde_json::Value;

use crate::remediator::spec::RemediatorSpec;
use crate::remediator::{AwsFailure, PrecheckResult, RemediationPlan, Remediator};
use crate::violation::TargetResource;

/// A state that the remediator cannot read, or cannot write as JSON.
#[derive(Debug, thiserror::Error)]
#[error("a state of the remediator `{remediator}` cannot be read: {error}")]
pub struct StateError {
    /// The remediator's id.
    pub remediator: &'static str,
    /// What is wrong with it.
    #[source]
    pub error: serde_json::Error,
}

/// An answer of AWS, to come. The outer result tells of states, the inner one of AWS.
pub type AwsFuture<'a, T> =
    Pin<Box<dyn Future<Output = Result<Result<T, AwsFailure>, StateError>> + Send + 'a>>;

/// A remediator of any type of state. See [`Remediator`] for what each function does.
pub trait ErasedRemediator: Send + Sync {
    /// [`Remediator::SPEC`].
    fn spec(&self) -> &'static RemediatorSpec;

    /// A state that was kept, in the form in which `observe` gives one.
    fn read_state(&self, kept: &Value) -> Result<Value, StateError>;

    /// [`Remediator::required_actions`].
    fn required_actions(&self, from: &Value, to: &Value) -> Result<Vec<&'static str>, StateError>;

    /// [`Remediator::observe_state`].
    fn observe_state<'a>(&'a self, target: &'a TargetResource) -> AwsFuture<'a, Value>;

    /// [`Remediator::plan_change`].
    fn plan_change(
        &self,
        target: &TargetResource,
        before: &Value,
    ) -> Result<RemediationPlan<Value>, StateError>;

    /// [`Remediator::check_preconditions`].
    fn check_preconditions<'a>(
        &'a self,
        target: &'a TargetResource,
        before: &'a Value,
        after: &'a Value,
    ) -> AwsFuture<'a, PrecheckResult>;

    /// [`Remediator::apply_state`].
    fn apply_state<'a>(&'a self, target: &'a TargetResource, state: &'a Value)
    -> AwsFuture<'a, ()>;

    /// [`Remediator::apply_state_once`].
    fn apply_state_once<'a>(
        &'a self,
        target: &'a TargetResource,
        state: &'a Value,
        token: &'a str,
    ) -> AwsFuture<'a, ()>;

    /// [`Remediator::is_partial_state`].
    fn is_partial_state(
        &self,
        seen: &Value,
        before: &Value,
        after: &Value,
    ) -> Result<bool, StateError>;

    /// [`Remediator::has_reached`].
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
    let of = |error| StateError { remediator: R::SPEC.id, error };
    R::State::deserialize(state).map_err(of)
}

fn serialize_state<R: Remediator>(state: &R::State) -> Result<Value, StateError> {
    serde_json::to_value(state).map_err(|error| StateError { remediator: R::SPEC.id, error })
}

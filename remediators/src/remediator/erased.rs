//! Any remediator, with states as JSON: as they stand in the ledger, in a plan's hash and in a preview.

use std::pin::Pin;

use serde::Deserialize;
use serde_json::Value;

use crate::remediator::spec::RemediatorSpec;
use crate::remediator::{Check, Plan, RefusedByAws, Remediator};
use crate::violation::Target;

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
pub type AwsAnswer<'a, T> =
    Pin<Box<dyn Future<Output = Result<Result<T, RefusedByAws>, StateError>> + Send + 'a>>;

/// A remediator of any type of state. See [`Remediator`] for what each function does.
pub trait ErasedRemediator: Send + Sync {
    /// [`Remediator::SPEC`].
    fn spec(&self) -> &'static RemediatorSpec;

    /// A state that was kept, in the form in which `observe` gives one.
    fn read_state(&self, kept: &Value) -> Result<Value, StateError>;

    /// [`Remediator::calls`].
    fn calls(&self, from: &Value, to: &Value) -> Result<Vec<&'static str>, StateError>;

    /// [`Remediator::observe`].
    fn observe<'a>(&'a self, target: &'a Target) -> AwsAnswer<'a, Value>;

    /// [`Remediator::plan`].
    fn plan(&self, target: &Target, before: &Value) -> Result<Plan<Value>, StateError>;

    /// [`Remediator::precheck`].
    fn precheck<'a>(
        &'a self,
        target: &'a Target,
        before: &'a Value,
        after: &'a Value,
    ) -> AwsAnswer<'a, Check>;

    /// [`Remediator::apply`].
    fn apply<'a>(&'a self, target: &'a Target, state: &'a Value) -> AwsAnswer<'a, ()>;

    /// [`Remediator::apply_once`].
    fn apply_once<'a>(
        &'a self,
        target: &'a Target,
        state: &'a Value,
        token: &'a str,
    ) -> AwsAnswer<'a, ()>;

    /// [`Remediator::between`].
    fn between(&self, seen: &Value, before: &Value, after: &Value) -> Result<bool, StateError>;

    /// [`Remediator::reached`].
    fn reached(&self, seen: &Value, wanted: &Value) -> Result<bool, StateError>;
}

impl<R: Remediator> ErasedRemediator for R {
    fn spec(&self) -> &'static RemediatorSpec {
        &R::SPEC
    }

    fn read_state(&self, kept: &Value) -> Result<Value, StateError> {
        write::<R>(&read::<R>(kept)?)
    }

    fn calls(&self, from: &Value, to: &Value) -> Result<Vec<&'static str>, StateError> {
        Ok(R::calls(&read::<R>(from)?, &read::<R>(to)?))
    }

    fn observe<'a>(&'a self, target: &'a Target) -> AwsAnswer<'a, Value> {
        Box::pin(async move {
            match Remediator::observe(self, target).await {
                Ok(state) => Ok(Ok(write::<R>(&state)?)),
                Err(refused) => Ok(Err(refused)),
            }
        })
    }

    fn plan(&self, target: &Target, before: &Value) -> Result<Plan<Value>, StateError> {
        Ok(match Remediator::plan(self, target, &read::<R>(before)?) {
            Plan::Nothing => Plan::Nothing,
            Plan::Change(after) => Plan::Change(write::<R>(&after)?),
            Plan::Refuse(why) => Plan::Refuse(why),
        })
    }

    fn precheck<'a>(
        &'a self,
        target: &'a Target,
        before: &'a Value,
        after: &'a Value,
    ) -> AwsAnswer<'a, Check> {
        Box::pin(async move {
            let (before, after) = (read::<R>(before)?, read::<R>(after)?);
            Ok(Remediator::precheck(self, target, &before, &after).await)
        })
    }

    fn apply<'a>(&'a self, target: &'a Target, state: &'a Value) -> AwsAnswer<'a, ()> {
        Box::pin(async move {
            let state = read::<R>(state)?;
            Ok(Remediator::apply(self, target, &state).await)
        })
    }

    fn apply_once<'a>(
        &'a self,
        target: &'a Target,
        state: &'a Value,
        token: &'a str,
    ) -> AwsAnswer<'a, ()> {
        Box::pin(async move {
            let state = read::<R>(state)?;
            Ok(Remediator::apply_once(self, target, &state, token).await)
        })
    }

    fn between(&self, seen: &Value, before: &Value, after: &Value) -> Result<bool, StateError> {
        Ok(R::between(&read::<R>(seen)?, &read::<R>(before)?, &read::<R>(after)?))
    }

    fn reached(&self, seen: &Value, wanted: &Value) -> Result<bool, StateError> {
        Ok(R::reached(&read::<R>(seen)?, &read::<R>(wanted)?))
    }
}

fn read<R: Remediator>(state: &Value) -> Result<R::State, StateError> {
    let of = |error| StateError { remediator: R::SPEC.id, error };
    R::State::deserialize(state).map_err(of)
}

fn write<R: Remediator>(state: &R::State) -> Result<Value, StateError> {
    serde_json::to_value(state).map_err(|error| StateError { remediator: R::SPEC.id, error })
}

//! The internal functions that decide whether `or` and `orValue` evaluate their argument.

use cel::common::types::{self, CelBool, CelOptional};
use cel::common::value::CowVal;
use cel::{DeclarationError, Env, ExecutionError};

use super::values::single_argument;

/// The functions that have a fallback as their argument. Each has an internal function, which
/// returns whether the optional has a value. An error names the function that the author wrote.
const FALLBACKS: &[(&str, &str)] = &[("or", "@or"), ("orValue", "@orValue")];

/// Returns the internal function for `or` and `orValue`, and `None` for other functions.
pub(crate) fn fallback_condition(function: &str) -> Option<&'static str> {
    FALLBACKS.iter().find(|(name, _)| *name == function).map(|(_, condition)| *condition)
}

/// Declares the functions of this file in the environment.
pub(super) fn declare_fallback_conditions(env: &mut Env) -> Result<(), DeclarationError> {
    env.add_overload("@or", "@or(dyn)", vec![types::DYN_TYPE], |args| has_value("@or", args))?;
    env.add_overload("@orValue", "@orValue(dyn)", vec![types::DYN_TYPE], |args| {
        has_value("@orValue", args)
    })
}

fn has_value<'b, 'v>(
    function: &str,
    args: Vec<CowVal<'b, 'v>>,
) -> Result<CowVal<'b, 'v>, ExecutionError> {
    let value = single_argument(function, args)?;
    let Some(optional) = value.downcast_ref::<CelOptional<'_>>() else {
        let types = vec![value.get_type().name().to_owned()];
        return Err(ExecutionError::no_such_member_overload(function, types));
    };
    Ok(CowVal::owned(CelBool::from(optional.option().is_some())))
}

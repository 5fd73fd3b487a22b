//! Records the values of selected nodes during an evaluation.
//!
//! A tool wraps a node in a call that records the value of the node. An expression that no tool has
//! changed contains no such call, so its evaluation has no additional cost.

use super::value::to_json;
use cel::common::ast::{CallExpr, Expr, IdedExpr, LiteralValue};
use cel::common::types::{self, CelInt};
use cel::common::value::CowVal;
use cel::{DeclarationError, Env, ExecutionError};
use serde_json::Value;
use std::cell::RefCell;

const OBSERVE_FUNCTION: &str = "@seen";

thread_local! {
    static OBSERVED: RefCell<Vec<(u64, Value)>> = const { RefCell::new(Vec::new()) };
}

/// Wraps a node in a call that records its value.
pub fn observe_node(node: IdedExpr) -> IdedExpr {
    let id = node.id;
    let number = Expr::Literal(LiteralValue::Int(CelInt::from(id.cast_signed())));
    let args = vec![IdedExpr { id, expr: number }, node];
    let call = CallExpr { func_name: OBSERVE_FUNCTION.to_owned(), target: None, args };
    IdedExpr { id, expr: Expr::Call(call) }
}

/// Returns the node inside a call that [`observe_node`] created, or `None` for any other node.
pub fn observed_node(node: &IdedExpr) -> Option<&IdedExpr> {
    let Expr::Call(call) = &node.expr else { return None };
    let [_, whole] = call.args.as_slice() else { return None };
    (call.func_name == OBSERVE_FUNCTION).then_some(whole)
}

/// Runs `work`. Returns its result, and the id and value of each observed node, in the order of
/// their evaluation.
pub fn record_observations<T>(work: impl FnOnce() -> T) -> (T, Vec<(u64, Value)>) {
    OBSERVED.take();
    let done = work();
    (done, OBSERVED.take())
}

fn record_value<'b, 'v>(args: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    let mut args = args.into_iter();
    let (Some(id), Some(value)) = (args.next(), args.next()) else {
        return Err(ExecutionError::missing_argument_or_target());
    };
    if let Some(id) = id.downcast_ref::<CelInt>() {
        let seen = (id.inner().cast_unsigned(), to_json(&*value));
        OBSERVED.with_borrow_mut(|observed| observed.push(seen));
    }
    Ok(value)
}

/// Declares the function that records the value of a node.
pub(crate) fn declare_observation(env: &mut Env) -> Result<(), DeclarationError> {
    env.add_overload(OBSERVE_FUNCTION, "seen", vec![types::INT_TYPE, types::DYN_TYPE], record_value)
}

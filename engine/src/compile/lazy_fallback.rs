//! Makes `or` and `orValue` evaluate their argument only if the optional is empty.
//!
//! The crate `cel` evaluates all arguments before a call. With `request.?a.or(response.?a)`, the
//! policy would then read the response of each event, and an event without a response would have an
//! unknown result although the request has the value.
//! [cel-go](https://github.com/google/cel-go/blob/master/cel/library.go) does not evaluate the
//! argument either if the optional has a value.

use super::name_resolution::free_names;
use crate::library::optionals::fallback_condition;
use cel::common::ast::operators;
use cel::common::ast::{CallExpr, ComprehensionExpr, Expr, IdedExpr, ListExpr, LiteralValue};

/// The variable that contains the optional. A fallback in the argument binds the same name again.
/// This is safe, because the argument does not use the outer variable.
const OPTIONAL: &str = "@optional";

/// Rewrites `x.or(y)` to `cel.bind(@optional, x, @or(@optional) ? @optional : y)`, and `orValue` in
/// the same way. A call whose argument reads no variable stays as it is, because it is cheaper.
pub(super) fn defer_fallback(expr: &mut IdedExpr) {
    let Expr::Call(call) = &mut expr.expr else { return };
    let Some(condition) = fallback_condition(&call.func_name) else { return };
    let [fallback] = call.args.as_slice() else { return };
    if call.target.is_none() || free_names(fallback).is_empty() {
        return;
    }
    let (id, returns_optional) = (expr.id, call.func_name == "or");
    let target = call.target.take().map_or_else(IdedExpr::default, |target| *target);
    let fallback = call.args.pop().unwrap_or_default();
    let node = |expr| IdedExpr { id, expr };
    let optional = || node(Expr::Ident(OPTIONAL.to_owned()));
    let has_value = build_call(id, condition, None, vec![optional()]);
    let present = if returns_optional {
        optional()
    } else {
        build_call(id, "value", Some(optional()), vec![])
    };
    let result = build_call(id, operators::CONDITIONAL, None, vec![has_value, present, fallback]);
    expr.expr = Expr::Comprehension(Box::new(ComprehensionExpr {
        iter_range: node(Expr::List(ListExpr::new(vec![]))),
        iter_var: "#unused".to_owned(),
        iter_var2: None,
        accu_var: OPTIONAL.to_owned(),
        accu_init: target,
        loop_cond: node(Expr::Literal(LiteralValue::Boolean(false.into()))),
        loop_step: optional(),
        result,
    }));
}

fn build_call(id: u64, name: &str, target: Option<IdedExpr>, args: Vec<IdedExpr>) -> IdedExpr {
    let call = CallExpr { func_name: name.to_owned(), target: target.map(Box::new), args };
    IdedExpr { id, expr: Expr::Call(call) }
}

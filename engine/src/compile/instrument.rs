//! Rewrites an expression so that its evaluation charges the budget, compiles each regular
//! expression once, and iterates over maps in a fixed order.

use super::charges::{CallCharge, find_charge};
use super::lazy_fallback::defer_fallback;
use super::name_resolution::qualified_name;
use crate::ast::walk::{child_expressions, visit_children_mut};
use crate::run::budget;
use cel::common::ast::{
    CallExpr, ComprehensionExpr, EntryExpr, Expr, IdedExpr, LiteralValue, operators,
};
use cel::common::types::CelInt;

/// The internal calls that replace calls which an author wrote.
const REWRITTEN_CALLS: &[&str] = &["@matches", budget::JOIN, budget::REPLACE, operators::IN];

/// Returns whether a call of this name, in a compiled tree, comes from the author of the
/// expression.
pub fn is_written_call(name: &str) -> bool {
    !name.starts_with('@') || REWRITTEN_CALLS.contains(&name)
}

/// The number of nodes of a loop body that cost one unit for each iteration.
const PARTS_PER_ROUND: usize = 64;

/// Inserts the calls that charge the budget into `expr`, caches its regular expressions, and sorts
/// its maps. Makes `or` and `orValue` evaluate their argument only if they need it.
pub(super) fn instrument_expression(expr: &mut IdedExpr) {
    defer_fallback(expr);
    if let Expr::Comprehension(c) = &mut expr.expr {
        let cost = round_cost(c);
        visit_children_mut(expr, &mut instrument_expression);
        if let Expr::Comprehension(c) = &mut expr.expr {
            instrument_loop(c, cost);
        }
        return;
    }
    visit_children_mut(expr, &mut instrument_expression);
    match &mut expr.expr {
        Expr::Call(call) => {
            let made = instrument_call(call);
            let grows = result_can_grow(call);
            if grows {
                wrap_in_call(expr, budget::GROWN);
            } else if made {
                wrap_in_call(expr, budget::WEIGH);
            }
        }
        // The evaluation copies each element into the new list or map, so each copy is charged.
        Expr::List(list) => list.elements.iter_mut().for_each(charge_if_long),
        Expr::Map(map) => {
            for entry in &mut map.entries {
                if let EntryExpr::MapEntry(entry) = &mut entry.expr {
                    charge_if_long(&mut entry.value);
                }
            }
        }
        _ => {}
    }
}

/// Returns the cost of one iteration, from the number of nodes that it evaluates.
fn round_cost(c: &ComprehensionExpr) -> i64 {
    let parts = count_nodes(&c.loop_step).saturating_div(PARTS_PER_ROUND).saturating_add(1);
    i64::try_from(parts).unwrap_or(i64::MAX)
}

fn count_nodes(expr: &IdedExpr) -> usize {
    child_expressions(expr).into_iter().map(count_nodes).fold(1, usize::saturating_add)
}

fn instrument_loop(c: &mut ComprehensionExpr, cost: i64) {
    // `cel.bind` is a loop over an empty list. It copies the bound value and the result.
    if matches!(&c.iter_range.expr, Expr::List(list) if list.elements.is_empty()) {
        charge_if_long(&mut c.accu_init);
        charge_if_long(&mut c.result);
        return;
    }
    wrap_in_call(&mut c.iter_range, budget::WALK);
    if cost > 1
        && let Expr::Call(walk) = &mut c.iter_range.expr
    {
        let cost = Expr::Literal(LiteralValue::Int(CelInt::from(cost)));
        walk.args.push(IdedExpr { id: c.iter_range.id, expr: cost });
    }
    // `map` and `filter` have a literal condition and stop at the first error, so an exhausted
    // budget stops them. Other loops continue after an error. Their condition must fail when the
    // budget is exhausted.
    if !matches!(c.loop_cond.expr, Expr::Literal(_)) {
        wrap_in_call(&mut c.loop_cond, budget::ROUND);
    }
}

/// Adds a charge for the value of an expression that is about to be read or copied. Literals,
/// booleans and values that are already charged get no charge.
fn charge_if_long(expr: &mut IdedExpr) {
    let is_short = match &expr.expr {
        Expr::Literal(_) | Expr::Unspecified => true,
        Expr::Ident(name) => name.starts_with('@'),
        Expr::Call(call) => {
            call.func_name == budget::WEIGH
                || call.func_name == budget::GROWN
                || is_logical(&call.func_name)
        }
        _ => false,
    };
    if !is_short {
        wrap_in_call(expr, budget::WEIGH);
    }
}

/// Returns whether an operator returns a boolean.
fn is_logical(operator: &str) -> bool {
    matches!(
        operator,
        operators::LOGICAL_AND
            | operators::LOGICAL_OR
            | operators::LOGICAL_NOT
            | operators::EQUALS
            | operators::NOT_EQUALS
            | operators::IN
    )
}

/// Rewrites a call so that it charges its arguments. Returns whether the caller must also charge
/// the result.
fn instrument_call(call: &mut CallExpr) -> bool {
    let qualified = qualified_name(call);
    let charge = find_charge(qualified.as_deref().unwrap_or(&call.func_name));
    if matches!(charge, Some(CallCharge::Reads | CallCharge::Makes)) {
        call.args.iter_mut().for_each(charge_if_long);
        if qualified.is_none()
            && let Some(target) = &mut call.target
        {
            charge_if_long(target);
        }
    }
    let namespace = match call.target.as_ref().map(|target| &target.expr) {
        Some(Expr::Ident(name)) => Some(name.as_str()),
        _ => None,
    };
    match (namespace, call.func_name.as_str()) {
        (Some("regex"), _) => {}
        (_, "matches") => rename_call(call, "@matches"),
        (_, "split") => rename_call(call, budget::SPLIT),
        (Some("lists"), "range") => wrap_arguments(&mut call.args, budget::COUNT),
        (Some("sets"), _) => wrap_arguments(&mut call.args, budget::PAIRS),
        (_, "join") => rename_call(call, budget::JOIN),
        (_, "replace") => rename_call(call, budget::REPLACE),
        (_, "distinct" | "sort") => {
            if let Some(target) = &mut call.target {
                wrap_in_call(target, budget::PAIRS);
            }
        }
        (None, operators::IN) => {
            if let Some(list) = call.args.get_mut(1)
                && !matches!(list.expr, Expr::List(_))
            {
                wrap_in_call(list, budget::WALK);
            }
        }
        (None, operators::EQUALS | operators::NOT_EQUALS) => instrument_equality(call),
        _ => {}
    }
    charge == Some(CallCharge::Makes)
}

fn instrument_equality(call: &mut CallExpr) {
    let [left, right] = call.args.as_mut_slice() else { return };
    let is_written =
        |side: &IdedExpr| matches!(side.expr, Expr::Literal(_) | Expr::List(_) | Expr::Map(_));
    if !is_written(left) && !is_written(right) {
        charge_if_long(left);
        charge_if_long(right);
    }
    // The left operand performs the comparison. A list or map literal cannot compare itself with a
    // value of an event, so the other operand goes to the left.
    if matches!(left.expr, Expr::List(_) | Expr::Map(_)) {
        std::mem::swap(left, right);
    }
}

/// Returns whether the result of a call can be longer than its operands.
fn result_can_grow(call: &CallExpr) -> bool {
    match call.func_name.as_str() {
        "format" | "flatten" => true,
        // `map` and `filter` collect their results with `@result + [x]`. Their range is already
        // charged.
        operators::ADD => !matches!(
            call.args.first().map(|left| &left.expr),
            Some(Expr::Ident(name)) if name.starts_with('@')
        ),
        _ => false,
    }
}

fn rename_call(call: &mut CallExpr, function: &str) {
    function.clone_into(&mut call.func_name);
}

fn wrap_arguments(args: &mut [IdedExpr], function: &str) {
    for arg in args {
        wrap_in_call(arg, function);
    }
}

fn wrap_in_call(expr: &mut IdedExpr, function: &str) {
    let inner = std::mem::take(expr);
    let call = CallExpr { func_name: function.to_owned(), target: None, args: vec![inner] };
    *expr = IdedExpr { id: call.args.first().map_or(0, |arg| arg.id), expr: Expr::Call(call) };
}

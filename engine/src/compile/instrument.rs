//! Rewrites an expression so that its evaluation is bounded, deterministic and quick.

use super::charges::{Charge, charge_of};
use super::names::namespaced;
use crate::ast::walk::{children, children_mut};
use crate::run::budget;
use cel::common::ast::{
    CallExpr, ComprehensionExpr, EntryExpr, Expr, IdedExpr, LiteralValue, operators,
};
use cel::common::types::CelInt;

/// The calls that take the place of some that authors write.
const REWRITTEN: &[&str] = &["@matches", budget::JOIN, budget::REPLACE, operators::IN];

/// Whether a call of this name, in a compiled tree, is one that an author wrote.
pub fn is_written_call(name: &str) -> bool {
    !name.starts_with('@') || REWRITTEN.contains(&name)
}

/// The parts of a loop's body that one unit pays for.
const PARTS_PER_ROUND: usize = 64;

/// Puts the budget's calls into `expr`, caches its regular expressions, and orders its maps.
pub(super) fn guard(expr: &mut IdedExpr) {
    if let Expr::Comprehension(c) = &mut expr.expr {
        let cost = round_cost(c);
        children_mut(expr, &mut guard);
        if let Expr::Comprehension(c) = &mut expr.expr {
            guard_loop(c, cost);
        }
        return;
    }
    children_mut(expr, &mut guard);
    match &mut expr.expr {
        Expr::Call(call) => {
            let made = guard_call(call);
            let grows = grows(call);
            if grows {
                wrap(expr, budget::GROWN);
            } else if made {
                wrap(expr, budget::WEIGH);
            }
        }
        // What a list or map holds is copied into it.
        Expr::List(list) => list.elements.iter_mut().for_each(weigh),
        Expr::Map(map) => {
            for entry in &mut map.entries {
                if let EntryExpr::MapEntry(entry) = &mut entry.expr {
                    weigh(&mut entry.value);
                }
            }
        }
        _ => {}
    }
}

/// What one round of a loop costs, by how much there is to evaluate in it.
fn round_cost(c: &ComprehensionExpr) -> i64 {
    let parts = count(&c.loop_step).saturating_div(PARTS_PER_ROUND).saturating_add(1);
    i64::try_from(parts).unwrap_or(i64::MAX)
}

fn count(expr: &IdedExpr) -> usize {
    children(expr).into_iter().map(count).fold(1, usize::saturating_add)
}

fn guard_loop(c: &mut ComprehensionExpr, cost: i64) {
    // `cel.bind` is a loop over nothing: it copies what it binds, and what it gives.
    if matches!(&c.iter_range.expr, Expr::List(list) if list.elements.is_empty()) {
        weigh(&mut c.accu_init);
        weigh(&mut c.result);
        return;
    }
    wrap(&mut c.iter_range, budget::WALK);
    if cost > 1
        && let Expr::Call(walk) = &mut c.iter_range.expr
    {
        let cost = Expr::Literal(LiteralValue::Int(CelInt::from(cost)));
        walk.args.push(IdedExpr { id: c.iter_range.id, expr: cost });
    }
    // A literal condition marks `map` and `filter`, which stop at the first error; the
    // other loops go on past errors, and must stop when the budget is spent.
    if !matches!(c.loop_cond.expr, Expr::Literal(_)) {
        wrap(&mut c.loop_cond, budget::ROUND);
    }
}

/// Charges what an expression gives, where that may be long and is about to be read or copied.
fn weigh(expr: &mut IdedExpr) {
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
        wrap(expr, budget::WEIGH);
    }
}

/// Whether an operator gives a boolean.
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

/// Whether the call's result is to be charged.
fn guard_call(call: &mut CallExpr) -> bool {
    let qualified = namespaced(call);
    let charge = charge_of(qualified.as_deref().unwrap_or(&call.func_name));
    if matches!(charge, Some(Charge::Reads | Charge::Makes)) {
        call.args.iter_mut().for_each(weigh);
        if qualified.is_none()
            && let Some(target) = &mut call.target
        {
            weigh(target);
        }
    }
    let namespace = match call.target.as_ref().map(|target| &target.expr) {
        Some(Expr::Ident(name)) => Some(name.as_str()),
        _ => None,
    };
    match (namespace, call.func_name.as_str()) {
        (Some("regex"), _) => {}
        (_, "matches") => rename(call, "@matches"),
        (_, "split") => rename(call, budget::SPLIT),
        (Some("lists"), "range") => wrap_all(&mut call.args, budget::COUNT),
        (Some("sets"), _) => wrap_all(&mut call.args, budget::PAIRS),
        (_, "join") => rename(call, budget::JOIN),
        (_, "replace") => rename(call, budget::REPLACE),
        (_, "distinct" | "sort") => {
            if let Some(target) = &mut call.target {
                wrap(target, budget::PAIRS);
            }
        }
        (None, operators::IN) => {
            if let Some(list) = call.args.get_mut(1)
                && !matches!(list.expr, Expr::List(_))
            {
                wrap(list, budget::WALK);
            }
        }
        (None, operators::EQUALS | operators::NOT_EQUALS) => guard_equality(call),
        _ => {}
    }
    charge == Some(Charge::Makes)
}

fn guard_equality(call: &mut CallExpr) {
    let [left, right] = call.args.as_mut_slice() else { return };
    let is_written =
        |side: &IdedExpr| matches!(side.expr, Expr::Literal(_) | Expr::List(_) | Expr::Map(_));
    if !is_written(left) && !is_written(right) {
        weigh(left);
        weigh(right);
    }
    // A list or map that an expression makes does not know an event's: ask the other side.
    if matches!(left.expr, Expr::List(_) | Expr::Map(_)) {
        std::mem::swap(left, right);
    }
}

/// Whether a call's result can be longer than its operands.
fn grows(call: &CallExpr) -> bool {
    match call.func_name.as_str() {
        "format" | "flatten" => true,
        // `@result + [x]` is how `map` and `filter` collect; their range was charged.
        operators::ADD => !matches!(
            call.args.first().map(|left| &left.expr),
            Some(Expr::Ident(name)) if name.starts_with('@')
        ),
        _ => false,
    }
}

fn rename(call: &mut CallExpr, function: &str) {
    function.clone_into(&mut call.func_name);
}

fn wrap_all(args: &mut [IdedExpr], function: &str) {
    for arg in args {
        wrap(arg, function);
    }
}

fn wrap(expr: &mut IdedExpr, function: &str) {
    let inner = std::mem::take(expr);
    let call = CallExpr { func_name: function.to_owned(), target: None, args: vec![inner] };
    *expr = IdedExpr { id: call.args.first().map_or(0, |arg| arg.id), expr: Expr::Call(call) };
}

//! Rewrites an expression so that its evaluation is bounded, deterministic and quick.

use super::budget;
use cel::common::ast::{CallExpr, EntryExpr, Expr, IdedExpr, operators};

/// Calls `visit` on each direct sub-expression of `expr`.
pub(super) fn children_mut(expr: &mut IdedExpr, visit: &mut dyn FnMut(&mut IdedExpr)) {
    match &mut expr.expr {
        Expr::Call(call) => {
            if let Some(target) = &mut call.target {
                visit(target);
            }
            call.args.iter_mut().for_each(visit);
        }
        Expr::Comprehension(c) => {
            let parts = [
                &mut c.iter_range,
                &mut c.accu_init,
                &mut c.loop_cond,
                &mut c.loop_step,
                &mut c.result,
            ];
            parts.into_iter().for_each(visit);
        }
        Expr::List(list) => list.elements.iter_mut().for_each(visit),
        Expr::Map(map) => {
            for entry in &mut map.entries {
                if let EntryExpr::MapEntry(entry) = &mut entry.expr {
                    visit(&mut entry.key);
                    visit(&mut entry.value);
                }
            }
        }
        Expr::Select(select) => visit(&mut select.operand),
        Expr::Ident(_) | Expr::Literal(_) | Expr::Struct(_) | Expr::Unspecified => {}
    }
}

/// The direct sub-expressions of `expr`, in the order they were written.
pub(super) fn children(expr: &IdedExpr) -> Vec<&IdedExpr> {
    match &expr.expr {
        Expr::Call(call) => call.target.as_deref().into_iter().chain(&call.args).collect(),
        Expr::Comprehension(c) => {
            vec![&c.iter_range, &c.accu_init, &c.loop_cond, &c.loop_step, &c.result]
        }
        Expr::List(list) => list.elements.iter().collect(),
        Expr::Map(map) => map
            .entries
            .iter()
            .filter_map(|entry| match &entry.expr {
                EntryExpr::MapEntry(entry) => Some([&entry.key, &entry.value]),
                EntryExpr::StructField(_) => None,
            })
            .flatten()
            .collect(),
        Expr::Select(select) => vec![&*select.operand],
        Expr::Ident(_) | Expr::Literal(_) | Expr::Struct(_) | Expr::Unspecified => vec![],
    }
}

/// Puts the budget's calls into `expr`, caches its regular expressions, and orders its maps.
pub(super) fn guard(expr: &mut IdedExpr) {
    children_mut(expr, &mut guard);
    match &mut expr.expr {
        Expr::Comprehension(c) => {
            wrap(&mut c.iter_range, budget::WALK);
            // A literal condition marks `map` and `filter`, which stop at the first error; the
            // other loops go on past errors, and must stop when the budget is spent.
            if !matches!(c.loop_cond.expr, Expr::Literal(_)) {
                wrap(&mut c.loop_cond, budget::ROUND);
            }
        }
        Expr::Call(call) => guard_call(call),
        _ => return,
    }
    if let Expr::Call(call) = &expr.expr
        && grows(call)
    {
        wrap(expr, budget::GROWN);
    }
}

fn guard_call(call: &mut CallExpr) {
    let namespace = match call.target.as_ref().map(|target| &target.expr) {
        Some(Expr::Ident(name)) => Some(name.as_str()),
        _ => None,
    };
    match (namespace, call.func_name.as_str()) {
        (Some("regex"), _) => {}
        (_, "matches") => rename(call, "@matches"),
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
        (None, operators::EQUALS | operators::NOT_EQUALS) => {
            // A list or map that an expression makes does not know an event's: ask the other side.
            if let [left, right] = call.args.as_mut_slice()
                && matches!(left.expr, Expr::List(_) | Expr::Map(_))
            {
                std::mem::swap(left, right);
            }
        }
        _ => {}
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

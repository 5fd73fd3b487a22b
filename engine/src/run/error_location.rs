//! Finds the sub-expression that made an evaluation fail.

use super::budget;
use super::error_message::message;
use crate::ast::sources::Sources;
use crate::ast::walk::children;
use crate::failure::Failure;
use cel::common::ast::{Expr, IdedExpr, operators};
use cel::{Context, ExecutionError, Value};

/// Evaluates the parts of `ast` again until the smallest one that fails is found.
pub(super) fn explain(
    ast: &IdedExpr,
    context: &Context<'_, '_>,
    error: &ExecutionError,
    sources: &Sources,
) -> Failure {
    let mut found = Blamed { error: error.clone(), node: ast };
    // Looking for the culprit of a spent budget would spend it again.
    if !budget::is_spent(error) {
        budget::reset(10);
        descend(ast, context, &mut found);
    }
    let (number, span) = sources.span(found.node);
    Failure {
        expression: sources.text(found.node).map(str::to_owned),
        missing_key: match &found.error {
            ExecutionError::NoSuchKey(key) => Some(key.to_string()),
            _ => None,
        },
        ..Failure::at(number, span, message(&found.error, found.node))
    }
}

struct Blamed<'e> {
    error: ExecutionError,
    node: &'e IdedExpr,
}

fn descend<'e>(node: &'e IdedExpr, context: &Context<'_, '_>, found: &mut Blamed<'e>) {
    if let Expr::Comprehension(c) = &node.expr {
        return into_loop(node, c, context, found);
    }
    for child in evaluated(node, context) {
        match Value::resolve_val(child, context) {
            Err(error) if budget::is_spent(&error) => return,
            Err(error) if !is_namespace(child, &error) => {
                *found = Blamed { error, node: child };
                return descend(child, context, found);
            }
            _ => {}
        }
    }
}

/// The sub-expressions that were evaluated: of a conditional, only the branch that was taken.
fn evaluated<'e>(node: &'e IdedExpr, context: &Context<'_, '_>) -> Vec<&'e IdedExpr> {
    let all = children(node);
    let Expr::Call(call) = &node.expr else { return all };
    let (operators::CONDITIONAL, [condition, yes, no]) = (call.func_name.as_str(), &all[..]) else {
        return all;
    };
    match Value::resolve(condition, context) {
        Ok(Value::Bool(true)) => vec![condition, yes],
        Ok(Value::Bool(false)) => vec![condition, no],
        _ => vec![condition],
    }
}

/// `sets` in `sets.contains(a, b)` is no value, and no failure.
fn is_namespace(child: &IdedExpr, error: &ExecutionError) -> bool {
    matches!(child.expr, Expr::Ident(_)) && matches!(error, ExecutionError::UndeclaredReference(_))
}

/// Looks for the element on which a loop's step fails.
fn into_loop<'e>(
    node: &'e IdedExpr,
    c: &'e cel::common::ast::ComprehensionExpr,
    context: &Context<'_, '_>,
    found: &mut Blamed<'e>,
) {
    let (range, start) = match (
        Value::resolve_val(&c.iter_range, context),
        Value::resolve_val(&c.accu_init, context),
    ) {
        (Ok(range), Ok(start)) => (range, start),
        (Err(error), _) => {
            *found = Blamed { error, node: &c.iter_range };
            return descend(&c.iter_range, context, found);
        }
        (_, Err(error)) => {
            *found = Blamed { error, node: &c.accu_init };
            return descend(&c.accu_init, context, found);
        }
    };
    found.node = node;
    let mut inner = context.new_inner_scope();
    inner.add_variable_as_val(&c.accu_var, start.into_owned());
    let Some(elements) = range.as_iterable() else { return };
    let mut elements = elements.iter();
    while let Some(element) = elements.next() {
        inner.add_variable_as_val(&c.iter_var, element.clone_as_boxed());
        if let Err(error) = Value::resolve_val(&c.loop_step, &inner) {
            *found = Blamed { error, node: &c.loop_step };
            return descend(&c.loop_step, &inner, found);
        }
    }
    if let Err(error) = Value::resolve_val(&c.result, &inner) {
        *found = Blamed { error, node: &c.result };
        descend(&c.result, &inner, found);
    }
}

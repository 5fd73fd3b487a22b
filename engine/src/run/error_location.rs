//! Searches for the sub-expression that caused an evaluation to fail.

use super::budget;
use super::error_message::describe_error;
use crate::ast::sources::SourceTexts;
use crate::ast::walk::child_expressions;
use crate::cel_error::CelError;
use cel::common::ast::{Expr, IdedExpr, operators};
use cel::{Context, ExecutionError, Value};

/// Evaluates the parts of `ast` again until it finds the smallest part that fails. Returns the
/// error of this part, with its position.
pub(super) fn locate_failure(
    ast: &IdedExpr,
    context: &Context<'_, '_>,
    error: &ExecutionError,
    sources: &SourceTexts,
) -> CelError {
    let mut found = FailingNode { error: error.clone(), node: ast };
    // After an exhausted budget there is no search, because the search would exhaust the budget
    // again.
    if !budget::is_spent(error) {
        budget::reset_budget(10);
        find_failing_part(ast, context, &mut found);
    }
    let (number, span) = sources.node_span(found.node);
    CelError {
        expression: sources.node_text(found.node).map(str::to_owned),
        missing_key: match &found.error {
            ExecutionError::NoSuchKey(key) => Some(key.to_string()),
            _ => None,
        },
        ..CelError::with_span(number, span, describe_error(&found.error, found.node))
    }
}

struct FailingNode<'e> {
    error: ExecutionError,
    node: &'e IdedExpr,
}

fn find_failing_part<'e>(
    node: &'e IdedExpr,
    context: &Context<'_, '_>,
    found: &mut FailingNode<'e>,
) {
    if let Expr::Comprehension(c) = &node.expr {
        return search_loop(node, c, context, found);
    }
    for child in evaluated_parts(node, context) {
        match Value::resolve_val(child, context) {
            Err(error) if budget::is_spent(&error) => return,
            Err(error) if !is_namespace(child, &error) => {
                *found = FailingNode { error, node: child };
                return find_failing_part(child, context, found);
            }
            _ => {}
        }
    }
}

/// Returns the sub-expressions that were evaluated. For a conditional, these are the condition and
/// the branch that was taken.
fn evaluated_parts<'e>(node: &'e IdedExpr, context: &Context<'_, '_>) -> Vec<&'e IdedExpr> {
    let all = child_expressions(node);
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

/// Returns whether `child` is a namespace, such as `sets` in `sets.contains(a, b)`. A namespace has
/// no value, so its evaluation always fails.
fn is_namespace(child: &IdedExpr, error: &ExecutionError) -> bool {
    matches!(child.expr, Expr::Ident(_)) && matches!(error, ExecutionError::UndeclaredReference(_))
}

/// Searches for the element on which a step of a loop fails.
fn search_loop<'e>(
    node: &'e IdedExpr,
    c: &'e cel::common::ast::ComprehensionExpr,
    context: &Context<'_, '_>,
    found: &mut FailingNode<'e>,
) {
    let (range, start) = match (
        Value::resolve_val(&c.iter_range, context),
        Value::resolve_val(&c.accu_init, context),
    ) {
        (Ok(range), Ok(start)) => (range, start),
        (Err(error), _) => {
            *found = FailingNode { error, node: &c.iter_range };
            return find_failing_part(&c.iter_range, context, found);
        }
        (_, Err(error)) => {
            *found = FailingNode { error, node: &c.accu_init };
            return find_failing_part(&c.accu_init, context, found);
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
            *found = FailingNode { error, node: &c.loop_step };
            return find_failing_part(&c.loop_step, &inner, found);
        }
    }
    if let Err(error) = Value::resolve_val(&c.result, &inner) {
        *found = FailingNode { error, node: &c.result };
        find_failing_part(&c.result, &inner, found);
    }
}

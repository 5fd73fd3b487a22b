//! Finds the sub-expression that made an evaluation fail, and what its operands were.

use super::budget;
use super::compile::Sources;
use super::failure::Failure;
use super::guard::children;
use super::value::to_json;
use cel::common::ast::{Expr, IdedExpr, operators};
use cel::common::value::CowVal;
use cel::{Context, ExecutionError, Value};

/// The longest operand value shown, in characters.
const SHOWN: usize = 60;

/// Evaluates the parts of `ast` again until the smallest one that fails is found.
pub(super) fn explain(
    ast: &IdedExpr,
    context: &Context<'_, '_>,
    error: &ExecutionError,
    sources: &Sources,
) -> Failure {
    let mut found = Blamed { error: error.clone(), node: ast, operands: Vec::new() };
    // Looking for the culprit of a spent budget would spend it again.
    if !budget::is_spent(error) {
        budget::reset(10);
        descend(ast, context, sources, &mut found);
    }
    let (number, span) = sources.span(found.node);
    Failure {
        expression: sources.text(found.node).map(str::to_owned),
        operands: found.operands,
        missing_key: match &found.error {
            ExecutionError::NoSuchKey(key) => Some(key.to_string()),
            _ => None,
        },
        ..Failure::at(number, span, message(&found.error))
    }
}

struct Blamed<'e> {
    error: ExecutionError,
    node: &'e IdedExpr,
    operands: Vec<(String, String)>,
}

fn descend<'e>(
    node: &'e IdedExpr,
    context: &Context<'_, '_>,
    sources: &Sources,
    found: &mut Blamed<'e>,
) {
    let mut operands = Vec::new();
    if let Expr::Comprehension(c) = &node.expr {
        return into_loop(node, c, context, sources, found);
    }
    for child in evaluated(node, context) {
        match Value::resolve_val(child, context) {
            Err(error) if budget::is_spent(&error) => return,
            Err(error) if !is_namespace(child, &error) => {
                *found = Blamed { error, node: child, operands: Vec::new() };
                return descend(child, context, sources, found);
            }
            Ok(value) if !matches!(child.expr, Expr::Literal(_)) => {
                if let Some(text) = sources.text(child) {
                    operands.push((text.to_owned(), shown(&value)));
                }
            }
            _ => {}
        }
    }
    // The budget's calls share their operand's place in the source, and say nothing of their own.
    if found.operands.is_empty() {
        found.operands = operands;
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
    sources: &Sources,
    found: &mut Blamed<'e>,
) {
    let (range, start) = match (
        Value::resolve_val(&c.iter_range, context),
        Value::resolve_val(&c.accu_init, context),
    ) {
        (Ok(range), Ok(start)) => (range, start),
        (Err(error), _) => {
            *found = Blamed { error, node: &c.iter_range, operands: Vec::new() };
            return descend(&c.iter_range, context, sources, found);
        }
        (_, Err(error)) => {
            *found = Blamed { error, node: &c.accu_init, operands: Vec::new() };
            return descend(&c.accu_init, context, sources, found);
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
            *found = Blamed { error, node: &c.loop_step, operands: Vec::new() };
            return descend(&c.loop_step, &inner, sources, found);
        }
    }
    if let Err(error) = Value::resolve_val(&c.result, &inner) {
        *found = Blamed { error, node: &c.result, operands: Vec::new() };
        descend(&c.result, &inner, sources, found);
    }
}

/// A value cut to what fits on a line.
fn shown(value: &CowVal<'_, '_>) -> String {
    let text = to_json(&**value).to_string();
    match text.char_indices().nth(SHOWN) {
        Some((at, _)) => format!("{}...", text.get(..at).unwrap_or_default()),
        None => text,
    }
}

/// The engine's message in our style: lower case, our words for the common cases.
fn message(error: &ExecutionError) -> String {
    match error {
        ExecutionError::NoSuchKey(key) => format!("no such key: `{key}`"),
        ExecutionError::NoSuchOverload(overload) => {
            let name = overload.function().trim_start_matches('@');
            format!("`{name}` does not take ({})", overload.argument_types().join(", "))
        }
        ExecutionError::UndeclaredReference(name) => format!("undeclared name `{name}`"),
        ExecutionError::FunctionError { function, message } => {
            format!("{}: {message}", function.trim_start_matches('@'))
        }
        ExecutionError::UnexpectedType { got, want } => {
            format!("a {want} is needed, this is {got}")
        }
        ExecutionError::UnsupportedBinaryOperator(operator, left, right) => {
            format!("`{operator}` does not take ({}, {})", left.type_of(), right.type_of())
        }
        ExecutionError::DivisionByZero(_) | ExecutionError::RemainderByZero(_) => {
            "division by zero".to_owned()
        }
        ExecutionError::Overflow(operator, ..) => format!("`{operator}` overflows"),
        ExecutionError::IndexOutOfBounds(_) => "the index is out of bounds".to_owned(),
        other => other.to_string().chars().take(200).collect::<String>().to_lowercase(),
    }
}

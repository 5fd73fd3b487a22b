//! The observed parts of an expression, and their values during an evaluation.

use evenkeel_engine::ast::{
    Expr, IdedExpr, LiteralValue, SourceTexts, child_expressions, operators, visit_children_mut,
};
use evenkeel_engine::{AstPass, CompiledExpression, is_written_call, observe_node, observed_node};
use serde_json::Value;
use std::ops::Range;

/// A compiler pass that instruments each part of an expression, so that every evaluation records
/// its value.
#[derive(Debug)]
pub(super) struct WatchPass;

impl AstPass for WatchPass {
    fn visit_compiled(&self, tree: &mut IdedExpr) {
        watch_within(tree, None, true);
    }
}

/// A part of an instrumented expression.
#[derive(Clone, Debug, PartialEq)]
pub struct ExpressionPart {
    /// The name of the variable whose whole expression this part is.
    pub name: Option<String>,
    /// The parts within this part, in the order of the text.
    pub parts: Vec<ExpressionPart>,
    /// True if the part is a condition: a bool, or a list that counts as true if it is not empty.
    /// Literals, the operators `&&`, `||` and `!`, and calls of `insufficient_data` are not
    /// conditions.
    pub is_condition: bool,
    pub(super) source: usize,
    pub(super) span: Range<usize>,
    id: u64,
}

/// The values of the parts of instrumented expressions, in the order of their evaluation.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PartObservations(pub(super) Vec<(u64, Value)>);

impl PartObservations {
    /// Returns the values of a part: one value, or one value for each iteration of a loop. The
    /// result is empty if the part was not evaluated, or if its evaluation failed.
    pub fn part_values(&self, part: &ExpressionPart) -> Vec<&Value> {
        self.0.iter().filter(|seen| seen.0 == part.id).map(|seen| &seen.1).collect()
    }
}

/// Instruments an expression and the parts within it.
///
/// `outer` is the id of the enclosing part. All nodes in the body of an expanded function have the
/// id of the call. Therefore, the function instruments the call, but not the body.
fn watch_within(expr: &mut IdedExpr, outer: Option<u64>, root: bool) {
    let observed = outer != Some(expr.id) && (root || is_part(expr));
    let inner = if observed { Some(expr.id) } else { outer };
    if let Expr::Comprehension(c) = &mut expr.expr {
        // The loop condition is not instrumented, because the macro generates it. The initial value
        // is a literal, or a value that the author wrote for `cel.bind`, `or` or `orValue`.
        for part in [&mut c.iter_range, &mut c.accu_init, &mut c.loop_step, &mut c.result] {
            watch_within(part, inner, false);
        }
    } else {
        let chain = matches!(expr.expr, Expr::Select(_));
        visit_children_mut(expr, &mut |child| {
            if chain && matches!(child.expr, Expr::Select(_)) {
                visit_children_mut(child, &mut |child| watch_within(child, inner, false));
            } else {
                watch_within(child, inner, false);
            }
        });
    }
    if observed {
        *expr = observe_node(std::mem::take(expr));
    }
}

/// Returns whether the author wrote a node: a call, a field or a loop, but not the generated
/// accumulator of a loop.
fn is_part(expr: &IdedExpr) -> bool {
    match &expr.expr {
        Expr::Call(call) => {
            is_written_call(&call.func_name) && !call.args.iter().any(is_accumulator)
        }
        Expr::Select(select) => !is_accumulator(&select.operand),
        Expr::Comprehension(_) => true,
        _ => false,
    }
}

fn is_accumulator(expr: &IdedExpr) -> bool {
    matches!(&expr.expr, Expr::Ident(name) if name.starts_with('@'))
}

/// Returns the parts of an instrumented expression. The result is empty for any other expression.
/// `decides` states whether the value of the expression is used as a bool.
pub(super) fn collect_parts(
    expression: &CompiledExpression,
    sources: &SourceTexts,
    decides: bool,
) -> Vec<ExpressionPart> {
    let mut all = Vec::new();
    gather_parts(expression.syntax_tree(), sources, decides, &mut all);
    all
}

/// Appends the parts of a node. `decides` states whether the value of the node is used as a bool.
fn gather_parts(
    expr: &IdedExpr,
    sources: &SourceTexts,
    decides: bool,
    all: &mut Vec<ExpressionPart>,
) {
    let Some(whole) = observed_node(expr) else {
        return gather_children(expr, sources, decides, all);
    };
    let mut parts = Vec::new();
    gather_children(whole, sources, decides, &mut parts);
    let (source, span) = sources.node_span(whole);
    all.push(ExpressionPart {
        name: sources.variable_name(whole).map(str::to_owned),
        is_condition: decides && !is_connective(whole) && !is_constant(whole),
        parts,
        source,
        span,
        id: whole.id,
    });
}

/// Returns whether the value is always the same: a literal, or `insufficient_data()`.
fn is_constant(expr: &IdedExpr) -> bool {
    match &expr.expr {
        Expr::Literal(_) => true,
        Expr::Call(call) => call.func_name == "insufficient_data",
        _ => false,
    }
}

fn is_connective(expr: &IdedExpr) -> bool {
    matches!(&expr.expr, Expr::Call(call) if matches!(
        call.func_name.as_str(),
        operators::LOGICAL_AND | operators::LOGICAL_OR | operators::LOGICAL_NOT
    ))
}

fn gather_children(
    expr: &IdedExpr,
    sources: &SourceTexts,
    decides: bool,
    all: &mut Vec<ExpressionPart>,
) {
    match &expr.expr {
        Expr::Call(call) if is_connective(expr) => {
            call.args.iter().for_each(|child| gather_parts(child, sources, true, all));
        }
        Expr::Call(call) if call.func_name == operators::CONDITIONAL => {
            let collecting = call.args.iter().any(is_accumulator);
            for (number, child) in call.args.iter().enumerate() {
                gather_parts(child, sources, number == 0 || (decides && !collecting), all);
            }
        }
        Expr::Comprehension(c) => {
            gather_parts(&c.iter_range, sources, false, all);
            let tests = matches!(&c.accu_init.expr, Expr::Literal(LiteralValue::Boolean(_)));
            gather_parts(&c.loop_step, sources, tests, all);
            gather_parts(&c.result, sources, false, all);
        }
        _ => child_expressions(expr)
            .into_iter()
            .for_each(|child| gather_parts(child, sources, false, all)),
    }
}

//! A compiler pass that lists or applies the changes of an expression for mutation tests.

use evenkeel_engine::AstPass;
use evenkeel_engine::ast::{
    CallExpr, Expr, IdedExpr, SourceTexts, child_expressions, operators, visit_children_mut,
};
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

/// A change of one of a policy's expressions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ExpressionMutation {
    /// A short description of the change.
    pub(super) description: String,
    pub(super) source: usize,
    pub(super) span: Range<usize>,
}

/// A pass that applies at most one change, and records all possible changes.
#[derive(Debug, Default)]
pub(super) struct MutationPass {
    target: Option<usize>,
    mutations: Mutex<Vec<ExpressionMutation>>,
}

/// A change of a node of the syntax tree.
enum NodeEdit {
    /// Replaces the node with one of its children.
    KeepChild(usize),
    /// Replaces the function that the node calls.
    ReplaceFunction(&'static str),
    /// Removes an element from the node's list.
    RemoveElement(usize),
    /// Removes the default of an optional value.
    RemoveDefault,
}

/// The comparison operators, each with the operator that replaces it.
const COMPARISONS: &[(&str, &str)] = &[
    (operators::EQUALS, operators::NOT_EQUALS),
    (operators::NOT_EQUALS, operators::EQUALS),
    (operators::LESS, operators::LESS_EQUALS),
    (operators::LESS_EQUALS, operators::LESS),
    (operators::GREATER, operators::GREATER_EQUALS),
    (operators::GREATER_EQUALS, operators::GREATER),
];

/// String functions that change only the case or the outer spaces of a text.
const SPELLING_FUNCTIONS: &[&str] = &["lowerAscii", "upperAscii", "trim"];

impl MutationPass {
    /// Creates a pass that applies the change with this number.
    pub(super) fn with_target(number: usize) -> Self {
        MutationPass { target: Some(number), mutations: Mutex::default() }
    }

    /// Returns all possible changes.
    pub(super) fn into_mutations(self) -> Vec<ExpressionMutation> {
        self.mutations.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    fn mutate_node(
        &self,
        expr: &mut IdedExpr,
        sources: &SourceTexts,
        found: &mut Vec<ExpressionMutation>,
    ) {
        for (edit, description) in list_edits(expr, sources) {
            let (source, span) = sources.node_span(expr);
            let number = found.len();
            found.push(ExpressionMutation { description, source, span });
            if self.target == Some(number) {
                return apply_edit(expr, &edit);
            }
        }
        visit_children_mut(expr, &mut |child| self.mutate_node(child, sources, found));
    }
}

impl AstPass for MutationPass {
    fn visit_written(&self, tree: &mut IdedExpr, sources: &SourceTexts) {
        let mut found = self.mutations.lock().unwrap_or_else(PoisonError::into_inner);
        self.mutate_node(tree, sources, &mut found);
    }
}

/// Returns the possible changes of a node, each with its description.
fn list_edits(expr: &IdedExpr, sources: &SourceTexts) -> Vec<(NodeEdit, String)> {
    let Expr::Call(call) = &expr.expr else { return Vec::new() };
    let text = |expr: &IdedExpr| sources.node_text(expr).unwrap_or("it").trim().to_owned();
    let first = usize::from(call.target.is_some());
    match (call.func_name.as_str(), call.args.as_slice()) {
        (operators::LOGICAL_AND | operators::LOGICAL_OR, [left, right]) => {
            connective_edits(call, left, right, &text)
        }
        (operators::LOGICAL_NOT, [_]) => {
            vec![(NodeEdit::KeepChild(first), "removing `!`".to_owned())]
        }
        (operators::CONDITIONAL, [condition, yes, no]) => {
            conditional_edits(condition, yes, no, &text)
        }
        (operators::IN, [_, list]) => element_edits(list, &text),
        ("orValue", [_]) if call.target.is_some() => {
            let default = call.args.first().map_or(String::new(), text);
            vec![(NodeEdit::RemoveDefault, format!("removing `.orValue({default})`"))]
        }
        (function, []) if call.target.is_some() && SPELLING_FUNCTIONS.contains(&function) => {
            vec![(NodeEdit::KeepChild(0), format!("removing `.{function}()`"))]
        }
        (function, [_, _]) => {
            let other = COMPARISONS.iter().find(|pair| pair.0 == function);
            let edit = |(from, to): &(&str, &'static str)| {
                let sign = |operator: &str| operator.trim_matches('_').to_owned();
                let description = format!("replacing `{}` with `{}`", sign(from), sign(to));
                (NodeEdit::ReplaceFunction(to), description)
            };
            other.map(edit).into_iter().collect()
        }
        _ => Vec::new(),
    }
}

/// Returns the changes of `a && b` and `a || b`: each removes one operand. In a loop, the change
/// makes `all` always true, or `exists` always false.
fn connective_edits(
    call: &CallExpr,
    left: &IdedExpr,
    right: &IdedExpr,
    text: &dyn Fn(&IdedExpr) -> String,
) -> Vec<(NodeEdit, String)> {
    if is_accumulator(left) {
        let all = call.func_name == operators::LOGICAL_AND;
        let description =
            if all { "making `all` always true" } else { "making `exists` always false" };
        return vec![(NodeEdit::KeepChild(0), description.to_owned())];
    }
    vec![
        (NodeEdit::KeepChild(1), format!("removing `{}`", text(left))),
        (NodeEdit::KeepChild(0), format!("removing `{}`", text(right))),
    ]
}

fn conditional_edits(
    condition: &IdedExpr,
    yes: &IdedExpr,
    no: &IdedExpr,
    text: &dyn Fn(&IdedExpr) -> String,
) -> Vec<(NodeEdit, String)> {
    if is_accumulator(no) {
        let condition = text(condition);
        return vec![
            (NodeEdit::KeepChild(1), format!("making `{condition}` true for all elements")),
            (NodeEdit::KeepChild(2), format!("making `{condition}` false for all elements")),
        ];
    }
    vec![
        (NodeEdit::KeepChild(1), format!("returning `{}` in both cases", text(yes))),
        (NodeEdit::KeepChild(2), format!("returning `{}` in both cases", text(no))),
    ]
}

fn element_edits(list: &IdedExpr, text: &dyn Fn(&IdedExpr) -> String) -> Vec<(NodeEdit, String)> {
    let Expr::List(list) = &list.expr else { return Vec::new() };
    let edit = |(at, element)| {
        (NodeEdit::RemoveElement(at), format!("removing {} from the list", text(element)))
    };
    list.elements.iter().enumerate().map(edit).collect()
}

/// Returns whether a node is the generated variable that accumulates the result of a loop.
fn is_accumulator(expr: &IdedExpr) -> bool {
    matches!(&expr.expr, Expr::Ident(name) if name.starts_with('@'))
}

fn apply_edit(expr: &mut IdedExpr, edit: &NodeEdit) {
    match edit {
        NodeEdit::KeepChild(number) => {
            if let Some(child) = child_expressions(expr).get(*number).map(|child| (*child).clone())
            {
                *expr = child;
            }
        }
        NodeEdit::ReplaceFunction(name) => {
            if let Expr::Call(call) = &mut expr.expr {
                (*name).clone_into(&mut call.func_name);
            }
        }
        NodeEdit::RemoveElement(at) => {
            if let Expr::Call(call) = &mut expr.expr
                && let Some(Expr::List(list)) = call.args.get_mut(1).map(|list| &mut list.expr)
                && *at < list.elements.len()
            {
                list.elements.remove(*at);
            }
        }
        NodeEdit::RemoveDefault => {
            if let Expr::Call(call) = &mut expr.expr {
                "value".clone_into(&mut call.func_name);
                call.args.clear();
            }
        }
    }
}

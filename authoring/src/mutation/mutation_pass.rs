//! Changes of an expression that its cases should notice: each is one way to get a policy wrong.

use evenkeel_engine::AstPass;
use evenkeel_engine::ast::{
    CallExpr, Expr, IdedExpr, SourceTexts, child_expressions, operators, visit_children_mut,
};
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

/// A change of a policy's expressions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ExpressionMutation {
    /// What the change is, in a few words.
    pub(super) description: String,
    pub(super) source: usize,
    pub(super) span: Range<usize>,
}

/// Makes one change, or none, and notes all that could be made.
#[derive(Debug, Default)]
pub(super) struct MutationPass {
    target: Option<usize>,
    mutations: Mutex<Vec<ExpressionMutation>>,
}

/// What becomes of a node.
enum NodeEdit {
    /// One of its children stands in its place.
    KeepChild(usize),
    /// Its call is of another function.
    ReplaceFunction(&'static str),
    /// It loses an element of its list.
    RemoveElement(usize),
    /// The default of an optional value is not given.
    RemoveDefault,
}

/// Comparisons, and what each is taken for by mistake.
const COMPARISONS: &[(&str, &str)] = &[
    (operators::EQUALS, operators::NOT_EQUALS),
    (operators::NOT_EQUALS, operators::EQUALS),
    (operators::LESS, operators::LESS_EQUALS),
    (operators::LESS_EQUALS, operators::LESS),
    (operators::GREATER, operators::GREATER_EQUALS),
    (operators::GREATER_EQUALS, operators::GREATER),
];

/// Functions of a text that change only how it is written.
const SPELLING_FUNCTIONS: &[&str] = &["lowerAscii", "upperAscii", "trim"];

impl MutationPass {
    /// Makes the change with this number.
    pub(super) fn with_target(number: usize) -> Self {
        MutationPass { target: Some(number), mutations: Mutex::default() }
    }

    /// All changes that could be made.
    pub(super) fn into_mutations(self) -> Vec<ExpressionMutation> {
        self.mutations.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    fn mutate_node(
        &self,
        expr: &mut IdedExpr,
        sources: &SourceTexts,
        found: &mut Vec<ExpressionMutation>,
    ) {
        for (edit, what) in list_edits(expr, sources) {
            let (source, span) = sources.node_span(expr);
            let number = found.len();
            found.push(ExpressionMutation { description: what, source, span });
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

/// What can be done to a node, and how that is told.
fn list_edits(expr: &IdedExpr, sources: &SourceTexts) -> Vec<(NodeEdit, String)> {
    let Expr::Call(call) = &expr.expr else { return Vec::new() };
    let text = |expr: &IdedExpr| sources.node_text(expr).unwrap_or("it").trim().to_owned();
    let first = usize::from(call.target.is_some());
    match (call.func_name.as_str(), call.args.as_slice()) {
        (operators::LOGICAL_AND | operators::LOGICAL_OR, [left, right]) => {
            connective_edits(call, left, right, &text)
        }
        (operators::LOGICAL_NOT, [_]) => {
            vec![(NodeEdit::KeepChild(first), "without `!`".to_owned())]
        }
        (operators::CONDITIONAL, [condition, yes, no]) => {
            conditional_edits(condition, yes, no, &text)
        }
        (operators::IN, [_, list]) => element_edits(list, &text),
        ("orValue", [_]) if call.target.is_some() => {
            let what =
                format!("without `.orValue({})`", call.args.first().map_or(String::new(), text));
            vec![(NodeEdit::RemoveDefault, what)]
        }
        (function, []) if call.target.is_some() && SPELLING_FUNCTIONS.contains(&function) => {
            vec![(NodeEdit::KeepChild(0), format!("without `.{function}()`"))]
        }
        (function, [_, _]) => {
            let other = COMPARISONS.iter().find(|pair| pair.0 == function);
            let told = |(from, to): &(&str, &'static str)| {
                let sign = |operator: &str| operator.trim_matches('_').to_owned();
                (NodeEdit::ReplaceFunction(to), format!("`{}` for `{}`", sign(to), sign(from)))
            };
            other.map(told).into_iter().collect()
        }
        _ => Vec::new(),
    }
}

/// `a && b` and `a || b`, each without one of them; in a loop, one that never or always holds.
fn connective_edits(
    call: &CallExpr,
    left: &IdedExpr,
    right: &IdedExpr,
    text: &dyn Fn(&IdedExpr) -> String,
) -> Vec<(NodeEdit, String)> {
    if is_accumulator(left) {
        let all = call.func_name == operators::LOGICAL_AND;
        let what = if all { "`all` always holds" } else { "`exists` never holds" };
        return vec![(NodeEdit::KeepChild(0), what.to_owned())];
    }
    vec![
        (NodeEdit::KeepChild(1), format!("without `{}`", text(left))),
        (NodeEdit::KeepChild(0), format!("without `{}`", text(right))),
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
            (NodeEdit::KeepChild(1), format!("all are kept, whether or not `{condition}`")),
            (NodeEdit::KeepChild(2), format!("none is kept, whether or not `{condition}`")),
        ];
    }
    vec![
        (NodeEdit::KeepChild(1), format!("always `{}`", text(yes))),
        (NodeEdit::KeepChild(2), format!("always `{}`", text(no))),
    ]
}

fn element_edits(list: &IdedExpr, text: &dyn Fn(&IdedExpr) -> String) -> Vec<(NodeEdit, String)> {
    let Expr::List(list) = &list.expr else { return Vec::new() };
    let without = |(at, element)| {
        (NodeEdit::RemoveElement(at), format!("without {} in the list", text(element)))
    };
    list.elements.iter().enumerate().map(without).collect()
}

/// Whether a node is the name in which a loop collects what it gives.
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

//! Changes of an expression that its cases should notice: each is one way to get a policy wrong.

use evenkeel_engine::AstPass;
use evenkeel_engine::ast::{CallExpr, Expr, IdedExpr, Sources, children, children_mut, operators};
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

/// A change of a policy's expressions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mutation {
    /// What the change is, in a few words.
    pub(super) what: String,
    pub(super) source: usize,
    pub(super) span: Range<usize>,
}

/// Makes one change, or none, and notes all that could be made.
#[derive(Debug, Default)]
pub(super) struct Mutator {
    target: Option<usize>,
    found: Mutex<Vec<Mutation>>,
}

/// What becomes of a node.
enum Edit {
    /// One of its children stands in its place.
    Child(usize),
    /// Its call is of another function.
    Function(&'static str),
    /// It loses an element of its list.
    Element(usize),
    /// The default of an optional value is not given.
    Demand,
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
const SPELLINGS: &[&str] = &["lowerAscii", "upperAscii", "trim"];

impl Mutator {
    /// Makes the change with this number.
    pub(super) fn making(number: usize) -> Self {
        Mutator { target: Some(number), found: Mutex::default() }
    }

    /// All changes that could be made.
    pub(super) fn into_found(self) -> Vec<Mutation> {
        self.found.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    fn visit(&self, expr: &mut IdedExpr, sources: &Sources, found: &mut Vec<Mutation>) {
        for (edit, what) in edits(expr, sources) {
            let (source, span) = sources.span(expr);
            let number = found.len();
            found.push(Mutation { what, source, span });
            if self.target == Some(number) {
                return apply(expr, &edit);
            }
        }
        children_mut(expr, &mut |child| self.visit(child, sources, found));
    }
}

impl AstPass for Mutator {
    fn visit_written(&self, tree: &mut IdedExpr, sources: &Sources) {
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        self.visit(tree, sources, &mut found);
    }
}

/// What can be done to a node, and how that is told.
fn edits(expr: &IdedExpr, sources: &Sources) -> Vec<(Edit, String)> {
    let Expr::Call(call) = &expr.expr else { return Vec::new() };
    let text = |expr: &IdedExpr| sources.text(expr).unwrap_or("it").trim().to_owned();
    let first = usize::from(call.target.is_some());
    match (call.func_name.as_str(), call.args.as_slice()) {
        (operators::LOGICAL_AND | operators::LOGICAL_OR, [left, right]) => {
            connective(call, left, right, &text)
        }
        (operators::LOGICAL_NOT, [_]) => vec![(Edit::Child(first), "without `!`".to_owned())],
        (operators::CONDITIONAL, [condition, yes, no]) => conditional(condition, yes, no, &text),
        (operators::IN, [_, list]) => elements(list, &text),
        ("orValue", [_]) if call.target.is_some() => {
            let what =
                format!("without `.orValue({})`", call.args.first().map_or(String::new(), text));
            vec![(Edit::Demand, what)]
        }
        (function, []) if call.target.is_some() && SPELLINGS.contains(&function) => {
            vec![(Edit::Child(0), format!("without `.{function}()`"))]
        }
        (function, [_, _]) => {
            let other = COMPARISONS.iter().find(|pair| pair.0 == function);
            let told = |(from, to): &(&str, &'static str)| {
                let sign = |operator: &str| operator.trim_matches('_').to_owned();
                (Edit::Function(to), format!("`{}` for `{}`", sign(to), sign(from)))
            };
            other.map(told).into_iter().collect()
        }
        _ => Vec::new(),
    }
}

/// `a && b` and `a || b`, each without one of them; in a loop, one that never or always holds.
fn connective(
    call: &CallExpr,
    left: &IdedExpr,
    right: &IdedExpr,
    text: &dyn Fn(&IdedExpr) -> String,
) -> Vec<(Edit, String)> {
    if collects(left) {
        let all = call.func_name == operators::LOGICAL_AND;
        let what = if all { "`all` always holds" } else { "`exists` never holds" };
        return vec![(Edit::Child(0), what.to_owned())];
    }
    vec![
        (Edit::Child(1), format!("without `{}`", text(left))),
        (Edit::Child(0), format!("without `{}`", text(right))),
    ]
}

fn conditional(
    condition: &IdedExpr,
    yes: &IdedExpr,
    no: &IdedExpr,
    text: &dyn Fn(&IdedExpr) -> String,
) -> Vec<(Edit, String)> {
    if collects(no) {
        let condition = text(condition);
        return vec![
            (Edit::Child(1), format!("all are kept, whether or not `{condition}`")),
            (Edit::Child(2), format!("none is kept, whether or not `{condition}`")),
        ];
    }
    vec![
        (Edit::Child(1), format!("always `{}`", text(yes))),
        (Edit::Child(2), format!("always `{}`", text(no))),
    ]
}

fn elements(list: &IdedExpr, text: &dyn Fn(&IdedExpr) -> String) -> Vec<(Edit, String)> {
    let Expr::List(list) = &list.expr else { return Vec::new() };
    let without =
        |(at, element)| (Edit::Element(at), format!("without {} in the list", text(element)));
    list.elements.iter().enumerate().map(without).collect()
}

/// Whether a node is the name in which a loop collects what it gives.
fn collects(expr: &IdedExpr) -> bool {
    matches!(&expr.expr, Expr::Ident(name) if name.starts_with('@'))
}

fn apply(expr: &mut IdedExpr, edit: &Edit) {
    match edit {
        Edit::Child(number) => {
            if let Some(child) = children(expr).get(*number).map(|child| (*child).clone()) {
                *expr = child;
            }
        }
        Edit::Function(name) => {
            if let Expr::Call(call) = &mut expr.expr {
                (*name).clone_into(&mut call.func_name);
            }
        }
        Edit::Element(at) => {
            if let Expr::Call(call) = &mut expr.expr
                && let Some(Expr::List(list)) = call.args.get_mut(1).map(|list| &mut list.expr)
                && *at < list.elements.len()
            {
                list.elements.remove(*at);
            }
        }
        Edit::Demand => {
            if let Expr::Call(call) = &mut expr.expr {
                "value".clone_into(&mut call.func_name);
                call.args.clear();
            }
        }
    }
}

//! What each part of an expression was, while it was evaluated: for coverage and explanations.

use super::budget;
use super::compile::Sources;
use super::guard::{children, children_mut};
use super::value::to_json;
use cel::common::ast::{CallExpr, Expr, IdedExpr, LiteralValue, operators};
use cel::common::types::{self, CelInt};
use cel::common::value::CowVal;
use cel::{DeclarationError, Env, ExecutionError};
use serde_json::Value;
use std::cell::RefCell;
use std::ops::Range;

const SEEN: &str = "@seen";

thread_local! {
    static SIGHTS: RefCell<Vec<(u64, Value)>> = const { RefCell::new(Vec::new()) };
}

/// A part of a watched expression.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// The variable that it is the whole of.
    pub name: Option<String>,
    /// Its parts, in the order they were written.
    pub parts: Vec<Part>,
    /// Whether it is a condition: an expression that holds or does not, or a list that is empty or
    /// not, and no mere `&&`, `||` or `!` of others.
    pub is_condition: bool,
    pub(crate) source: usize,
    pub(crate) span: Range<usize>,
    pub(super) id: u64,
}

/// What the parts of watched expressions were, in the order they were evaluated.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sights(Vec<(u64, Value)>);

impl Sights {
    /// The values that a part had: one, or one for each round of a loop; none where it was not
    /// reached, or failed.
    pub fn of(&self, part: &Part) -> Vec<&Value> {
        self.0.iter().filter(|seen| seen.0 == part.id).map(|seen| &seen.1).collect()
    }
}

/// What watched expressions were while `work` evaluated them.
pub fn watching<T>(work: impl FnOnce() -> T) -> (T, Sights) {
    SIGHTS.take();
    let done = work();
    (done, Sights(SIGHTS.take()))
}

fn seen<'b, 'v>(args: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    let mut args = args.into_iter();
    let (Some(id), Some(value)) = (args.next(), args.next()) else {
        return Err(ExecutionError::missing_argument_or_target());
    };
    if let Some(id) = id.downcast_ref::<CelInt>() {
        SIGHTS
            .with_borrow_mut(|sights| sights.push((id.inner().cast_unsigned(), to_json(&*value))));
    }
    Ok(value)
}

/// Declares the function that watches.
pub(super) fn add(env: &mut Env) -> Result<(), DeclarationError> {
    env.add_overload(SEEN, "seen", vec![types::INT_TYPE, types::DYN_TYPE], seen)
}

/// Lets every part of a guarded expression tell what it is, each time it is evaluated.
pub(super) fn watch(expr: &mut IdedExpr) {
    watch_within(expr, None, true);
}

/// `outer` is the id of the part around; a function's body has the id of its call.
fn watch_within(expr: &mut IdedExpr, outer: Option<u64>, root: bool) {
    let wanted = outer != Some(expr.id) && (root || is_part(expr));
    let inner = if wanted { Some(expr.id) } else { outer };
    if let Expr::Comprehension(c) = &mut expr.expr {
        // What goes on between the rounds is the loop's own affair.
        for part in [&mut c.iter_range, &mut c.loop_step, &mut c.result] {
            watch_within(part, inner, false);
        }
    } else {
        let chain = matches!(expr.expr, Expr::Select(_));
        children_mut(expr, &mut |child| {
            if chain && matches!(child.expr, Expr::Select(_)) {
                children_mut(child, &mut |child| watch_within(child, inner, false));
            } else {
                watch_within(child, inner, false);
            }
        });
    }
    if wanted {
        let whole = std::mem::take(expr);
        let id = whole.id;
        let number = Expr::Literal(LiteralValue::Int(CelInt::from(id.cast_signed())));
        let args = vec![IdedExpr { id, expr: number }, whole];
        let call = CallExpr { func_name: SEEN.to_owned(), target: None, args };
        *expr = IdedExpr { id, expr: Expr::Call(call) };
    }
}

/// Whether a node is something that its author wrote and would like to see the value of.
fn is_part(expr: &IdedExpr) -> bool {
    match &expr.expr {
        Expr::Call(call) => {
            let written = ["@matches", budget::JOIN, budget::REPLACE, operators::IN];
            let name = call.func_name.as_str();
            (!name.starts_with('@') || written.contains(&name)) && !call.args.iter().any(collects)
        }
        Expr::Select(select) => !collects(&select.operand),
        Expr::Comprehension(_) => true,
        _ => false,
    }
}

fn collects(expr: &IdedExpr) -> bool {
    matches!(&expr.expr, Expr::Ident(name) if name.starts_with('@'))
}

/// The parts of a watched expression.
pub(super) fn parts(expr: &IdedExpr, sources: &Sources) -> Vec<Part> {
    let mut all = Vec::new();
    gather(expr, sources, true, &mut all);
    all
}

/// `decides` says that the node stands where a truth is wanted.
fn gather(expr: &IdedExpr, sources: &Sources, decides: bool, all: &mut Vec<Part>) {
    let Expr::Call(call) = &expr.expr else { return gather_children(expr, sources, decides, all) };
    let [_, whole] = call.args.as_slice() else {
        return gather_children(expr, sources, decides, all);
    };
    if call.func_name != SEEN {
        return gather_children(expr, sources, decides, all);
    }
    let mut parts = Vec::new();
    gather_children(whole, sources, decides, &mut parts);
    let (source, span) = sources.span(whole);
    all.push(Part {
        name: sources.variable(whole).map(str::to_owned),
        is_condition: decides && !is_connective(whole) && !matches!(whole.expr, Expr::Literal(_)),
        parts,
        source,
        span,
        id: whole.id,
    });
}

fn is_connective(expr: &IdedExpr) -> bool {
    matches!(&expr.expr, Expr::Call(call) if matches!(
        call.func_name.as_str(),
        operators::LOGICAL_AND | operators::LOGICAL_OR | operators::LOGICAL_NOT
    ))
}

fn gather_children(expr: &IdedExpr, sources: &Sources, decides: bool, all: &mut Vec<Part>) {
    match &expr.expr {
        Expr::Call(call) if is_connective(expr) => {
            call.args.iter().for_each(|child| gather(child, sources, true, all));
        }
        Expr::Call(call) if call.func_name == operators::CONDITIONAL => {
            let collecting = call.args.iter().any(collects);
            for (number, child) in call.args.iter().enumerate() {
                gather(child, sources, number == 0 || (decides && !collecting), all);
            }
        }
        Expr::Comprehension(c) => {
            gather(&c.iter_range, sources, false, all);
            let tests = matches!(&c.accu_init.expr, Expr::Literal(LiteralValue::Boolean(_)));
            gather(&c.loop_step, sources, tests, all);
            gather(&c.result, sources, false, all);
        }
        _ => children(expr).into_iter().for_each(|child| gather(child, sources, false, all)),
    }
}

//! Builds the syntax trees that the macros expand to.

use cel::ParseError;
use cel::common::ast::{
    CallExpr, ComprehensionExpr, EntryExpr, Expr, IdedEntryExpr, IdedExpr, ListExpr, LiteralValue,
    MapEntryExpr, MapExpr,
};
use cel::parser::MacroExprHelper;

/// A macro call over two variables, taken apart.
pub(super) struct TwoVariableCall {
    /// What is iterated over.
    pub(super) target: IdedExpr,
    /// The variable for the index or the key.
    pub(super) key: String,
    /// The variable for the element or the value.
    pub(super) value: String,
    /// Which entries count: all of them when absent.
    pub(super) filter: Option<IdedExpr>,
    /// The test of each entry, or what is made of it.
    pub(super) body: IdedExpr,
}

impl TwoVariableCall {
    /// Takes a call's target and arguments.
    pub(super) fn from_call(
        h: &MacroExprHelper<'_>,
        target: &mut Option<IdedExpr>,
        args: &mut Vec<IdedExpr>,
    ) -> Result<Self, ParseError> {
        let missing = || h.new_error(0, "wants two variables and an expression");
        let mut args = std::mem::take(args).into_iter();
        let (key, value) = (args.next().unwrap_or_default(), args.next().unwrap_or_default());
        let value_id = value.id;
        let (key, value) = (variable_name(h, key)?, variable_name(h, value)?);
        if key == value {
            return Err(h.new_error(value_id, "the two variables must have different names"));
        }
        let last = args.next_back().ok_or_else(missing)?;
        let target = target.take().ok_or_else(missing)?;
        Ok(Self { target, key, value, filter: args.next(), body: last })
    }
}

/// The name a macro binds: an identifier as such, neither a path nor one with a leading dot.
pub(super) fn variable_name(h: &MacroExprHelper<'_>, arg: IdedExpr) -> Result<String, ParseError> {
    match arg.expr {
        Expr::Ident(name) if !name.starts_with(['.', '@']) => Ok(name),
        _ => Err(h.new_error(arg.id, "a variable must be a simple name")),
    }
}

/// `body` with `name` for `init`: a loop over nothing, whose accumulator is `name`.
pub(super) fn build_bind(
    h: &mut MacroExprHelper<'_>,
    name: &str,
    init: IdedExpr,
    body: IdedExpr,
) -> IdedExpr {
    let parts = LoopParts {
        init,
        condition: build_boolean(h, false),
        step: build_ident(h, name),
        result: body,
    };
    let nothing = build_list(h, vec![]);
    build_loop(h, nothing, "#unused", name, parts)
}

/// The parts of a loop.
pub(super) struct LoopParts {
    /// What the accumulator starts with.
    pub(super) init: IdedExpr,
    /// While it holds, the loop goes on.
    pub(super) condition: IdedExpr,
    /// What the accumulator becomes.
    pub(super) step: IdedExpr,
    /// What the loop gives in the end.
    pub(super) result: IdedExpr,
}

/// `{key: value}`.
pub(super) fn build_map_entry(
    h: &mut MacroExprHelper<'_>,
    key: IdedExpr,
    value: IdedExpr,
) -> IdedExpr {
    let entry = EntryExpr::MapEntry(MapEntryExpr { key, value, optional: false });
    let id = h.next_expr(Expr::default()).id;
    h.next_expr(Expr::Map(MapExpr { entries: vec![IdedEntryExpr { id, expr: entry }] }))
}

/// A loop over `iter_range`.
pub(super) fn build_loop(
    h: &mut MacroExprHelper<'_>,
    iter_range: IdedExpr,
    iter_var: &str,
    accu_var: &str,
    fold: LoopParts,
) -> IdedExpr {
    h.next_expr(Expr::Comprehension(Box::new(ComprehensionExpr {
        iter_range,
        iter_var: iter_var.to_owned(),
        iter_var2: None,
        accu_var: accu_var.to_owned(),
        accu_init: fold.init,
        loop_cond: fold.condition,
        loop_step: fold.step,
        result: fold.result,
    })))
}

/// `name(args)`.
pub(super) fn build_call(h: &mut MacroExprHelper<'_>, name: &str, args: Vec<IdedExpr>) -> IdedExpr {
    h.next_expr(Expr::Call(CallExpr { func_name: name.to_owned(), target: None, args }))
}

/// `name`.
pub(super) fn build_ident(h: &mut MacroExprHelper<'_>, name: &str) -> IdedExpr {
    h.next_expr(Expr::Ident(name.to_owned()))
}

/// `[elements]`.
pub(super) fn build_list(h: &mut MacroExprHelper<'_>, elements: Vec<IdedExpr>) -> IdedExpr {
    h.next_expr(Expr::List(ListExpr::new(elements)))
}

/// `true` or `false`.
pub(super) fn build_boolean(h: &mut MacroExprHelper<'_>, value: bool) -> IdedExpr {
    h.next_expr(Expr::Literal(LiteralValue::Boolean(value.into())))
}

/// A whole number.
pub(super) fn build_int(h: &mut MacroExprHelper<'_>, value: i64) -> IdedExpr {
    h.next_expr(Expr::Literal(LiteralValue::Int(value.into())))
}

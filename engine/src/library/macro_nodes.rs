//! Builds the syntax trees to which the macros expand.

use cel::ParseError;
use cel::common::ast::{
    CallExpr, ComprehensionExpr, EntryExpr, Expr, IdedEntryExpr, IdedExpr, ListExpr, LiteralValue,
    MapEntryExpr, MapExpr,
};
use cel::parser::MacroExprHelper;

/// The parts of a macro call over two variables.
pub(super) struct TwoVariableCall {
    /// The list or map over which the macro iterates.
    pub(super) target: IdedExpr,
    /// The variable for the index or the key.
    pub(super) key: String,
    /// The variable for the element or the value.
    pub(super) value: String,
    /// The test that selects entries. If it is `None`, all entries are selected.
    pub(super) filter: Option<IdedExpr>,
    /// The test of each entry, or the value made from it.
    pub(super) body: IdedExpr,
}

impl TwoVariableCall {
    /// Parses the target and the arguments of a call.
    pub(super) fn from_call(
        h: &MacroExprHelper<'_>,
        target: &mut Option<IdedExpr>,
        args: &mut Vec<IdedExpr>,
    ) -> Result<Self, ParseError> {
        let missing = || h.new_error(0, "the macro needs two variables and an expression");
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

/// Returns the name that a macro binds. The argument must be a simple identifier: not a path, and
/// not a name with a leading dot.
pub(super) fn variable_name(h: &MacroExprHelper<'_>, arg: IdedExpr) -> Result<String, ParseError> {
    match arg.expr {
        Expr::Ident(name) if !name.starts_with(['.', '@']) => Ok(name),
        _ => Err(h.new_error(arg.id, "a variable must be a simple name")),
    }
}

/// Builds `body` with `name` bound to `init`: a loop over an empty list whose accumulator is
/// `name`.
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
    /// The initial value of the accumulator.
    pub(super) init: IdedExpr,
    /// The condition under which the loop continues.
    pub(super) condition: IdedExpr,
    /// The value of the accumulator after an iteration.
    pub(super) step: IdedExpr,
    /// The result of the loop.
    pub(super) result: IdedExpr,
}

/// Builds `{key: value}`.
pub(super) fn build_map_entry(
    h: &mut MacroExprHelper<'_>,
    key: IdedExpr,
    value: IdedExpr,
) -> IdedExpr {
    let entry = EntryExpr::MapEntry(MapEntryExpr { key, value, optional: false });
    let id = h.next_expr(Expr::default()).id;
    h.next_expr(Expr::Map(MapExpr { entries: vec![IdedEntryExpr { id, expr: entry }] }))
}

/// Builds a loop over `iter_range`.
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

/// Builds `name(args)`.
pub(super) fn build_call(h: &mut MacroExprHelper<'_>, name: &str, args: Vec<IdedExpr>) -> IdedExpr {
    h.next_expr(Expr::Call(CallExpr { func_name: name.to_owned(), target: None, args }))
}

/// Builds `name`.
pub(super) fn build_ident(h: &mut MacroExprHelper<'_>, name: &str) -> IdedExpr {
    h.next_expr(Expr::Ident(name.to_owned()))
}

/// Builds `[elements]`.
pub(super) fn build_list(h: &mut MacroExprHelper<'_>, elements: Vec<IdedExpr>) -> IdedExpr {
    h.next_expr(Expr::List(ListExpr::new(elements)))
}

/// Builds `true` or `false`.
pub(super) fn build_boolean(h: &mut MacroExprHelper<'_>, value: bool) -> IdedExpr {
    h.next_expr(Expr::Literal(LiteralValue::Boolean(value.into())))
}

/// Builds a whole number.
pub(super) fn build_int(h: &mut MacroExprHelper<'_>, value: i64) -> IdedExpr {
    h.next_expr(Expr::Literal(LiteralValue::Int(value.into())))
}

//! The macro `cel.bind`, and the comprehensions over two variables: index and element, or key and
//! value.

use cel::common::ast::{Expr, IdedExpr, operators};
use cel::common::types::DYN_TYPE;
use cel::parser::{Macro, MacroExprHelper};
use cel::{DeclarationError, Env, ParseError};

use super::function::FunctionDoc;
use super::macro_functions;
use super::macro_nodes::{
    LoopParts, TwoVariableCall, build_bind, build_boolean, build_call, build_ident, build_int,
    build_list, build_loop, build_map_entry, variable_name,
};

/// The documentation of the macros in this file.
pub(super) const DOCS: &[FunctionDoc] = &[
    ("cel.bind(name, value, expr)", "`expr`, in which `name` has the value `value`"),
    ("x.all(k, v, test)", "whether `test` is true for every entry"),
    ("x.exists(k, v, test)", "whether `test` is true for some entry"),
    ("x.existsOne(k, v, test)", "whether `test` is true for exactly one entry"),
    ("x.exists_one(k, v, test)", "an alias of `existsOne`"),
    ("x.transformList(k, v, expr)", "a list with `expr` for each entry"),
    (
        "x.transformList(k, v, test, expr)",
        "a list with `expr` for each entry for which `test` is true",
    ),
    ("x.transformMap(k, v, expr)", "a map with the same keys, and `expr` as the value of each key"),
    (
        "x.transformMap(k, v, test, expr)",
        "a map with `expr` for each entry for which `test` is true",
    ),
    (
        "x.transformMapEntry(k, v, map)",
        "the maps of all entries, merged; an error if a key occurs more than once",
    ),
    (
        "x.transformMapEntry(k, v, test, map)",
        "the maps of the entries for which `test` is true, merged",
    ),
];

/// The variable that contains the list or map of the iteration. A nested comprehension binds the
/// same name again. This is safe, because the outer comprehension has already bound its variables.
const RANGE: &str = "@range";
const RESULT: &str = "@result";

type MacroExpansion = Result<Option<IdedExpr>, ParseError>;

/// Declares the macros, and the internal functions to which they expand.
pub(super) fn declare_macros(env: &mut Env) -> Result<(), DeclarationError> {
    env.add_overload("@keys", "@keys(dyn)", vec![DYN_TYPE], macro_functions::entry_keys)?;
    env.add_overload("@merge", "@merge(dyn)", vec![DYN_TYPE], macro_functions::merge_maps)?;
    env.add_macro(Macro::receiver("bind", 3, bind_macro))?;
    env.add_macro(Macro::receiver("all", 3, |h, t, a| expand_fold(h, t, a, build_all_loop)))?;
    env.add_macro(Macro::receiver("exists", 3, |h, t, a| expand_fold(h, t, a, build_exists_loop)))?;
    for name in ["existsOne", "exists_one"] {
        env.add_macro(Macro::receiver(name, 3, |h, t, a| {
            expand_fold(h, t, a, build_exists_one_loop)
        }))?;
    }
    for arity in [3, 4] {
        env.add_macro(Macro::receiver("transformList", arity, transform_list))?;
        env.add_macro(Macro::receiver("transformMap", arity, transform_map))?;
        env.add_macro(Macro::receiver("transformMapEntry", arity, transform_map_entry))?;
    }
    Ok(())
}

fn bind_macro(
    h: &mut MacroExprHelper<'_>,
    target: &mut Option<IdedExpr>,
    args: &mut Vec<IdedExpr>,
) -> MacroExpansion {
    let receiver = target.as_ref().map(|target| &target.expr);
    if !matches!(receiver, Some(Expr::Ident(name)) if name == "cel") {
        return Ok(None);
    }
    let mut args = std::mem::take(args).into_iter();
    let name = variable_name(h, args.next().unwrap_or_default())?;
    match (args.next(), args.next()) {
        (Some(init), Some(body)) => Ok(Some(build_bind(h, &name, init, body))),
        _ => Err(h.new_error(0, "`cel.bind` needs a variable, its value and an expression")),
    }
}

/// Expands `x.M(k, v, test)` to `bind(@range, x, @keys(@range).M(k, bind(v, @range[k], test)))`.
fn expand_fold(
    h: &mut MacroExprHelper<'_>,
    target: &mut Option<IdedExpr>,
    args: &mut Vec<IdedExpr>,
    parts: fn(&mut MacroExprHelper<'_>, IdedExpr) -> LoopParts,
) -> MacroExpansion {
    let call = TwoVariableCall::from_call(h, target, args)?;
    let test = with_value(h, &call.key, &call.value, call.body);
    let parts = parts(h, test);
    Ok(Some(loop_over_keys(h, call.target, &call.key, parts)))
}

fn build_all_loop(h: &mut MacroExprHelper<'_>, test: IdedExpr) -> LoopParts {
    let so_far = build_ident(h, RESULT);
    let result = build_ident(h, RESULT);
    LoopParts {
        init: build_boolean(h, true),
        condition: build_call(h, operators::NOT_STRICTLY_FALSE, vec![so_far]),
        step: with_result(h, operators::LOGICAL_AND, test),
        result,
    }
}

fn build_exists_loop(h: &mut MacroExprHelper<'_>, test: IdedExpr) -> LoopParts {
    let so_far = build_ident(h, RESULT);
    let not_yet = build_call(h, operators::LOGICAL_NOT, vec![so_far]);
    let result = build_ident(h, RESULT);
    LoopParts {
        init: build_boolean(h, false),
        condition: build_call(h, operators::NOT_STRICTLY_FALSE, vec![not_yet]),
        step: with_result(h, operators::LOGICAL_OR, test),
        result,
    }
}

fn build_exists_one_loop(h: &mut MacroExprHelper<'_>, test: IdedExpr) -> LoopParts {
    let one = build_int(h, 1);
    let more = with_result(h, operators::ADD, one);
    let same = build_ident(h, RESULT);
    let one = build_int(h, 1);
    LoopParts {
        init: build_int(h, 0),
        condition: build_boolean(h, true),
        step: build_call(h, operators::CONDITIONAL, vec![test, more, same]),
        result: with_result(h, operators::EQUALS, one),
    }
}

fn transform_list(
    h: &mut MacroExprHelper<'_>,
    target: &mut Option<IdedExpr>,
    args: &mut Vec<IdedExpr>,
) -> MacroExpansion {
    let call = TwoVariableCall::from_call(h, target, args)?;
    Ok(Some(build_transform(h, call)))
}

fn transform_map(
    h: &mut MacroExprHelper<'_>,
    target: &mut Option<IdedExpr>,
    args: &mut Vec<IdedExpr>,
) -> MacroExpansion {
    let mut call = TwoVariableCall::from_call(h, target, args)?;
    let key = build_ident(h, &call.key);
    call.body = build_map_entry(h, key, call.body);
    Ok(Some(merge_transformed(h, call)))
}

fn transform_map_entry(
    h: &mut MacroExprHelper<'_>,
    target: &mut Option<IdedExpr>,
    args: &mut Vec<IdedExpr>,
) -> MacroExpansion {
    let call = TwoVariableCall::from_call(h, target, args)?;
    Ok(Some(merge_transformed(h, call)))
}

fn merge_transformed(h: &mut MacroExprHelper<'_>, entries: TwoVariableCall) -> IdedExpr {
    let maps = build_transform(h, entries);
    build_call(h, "@merge", vec![maps])
}

/// Builds the loop of a transformation.
///
/// The value variable is bound inside the appended list, and again inside the filter. Only in this
/// form does the evaluator recognize the operation and append to the list without a copy.
fn build_transform(h: &mut MacroExprHelper<'_>, parts: TwoVariableCall) -> IdedExpr {
    let TwoVariableCall { target, key, value, filter, body } = parts;
    let item = with_value(h, &key, &value, body);
    let items = build_list(h, vec![item]);
    let appended = with_result(h, operators::ADD, items);
    let step = match filter {
        Some(filter) => {
            let filter = with_value(h, &key, &value, filter);
            let same = build_ident(h, RESULT);
            build_call(h, operators::CONDITIONAL, vec![filter, appended, same])
        }
        None => appended,
    };
    let result = build_ident(h, RESULT);
    let parts =
        LoopParts { init: build_list(h, vec![]), condition: build_boolean(h, true), step, result };
    loop_over_keys(h, target, &key, parts)
}

fn loop_over_keys(
    h: &mut MacroExprHelper<'_>,
    target: IdedExpr,
    key: &str,
    parts: LoopParts,
) -> IdedExpr {
    let range = build_ident(h, RANGE);
    let keys = build_call(h, "@keys", vec![range]);
    let body = build_loop(h, keys, key, RESULT, parts);
    build_bind(h, RANGE, target, body)
}

/// Builds `body` with `value` bound to the entry at `key`.
fn with_value(h: &mut MacroExprHelper<'_>, key: &str, value: &str, body: IdedExpr) -> IdedExpr {
    let (range, key) = (build_ident(h, RANGE), build_ident(h, key));
    let entry = build_call(h, operators::INDEX, vec![range, key]);
    build_bind(h, value, entry, body)
}

fn with_result(h: &mut MacroExprHelper<'_>, operator: &str, operand: IdedExpr) -> IdedExpr {
    let result = build_ident(h, RESULT);
    build_call(h, operator, vec![result, operand])
}

#[cfg(test)]
mod tests {
    use super::super::testing::{assert_fails, assert_holds, evaluate_source};

    #[test]
    fn nested_uses_do_not_collide() {
        assert_holds(&[
            "[[1, 2], [3]].all(i, row, row.exists(j, n, n == i + j + 1 || n == 3))",
            "{'a': {'b': 1}}.all(k, v, v.all(k2, v2, k == 'a' && k2 == 'b' && v2 == v[k2]))",
            "[[1], [2, 3]].transformList(i, row, row.transformList(j, n, [i, j, n]))
                == [[[0, 0, 1]], [[1, 0, 2], [1, 1, 3]]]",
            "cel.bind(x, 1, cel.bind(x, x + 1, cel.bind(y, x, x + y))) == 4",
            "[1, 2].exists(i, v, [3, 4].exists(i, v, i == 1 && v == 4) && i == 1 && v == 2)",
        ]);
    }

    #[test]
    fn an_error_in_one_element_does_not_hide_a_decisive_element() {
        assert_holds(&["[0, 1].exists(i, v, 1 / v == 1)", "![0, 1].all(i, v, 1 / v == 2)"]);
        assert_fails("by zero", &["[1, 0].existsOne(i, v, 1 / v == 1)"]);
    }

    #[test]
    fn maps_are_iterated_in_key_order() {
        assert_holds(&["{'c': 3, 'a': 1, 'b': 2}.transformList(k, v, k) == ['a', 'b', 'c']"]);
    }

    #[test]
    fn a_map_entry_may_not_repeat() {
        assert_holds(&["['a', 'b'].transformMapEntry(i, v, i > 0, {v: i}) == {'b': 1}"]);
        assert_fails("more than once", &["['a', 'a'].transformMapEntry(i, v, {v: i})"]);
    }

    #[test]
    fn variables_are_simple_names() {
        assert_fails(
            "simple name",
            &["cel.bind(a.b, 1, 2)", "[1].all(1, v, true)", "[1].all(i, .v, true)"],
        );
        assert_fails("different names", &["[1].all(v, v, true)"]);
    }

    #[test]
    fn bind_on_anything_else_is_an_ordinary_call() {
        assert!(evaluate_source("{}.bind(a, 1, 2)").is_err());
    }
}

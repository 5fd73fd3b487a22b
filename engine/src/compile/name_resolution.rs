//! Checks the names in an expression at compile time, before any event is evaluated.

use crate::ast::walk::child_expressions;
use crate::library;
use cel::common::ast::{CallExpr, ComprehensionExpr, Expr, IdedExpr, LiteralValue};

/// The type names that an expression can compare with `type(x)`.
const TYPES: &[&str] = &[
    "bool",
    "bytes",
    "double",
    "dyn",
    "int",
    "list",
    "map",
    "null_type",
    "optional_type",
    "string",
    "type",
    "uint",
    "google",
    "net",
];

/// The functions of the CEL standard library and of its extensions.
const FUNCTIONS: &[&str] = &[
    "base64.decode",
    "base64.encode",
    "bool",
    "bytes",
    "charAt",
    "contains",
    "distinct",
    "double",
    "duration",
    "dyn",
    "endsWith",
    "first",
    "flatten",
    "format",
    "getDate",
    "getDayOfMonth",
    "getDayOfWeek",
    "getDayOfYear",
    "getFullYear",
    "getHours",
    "getMilliseconds",
    "getMinutes",
    "getMonth",
    "getSeconds",
    "hasValue",
    "indexOf",
    "int",
    "join",
    "last",
    "lastIndexOf",
    "lists.range",
    "lowerAscii",
    "matches",
    "math.abs",
    "math.bitAnd",
    "math.bitNot",
    "math.bitOr",
    "math.bitShiftLeft",
    "math.bitShiftRight",
    "math.bitXor",
    "math.ceil",
    "math.floor",
    "math.greatest",
    "math.isFinite",
    "math.isInf",
    "math.isNaN",
    "math.least",
    "math.round",
    "math.sign",
    "math.sqrt",
    "math.trunc",
    "optional.none",
    "optional.of",
    "optional.ofNonZeroValue",
    "or",
    "orValue",
    "replace",
    "reverse",
    "size",
    "slice",
    "sort",
    "split",
    "startsWith",
    "string",
    "strings.quote",
    "substring",
    "timestamp",
    "trim",
    "type",
    "uint",
    "unwrapOpt",
    "upperAscii",
    "value",
];

/// The names that an expression may use.
#[derive(Debug)]
pub(super) struct KnownNames<'a> {
    pub(super) names: Vec<&'a str>,
    /// The user-defined functions, with the number of arguments of each.
    pub(super) functions: Vec<(&'a str, usize)>,
}

/// A name that is not declared, that is declared twice, or that belongs to a call with an invalid
/// regular expression.
#[derive(Debug)]
pub(super) struct NameError<'e> {
    pub(super) node: &'e IdedExpr,
    pub(super) message: String,
    pub(super) help: Option<String>,
}

/// Checks every name in `ast`, and returns the first error.
pub(super) fn check_names<'e>(
    ast: &'e IdedExpr,
    known: &KnownNames<'_>,
) -> Result<(), NameError<'e>> {
    check_node(ast, known, &mut Vec::new())
}

fn check_node<'e>(
    node: &'e IdedExpr,
    known: &KnownNames<'_>,
    bound: &mut Vec<&'e str>,
) -> Result<(), NameError<'e>> {
    match &node.expr {
        Expr::Ident(name) => {
            let name = name.trim_start_matches('.');
            let declared = name.starts_with('@')
                || bound.contains(&name)
                || known.names.contains(&name)
                || TYPES.contains(&name);
            if !declared {
                let near = suggest_name(name, known.names.iter().chain(bound.iter()).copied());
                let message = format!("undeclared name `{name}`");
                return Err(NameError { node, message, help: near });
            }
            Ok(())
        }
        Expr::Call(call) => {
            check_call(node, call, known)?;
            let qualified = qualified_name(call).is_some();
            let skip = usize::from(qualified);
            child_expressions(node)
                .into_iter()
                .skip(skip)
                .try_for_each(|child| check_node(child, known, bound))
        }
        Expr::Comprehension(c) => check_comprehension(node, c, known, bound),
        _ => child_expressions(node)
            .into_iter()
            .try_for_each(|child| check_node(child, known, bound)),
    }
}

fn check_comprehension<'e>(
    node: &'e IdedExpr,
    c: &'e ComprehensionExpr,
    known: &KnownNames<'_>,
    bound: &mut Vec<&'e str>,
) -> Result<(), NameError<'e>> {
    check_node(&c.iter_range, known, bound)?;
    check_node(&c.accu_init, known, bound)?;
    let depth = bound.len();
    let variables = [Some(&c.iter_var), c.iter_var2.as_ref(), Some(&c.accu_var)];
    for variable in variables.into_iter().flatten() {
        if known.names.contains(&variable.as_str()) {
            let message = format!("the name `{variable}` is already in use");
            let help = Some("choose another name for the loop variable".to_owned());
            return Err(NameError { node, message, help });
        }
        bound.push(variable);
    }
    let parts = [&c.loop_cond, &c.loop_step, &c.result];
    let checked = parts.into_iter().try_for_each(|part| check_node(part, known, bound));
    bound.truncate(depth);
    checked
}

/// Returns `namespace.function` if the target of the call is a namespace and not a value.
pub(super) fn qualified_name(call: &CallExpr) -> Option<String> {
    let Expr::Ident(namespace) = &call.target.as_ref()?.expr else { return None };
    let name = format!("{namespace}.{}", call.func_name);
    is_declared(&name).then_some(name)
}

fn is_declared(name: &str) -> bool {
    FUNCTIONS.contains(&name) || library::DOCS.iter().any(|doc| function_name(doc.0) == name)
}

/// Returns the name of the function in a signature such as `s.glob(pattern)` or `sets.contains(a,
/// b)`.
fn function_name(signature: &'static str) -> &'static str {
    let head = signature.split('(').next().unwrap_or(signature);
    match head.split_once('.') {
        Some((receiver, name)) if receiver.len() == 1 => name,
        _ => head,
    }
}

fn check_call<'e>(
    node: &'e IdedExpr,
    call: &'e CallExpr,
    known: &KnownNames<'_>,
) -> Result<(), NameError<'e>> {
    let name = call.func_name.as_str();
    check_pattern(node, call)?;
    // Names with `@`, such as `math.@max`, come from the expansion of a macro.
    let operator = name.contains('@') || !name.starts_with(|c: char| c.is_ascii_alphabetic());
    if operator || is_declared(name) || qualified_name(call).is_some() {
        return Ok(());
    }
    let mut all: Vec<&str> = FUNCTIONS.to_vec();
    all.extend(library::DOCS.iter().map(|doc| function_name(doc.0)));
    all.extend(known.functions.iter().map(|function| function.0));
    let own = known.functions.iter().find(|function| function.0 == name);
    let near = if let Some((_, takes)) = own {
        Some(format!("`{name}` needs {takes} argument(s)"))
    } else {
        suggest_name(name, all.into_iter())
    };
    Err(NameError { node, message: format!("undeclared function `{name}`"), help: near })
}

/// Returns an error if a literal regular expression in the call is not valid. Without this check,
/// the error would occur only during an evaluation.
fn check_pattern<'e>(node: &'e IdedExpr, call: &'e CallExpr) -> Result<(), NameError<'e>> {
    let regexes = matches!(
        call.target.as_ref().map(|target| &target.expr),
        Some(Expr::Ident(namespace)) if namespace == "regex"
    );
    let pattern = match call.func_name.as_str() {
        "matches" => call.args.last(),
        _ if regexes => call.args.get(1),
        _ => None,
    };
    let Some(Expr::Literal(LiteralValue::String(pattern))) = pattern.map(|arg| &arg.expr) else {
        return Ok(());
    };
    library::regex_cache::compile_pattern(pattern.inner()).map(drop).map_err(|why| {
        let help = "use the syntax of Rust's regex crate, without look-around and back-references";
        let message = format!("not a regular expression: {why}");
        NameError { node, message, help: Some(help.to_owned()) }
    })
}

/// Returns "did you mean `x`?" for the candidate with the smallest edit distance to `name`. Returns
/// `None` if this distance is greater than a third of the length of `name`, rounded up.
pub fn suggest_name<'a>(name: &str, candidates: impl Iterator<Item = &'a str>) -> Option<String> {
    let scored = candidates.map(|candidate| {
        let (a, b) = (name.to_ascii_lowercase(), candidate.to_ascii_lowercase());
        (strsim::damerau_levenshtein(&a, &b), candidate)
    });
    let (distance, best) = scored.min()?;
    let near = distance <= name.chars().count().div_ceil(3).max(1);
    near.then(|| format!("did you mean `{best}`?"))
}

/// Returns the names that an expression uses, each once, in alphabetical order. A field access such
/// as `request.bucketName` adds both `request` and `request.bucketName`.
pub(super) fn free_names(ast: &IdedExpr) -> Vec<String> {
    let mut names = Vec::new();
    collect_names(ast, &mut names);
    names.sort();
    names.dedup();
    names
}

fn collect_names(node: &IdedExpr, names: &mut Vec<String>) {
    match &node.expr {
        Expr::Ident(name) => names.push(name.clone()),
        Expr::Select(select) => {
            if let Expr::Ident(root) = &select.operand.expr {
                names.push(format!("{root}.{}", select.field));
            }
        }
        _ => {}
    }
    for child in child_expressions(node) {
        collect_names(child, names);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compile::charges::find_charge;

    #[test]
    fn every_function_is_charged() {
        let library = library::DOCS.iter().map(|doc| function_name(doc.0));
        for name in FUNCTIONS.iter().copied().chain(library) {
            assert!(find_charge(name).is_some(), "`{name}` has no entry in charges.rs");
        }
    }
}

//! CEL functions that an organization defines in `functions.yaml`. The compiler replaces each call
//! with the body of the function.

use super::name_resolution::{KnownNames, check_names};
use super::syntax::SyntaxNode;
use crate::ast::parse::parse_source;
use crate::ast::sources::SourceTexts;
use crate::ast::walk::visit_children_mut;
use crate::cel_error::CelError;
use crate::environment::thread_environment;
use cel::common::ast::{Expr, IdedExpr};
use serde::Deserialize;
use std::cell::Cell;
use std::collections::BTreeMap;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct FunctionsFile {
    functions: BTreeMap<String, FunctionDefinition>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct FunctionDefinition {
    expression: String,
    description: Option<String>,
}

#[derive(Debug)]
struct CelFunction {
    name: String,
    parameters: Vec<String>,
    syntax: SyntaxNode,
    body: IdedExpr,
    description: Option<String>,
}

/// A set of user-defined functions that policies can call.
///
/// ```
/// use evenkeel_engine::{FunctionSet, FunctionSetError};
///
/// let yaml = r#"functions: {"is_ours(name)": {expression: "name.startsWith('ours-')"}}"#;
/// let functions = FunctionSet::parse_yaml(yaml)?;
/// assert_eq!(functions.function_names().collect::<Vec<_>>(), ["is_ours"]);
/// # Ok::<(), FunctionSetError>(())
/// ```
#[derive(Debug, Default)]
pub struct FunctionSet {
    functions: Vec<CelFunction>,
}

/// An error in `functions.yaml`.
#[derive(Debug, thiserror::Error)]
pub enum FunctionSetError {
    /// The file is not valid YAML, or does not have the expected structure.
    #[error("{0}")]
    Yaml(#[from] serde_saphyr::Error),
    /// A signature does not have the form `name(parameter, ...)`.
    #[error("`{0}` is not a valid signature; use `name(parameter, ...)`")]
    Signature(String),
    /// The body of a function does not compile.
    #[error("`{signature}`: {failure}")]
    Body {
        /// The signature of the function.
        signature: String,
        /// The error in the body.
        failure: Box<CelError>,
    },
}

impl FunctionSet {
    /// Parses functions from YAML: `functions: {"name(a, b)": {expression: ..., description:
    /// ...}}`.
    ///
    /// A function cannot call another user-defined function. This rule prevents recursion, which
    /// would make the expansion endless.
    ///
    /// # Errors
    /// [`FunctionSetError`] if the YAML, a signature or a body is not valid.
    pub fn parse_yaml(yaml: &str) -> Result<Self, FunctionSetError> {
        let file: FunctionsFile = serde_saphyr::from_str(yaml)?;
        let mut functions = Vec::new();
        for (signature, definition) in file.functions {
            functions.push(CelFunction::new(&signature, definition)?);
        }
        Ok(FunctionSet { functions })
    }

    /// Returns the names of the functions.
    pub fn function_names(&self) -> impl Iterator<Item = &str> {
        self.functions.iter().map(|function| function.name.as_str())
    }

    /// Returns the signature and the description of each function.
    pub fn function_docs(&self) -> impl Iterator<Item = (String, &str)> {
        self.functions.iter().map(|function| {
            let signature = format!("{}({})", function.name, function.parameters.join(", "));
            (signature, function.description.as_deref().unwrap_or_default())
        })
    }

    /// Returns the parameters and the body of the function with this name and number of arguments.
    pub fn find_definition(
        &self,
        name: &str,
        arguments: usize,
    ) -> Option<(&[String], &SyntaxNode)> {
        let called = |f: &&CelFunction| f.name == name && f.parameters.len() == arguments;
        let function = self.functions.iter().find(called)?;
        Some((&function.parameters, &function.syntax))
    }

    /// Returns the name and the number of arguments of each function.
    pub(super) fn function_arities(&self) -> Vec<(&str, usize)> {
        self.functions.iter().map(|f| (f.name.as_str(), f.parameters.len())).collect()
    }

    /// Replaces each call of a user-defined function with the body of the function.
    pub(super) fn expand_calls(&self, expr: &mut IdedExpr) {
        visit_children_mut(expr, &mut |child| self.expand_calls(child));
        let Expr::Call(call) = &expr.expr else { return };
        let named =
            |f: &&CelFunction| f.name == call.func_name && f.parameters.len() == call.args.len();
        if call.target.is_none()
            && let Some(function) = self.functions.iter().find(named)
        {
            *expr = function.inline_body(expr.id, &call.args);
        }
    }
}

thread_local! {
    /// The number of expansions on this thread. Each expansion appends its number to the names that
    /// it binds, so that no two expansions bind the same name.
    static EXPANSIONS: Cell<u64> = const { Cell::new(0) };
}

impl CelFunction {
    fn new(signature: &str, definition: FunctionDefinition) -> Result<Self, FunctionSetError> {
        let wrong = || FunctionSetError::Signature(signature.to_owned());
        let (name, rest) = signature.split_once('(').ok_or_else(wrong)?;
        let list = rest.strip_suffix(')').ok_or_else(wrong)?;
        let parameters: Vec<String> =
            list.split(',').map(|p| p.trim().to_owned()).filter(|p| !p.is_empty()).collect();
        if !parameters.iter().map(String::as_str).chain([name]).all(is_identifier) {
            return Err(wrong());
        }
        let failed = |failure| FunctionSetError::Body {
            signature: signature.to_owned(),
            failure: Box::new(failure),
        };
        let environment = thread_environment().map_err(failed)?;
        let (body, info) = parse_source(&environment, &definition.expression, 0).map_err(failed)?;
        let syntax = SyntaxNode::from_ast(
            &body,
            &SourceTexts::from_expression(&definition.expression, info),
        );
        let names = parameters.iter().map(String::as_str).collect();
        let known = KnownNames { names, functions: Vec::new() };
        check_names(&body, &known).map_err(|wrong| {
            let failure = CelError::with_span(0, 0..0, wrong.message);
            failed(CelError { help: wrong.help, ..failure })
        })?;
        Ok(CelFunction {
            name: name.to_owned(),
            parameters,
            body,
            syntax,
            description: definition.description,
        })
    }

    /// Returns the body with the arguments in place of the parameters. Names that the body binds
    /// are renamed, so that they cannot capture a name in an argument.
    fn inline_body(&self, id: u64, args: &[IdedExpr]) -> IdedExpr {
        let expansion = EXPANSIONS.get();
        EXPANSIONS.set(expansion.wrapping_add(1));
        let mut body = self.body.clone();
        substitute_parameters(
            &mut body,
            id,
            &mut |name| {
                let parameter = self.parameters.iter().position(|p| p == name);
                parameter.and_then(|at| args.get(at)).cloned()
            },
            &|name| format!("{name}@{expansion}"),
            &mut Vec::new(),
        );
        body
    }
}

fn is_identifier(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

fn substitute_parameters(
    expr: &mut IdedExpr,
    id: u64,
    argument: &mut dyn FnMut(&str) -> Option<IdedExpr>,
    rename: &dyn Fn(&str) -> String,
    bound: &mut Vec<String>,
) {
    expr.id = id;
    if let Expr::Ident(name) = &mut expr.expr {
        if bound.contains(name) {
            *name = rename(name);
        } else if let Some(value) = argument(name) {
            *expr = value;
        }
        return;
    }
    let depth = bound.len();
    if let Expr::Comprehension(c) = &mut expr.expr {
        substitute_parameters(&mut c.iter_range, id, argument, rename, bound);
        substitute_parameters(&mut c.accu_init, id, argument, rename, bound);
        let names = [Some(&mut c.iter_var), c.iter_var2.as_mut(), Some(&mut c.accu_var)];
        for name in names.into_iter().flatten().filter(|name| !name.starts_with('@')) {
            bound.push(name.clone());
            *name = rename(name);
        }
        for part in [&mut c.loop_cond, &mut c.loop_step, &mut c.result] {
            substitute_parameters(part, id, argument, rename, bound);
        }
        bound.truncate(depth);
        return;
    }
    visit_children_mut(expr, &mut |child| {
        substitute_parameters(child, id, argument, rename, bound);
    });
}

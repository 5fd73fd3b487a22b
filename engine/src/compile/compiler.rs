//! Parses expressions, expands their variables and functions, and checks their names and limits.

use super::functions::FunctionSet;
use super::inline::inline_variables;
use super::instrument::instrument_expression;
use super::name_resolution::{KnownNames, check_names, free_names};
use super::pass::AstPass;
use crate::ast::bounds::check_bounds;
use crate::ast::parse::parse_source;
use crate::ast::sources::SourceTexts;
use crate::cel_error::CelError;
use crate::environment::thread_environment;
use crate::run::expression::CompiledExpression;
use cel::common::ast::IdedExpr;

/// A compiler for the expressions of one policy, which share variables and functions.
///
/// ```
/// use evenkeel_engine::{CelError, ExpressionCompiler, FunctionSet, on_large_stack};
///
/// let functions = FunctionSet::default();
/// let expression = on_large_stack(|| -> Result<_, CelError> {
///     let mut compiler = ExpressionCompiler::new(&functions);
///     compiler.define_variable("owner", "resource.tags.owner", &["resource"])?;
///     compiler.compile_expression("owner == 'security'", &["resource"])
/// })??;
/// assert!(expression.uses_name("resource"));
/// # Ok::<(), CelError>(())
/// ```
pub struct ExpressionCompiler<'f> {
    functions: &'f FunctionSet,
    variables: Vec<(String, IdedExpr)>,
    sources: SourceTexts,
    passes: &'f [&'f dyn AstPass],
}

impl<'f> ExpressionCompiler<'f> {
    /// Creates a compiler for expressions that can call `functions`. Call its methods on a [large
    /// stack](crate::on_large_stack).
    pub fn new(functions: &'f FunctionSet) -> Self {
        Self::with_passes(functions, &[])
    }

    /// Creates a compiler that runs `passes` on each tree, in this order. Call its methods on a
    /// [large stack](crate::on_large_stack).
    pub fn with_passes(functions: &'f FunctionSet, passes: &'f [&'f dyn AstPass]) -> Self {
        ExpressionCompiler {
            functions,
            variables: Vec::new(),
            sources: SourceTexts::default(),
            passes,
        }
    }

    /// Returns the number that the next source text will have.
    pub fn next_source_number(&self) -> usize {
        self.sources.source_count()
    }

    /// Returns the text of the source with this number.
    pub fn source_text(&self, source: usize) -> &str {
        self.sources.whole_text(source)
    }

    /// Compiles an expression and makes it available to later expressions as the variable `name`.
    ///
    /// # Errors
    /// A [`CelError`] if the expression does not compile.
    pub fn define_variable(
        &mut self,
        name: &str,
        text: &str,
        scope: &[&str],
    ) -> Result<(), CelError> {
        let ast = self.parse_and_check(text, scope)?;
        self.sources.add_variable(name, ast.id);
        self.variables.push((name.to_owned(), ast));
        Ok(())
    }

    /// Compiles an expression that can use the names in `scope` and all variables defined before.
    ///
    /// # Errors
    /// A [`CelError`] if the expression does not compile.
    pub fn compile_expression(
        &mut self,
        text: &str,
        scope: &[&str],
    ) -> Result<CompiledExpression, CelError> {
        let mut ast = self.parse_and_check(text, scope)?;
        let uses = free_names(&ast);
        instrument_expression(&mut ast);
        for pass in self.passes {
            pass.visit_compiled(&mut ast);
        }
        Ok(CompiledExpression { tree: ast, used_names: uses })
    }

    /// Returns the source texts of the compiled expressions. An evaluation needs them to report the
    /// position of an error.
    pub fn into_sources(self) -> SourceTexts {
        self.sources
    }

    fn parse_and_check(&mut self, text: &str, scope: &[&str]) -> Result<IdedExpr, CelError> {
        let number = self.next_source_number();
        let (mut ast, info) = parse_source(&*thread_environment()?, text, number)?;
        self.sources.add_source(text, info);
        check_bounds(&ast, number, text)?;
        for pass in self.passes {
            pass.visit_written(&mut ast, &self.sources);
        }
        self.functions.expand_calls(&mut ast);
        let variables = self.variables.iter().map(|variable| variable.0.as_str());
        let names = scope.iter().copied().chain(variables).collect();
        let known = KnownNames { names, functions: self.functions.function_arities() };
        check_names(&ast, &known).map_err(|wrong| {
            let (number, span) = self.sources.node_span(wrong.node);
            CelError { help: wrong.help, ..CelError::with_span(number, span, wrong.message) }
        })?;
        inline_variables(&mut ast, &self.variables);
        check_bounds(&ast, number, text)?;
        Ok(ast)
    }
}

impl std::fmt::Debug for ExpressionCompiler<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Compiler").field("sources", &self.sources).finish_non_exhaustive()
    }
}

//! From source text to an expression that can be evaluated: parsed, expanded, checked, bounded.

use super::functions::Functions;
use super::inline::inline;
use super::instrument::guard;
use super::names::{Known, check_names, used};
use super::pass::AstPass;
use crate::ast::bounds::check_bounds;
use crate::ast::parse::parse;
use crate::ast::sources::Sources;
use crate::environment::environment;
use crate::failure::Failure;
use crate::run::expression::Expression;
use cel::common::ast::IdedExpr;

/// Compiles the expressions of one policy, which share variables and functions.
pub struct Compiler<'f> {
    functions: &'f Functions,
    variables: Vec<(String, IdedExpr)>,
    sources: Sources,
    passes: &'f [&'f dyn AstPass],
}

impl<'f> Compiler<'f> {
    /// A compiler that knows these functions. Its work belongs on a [large stack](crate::on_large_stack).
    pub fn new(functions: &'f Functions) -> Self {
        Self::with_passes(functions, &[])
    }

    /// A compiler that lets these passes see each tree, one after the other.
    pub fn with_passes(functions: &'f Functions, passes: &'f [&'f dyn AstPass]) -> Self {
        Compiler { functions, variables: Vec::new(), sources: Sources::default(), passes }
    }

    /// The number that the next source will have.
    pub fn source(&self) -> usize {
        self.sources.count()
    }

    /// The text of a source.
    pub fn text(&self, source: usize) -> &str {
        self.sources.whole_text(source)
    }

    /// Gives `name` to an expression; later expressions may use it.
    ///
    /// # Errors
    /// When the expression does not compile.
    pub fn variable(&mut self, name: &str, text: &str, scope: &[&str]) -> Result<(), Failure> {
        let ast = self.parse(text, scope)?;
        self.sources.add_variable(name, ast.id);
        self.variables.push((name.to_owned(), ast));
        Ok(())
    }

    /// Compiles an expression that may use the names in `scope` and the variables so far.
    ///
    /// # Errors
    /// When the expression does not compile.
    pub fn expression(&mut self, text: &str, scope: &[&str]) -> Result<Expression, Failure> {
        let mut ast = self.parse(text, scope)?;
        let uses = used(&ast);
        guard(&mut ast);
        for pass in self.passes {
            pass.visit_compiled(&mut ast);
        }
        Ok(Expression { tree: ast, uses })
    }

    /// What the expressions were compiled from, which their evaluation needs to explain itself.
    pub fn into_sources(self) -> Sources {
        self.sources
    }

    fn parse(&mut self, text: &str, scope: &[&str]) -> Result<IdedExpr, Failure> {
        let number = self.source();
        let (mut ast, info) = parse(&*environment()?, text, number)?;
        self.sources.add(text, info);
        check_bounds(&ast, number, text)?;
        for pass in self.passes {
            pass.visit_written(&mut ast, &self.sources);
        }
        self.functions.expand(&mut ast);
        let variables = self.variables.iter().map(|variable| variable.0.as_str());
        let names = scope.iter().copied().chain(variables).collect();
        let known = Known { names, functions: self.functions.arities() };
        check_names(&ast, &known).map_err(|wrong| {
            let (number, span) = self.sources.span(wrong.node);
            Failure { help: wrong.help, ..Failure::at(number, span, wrong.message) }
        })?;
        inline(&mut ast, &self.variables);
        check_bounds(&ast, number, text)?;
        Ok(ast)
    }
}

impl std::fmt::Debug for Compiler<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Compiler").field("sources", &self.sources).finish_non_exhaustive()
    }
}

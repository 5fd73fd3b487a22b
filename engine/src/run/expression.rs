//! An expression that is compiled, and its evaluation.

use super::data::Data;
use super::scope::Scope;
use super::value::Answer;
use super::{budget, error_location};
use crate::ast::sources::{Sources, numbers_in};
use crate::environment::environment;
use crate::failure::Failure;
use cel::common::ast::IdedExpr;
use cel::{Context, Value};

/// A checked expression, ready to be evaluated.
#[derive(Debug)]
pub struct Expression {
    pub(crate) tree: IdedExpr,
    pub(crate) uses: Vec<String>,
}

impl Expression {
    /// Whether the expression uses the name `name`, or what its variables use.
    pub fn uses(&self, name: &str) -> bool {
        self.uses.iter().any(|used| used == name)
    }

    /// The numbers of the sources that the expression is made of: its own, and its variables'.
    pub fn sources(&self) -> Vec<usize> {
        numbers_in(&self.tree)
    }

    /// The tree that is evaluated.
    pub fn tree(&self) -> &IdedExpr {
        &self.tree
    }

    /// Evaluates the expression.
    ///
    /// # Errors
    /// When the evaluation fails: a missing key, a wrong type, a spent budget.
    pub fn evaluate<'a, D: Data<'a>>(
        &self,
        scope: &Scope<'a, D>,
        sources: &Sources,
    ) -> Result<Answer, Failure> {
        let mut context = Context::with_env(environment()?);
        context.set_variable_resolver(scope);
        budget::reset(1);
        match Value::resolve_val(&self.tree, &context) {
            Ok(value) => Ok(Answer::of(&*value)),
            Err(error) => Err(error_location::explain(&self.tree, &context, &error, sources)),
        }
    }
}

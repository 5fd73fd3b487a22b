//! A compiled expression and its evaluation.

use super::input_value::InputValue;
use super::scope::EvaluationScope;
use super::value::ExpressionValue;
use super::{budget, error_location};
use crate::ast::sources::{SourceTexts, collect_source_numbers};
use crate::cel_error::CelError;
use crate::environment::thread_environment;
use cel::common::ast::IdedExpr;
use cel::{Context, Value};

/// A compiled and checked expression, ready for evaluation.
#[derive(Debug)]
pub struct CompiledExpression {
    pub(crate) tree: IdedExpr,
    pub(crate) used_names: Vec<String>,
}

impl CompiledExpression {
    /// Returns whether the expression, or a variable that it uses, uses the name `name`.
    ///
    /// `name` is an identifier such as `request`, or an identifier with a field such as
    /// `request.bucketName`.
    pub fn uses_name(&self, name: &str) -> bool {
        self.used_names.iter().any(|used| used == name)
    }

    /// Returns the numbers of the source texts that the expression consists of: its own, and those
    /// of its variables.
    pub fn source_numbers(&self) -> Vec<usize> {
        collect_source_numbers(&self.tree)
    }

    /// Returns the tree that is evaluated.
    pub fn syntax_tree(&self) -> &IdedExpr {
        &self.tree
    }

    /// Evaluates the expression with the names that `scope` binds.
    ///
    /// # Errors
    /// A [`CelError`] if the evaluation fails, for example because of a missing key, a wrong type
    /// or an exhausted budget.
    pub fn evaluate_in<'a, D: InputValue<'a>>(
        &self,
        scope: &EvaluationScope<'a, D>,
        sources: &SourceTexts,
    ) -> Result<ExpressionValue, CelError> {
        let mut context = Context::with_env(thread_environment()?);
        context.set_variable_resolver(scope);
        budget::reset_budget(1);
        match Value::resolve_val(&self.tree, &context) {
            Ok(value) => Ok(ExpressionValue::from_value(&*value)),
            Err(error) => {
                Err(error_location::locate_failure(&self.tree, &context, &error, sources))
            }
        }
    }
}

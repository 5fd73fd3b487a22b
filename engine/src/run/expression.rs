//! An expression that is compiled, and its evaluation.

use super::input_value::InputValue;
use super::scope::EvaluationScope;
use super::value::ExpressionValue;
use super::{budget, error_location};
use crate::ast::sources::{SourceTexts, collect_source_numbers};
use crate::cel_error::CelError;
use crate::environment::thread_environment;
use cel::common::ast::IdedExpr;
use cel::{Context, Value};

/// A checked expression, ready to be evaluated.
#[derive(Debug)]
pub struct CompiledExpression {
    pub(crate) tree: IdedExpr,
    pub(crate) used_names: Vec<String>,
}

impl CompiledExpression {
    /// Whether the expression uses the name `name`, or what its variables use.
    pub fn uses_name(&self, name: &str) -> bool {
        self.used_names.iter().any(|used| used == name)
    }

    /// The numbers of the sources that the expression is made of: its own, and its variables'.
    pub fn source_numbers(&self) -> Vec<usize> {
        collect_source_numbers(&self.tree)
    }

    /// The tree that is evaluated.
    pub fn syntax_tree(&self) -> &IdedExpr {
        &self.tree
    }

    /// Evaluates the expression.
    ///
    /// # Errors
    /// When the evaluation fails: a missing key, a wrong type, a spent budget.
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

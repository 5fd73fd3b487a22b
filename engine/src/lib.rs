//! The CEL engine of Evenkeel: compiles CEL expressions and evaluates them within fixed limits.
//!
//! This is the only crate that uses the crate `cel`. It adds a budget for each evaluation, errors
//! without values of events, and functions for AWS data. The crate does not use policy files,
//! CloudTrail records or compliance statuses.
//!
//! ```
//! use evenkeel_engine::{
//!     CelError, EvaluationScope, ExpressionCompiler, ExpressionValue, FunctionSet, on_large_stack,
//! };
//! use serde_json::json;
//!
//! let functions = FunctionSet::default();
//! let (expression, sources) = on_large_stack(|| -> Result<_, CelError> {
//!     let mut compiler = ExpressionCompiler::new(&functions);
//!     let expression = compiler.compile_expression("request.port == 22", &["request"])?;
//!     Ok((expression, compiler.into_sources()))
//! })??;
//!
//! let request = json!({"port": 22});
//! let mut scope = EvaluationScope::default();
//! scope.bind_value("request", &request);
//! assert_eq!(expression.evaluate_in(&scope, &sources)?, ExpressionValue::Bool(true));
//! # Ok::<(), CelError>(())
//! ```

pub mod ast;
mod cel_error;
mod compile;
mod environment;
pub mod glob;
mod library;
mod limits;
mod run;
mod stack;

pub use cel_error::CelError;
pub use compile::compiler::ExpressionCompiler;
pub use compile::functions::{FunctionSet, FunctionSetError};
pub use compile::instrument::is_written_call;
pub use compile::name_resolution::suggest_name;
pub use compile::pass::AstPass;
pub use compile::syntax::{SyntaxKind, SyntaxNode};
pub use compile::syntax_parsing::check_syntax;
pub use library::library_functions;
pub use limits::{
    EVALUATION_BUDGET, EVALUATION_STACK, EVENT_BUDGET, MAX_DEPTH, MAX_NODES, MAX_SOURCE, MAX_TEXT,
};
pub use run::budget::start_event_budget;
pub use run::expression::CompiledExpression;
pub use run::field_map::{FieldMap, ReadFlag};
pub use run::input_value::{InputValue, ValueKind};
pub use run::observation::{observe_node, observed_node, record_observations};
pub use run::scope::{ConstantValue, EvaluationScope};
pub use run::undecided::take_undecided;
pub use run::value::ExpressionValue;
pub use stack::{on_evaluation_stack, on_large_stack};

#[cfg(test)]
mod tests;

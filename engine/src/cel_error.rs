//! Why an expression did not compile or did not evaluate, and where.

use std::ops::Range;

/// A failed compilation or evaluation.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct CelError {
    /// What went wrong, lower case, without a full stop. It holds no value of an event: it goes into findings, logs
    /// and messages, and an event may hold a secret.
    pub message: String,
    /// The text of the sub-expression that failed, where it is known.
    pub expression: Option<String>,
    /// Which source this is about, as numbered by [`ExpressionCompiler::next_source_number`](crate::ExpressionCompiler::next_source_number).
    pub source_number: usize,
    /// The bytes of that source.
    pub span: Range<usize>,
    /// The key that was not there, where that is what went wrong.
    pub missing_key: Option<String>,
    /// What to do about it.
    pub help: Option<String>,
}

impl CelError {
    /// What is wrong with these bytes of a source.
    pub fn with_span(source_number: usize, span: Range<usize>, message: String) -> Self {
        CelError { message, expression: None, source_number, span, missing_key: None, help: None }
    }

    /// A defect of ours, and not of the expression.
    pub fn internal_error(message: String) -> Self {
        CelError::with_span(0, 0..0, message)
    }

    /// The message with the sub-expression, on one line.
    pub fn full_message(&self) -> String {
        match &self.expression {
            Some(expression) => format!("{}, in `{expression}`", self.message),
            None => self.message.clone(),
        }
    }
}

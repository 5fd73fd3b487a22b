//! The error type of compilation and evaluation, with the position of the failure.

use std::ops::Range;

/// A failed compilation or evaluation.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct CelError {
    /// A description of the error, in lower case, without a full stop. It contains no value of an
    /// event: messages go into findings and logs, and an event can contain secrets.
    pub message: String,
    /// The source text of the sub-expression that failed, if it is known.
    pub expression: Option<String>,
    /// The number of the source text that contains the error, as returned by
    /// [`ExpressionCompiler::next_source_number`](crate::ExpressionCompiler::next_source_number).
    pub source_number: usize,
    /// The byte range of the error in that source text.
    pub span: Range<usize>,
    /// The name of the missing key, if the error is a missing key.
    pub missing_key: Option<String>,
    /// A suggestion for how to correct the expression.
    pub help: Option<String>,
}

impl CelError {
    /// Creates an error at a byte range of a source text.
    pub fn with_span(source_number: usize, span: Range<usize>, message: String) -> Self {
        CelError { message, expression: None, source_number, span, missing_key: None, help: None }
    }

    /// Creates an error for a defect of Evenkeel itself, not of the expression.
    pub fn internal_error(message: String) -> Self {
        CelError::with_span(0, 0..0, message)
    }

    /// Returns the message and the failing sub-expression, on one line.
    pub fn full_message(&self) -> String {
        match &self.expression {
            Some(expression) => format!("{}, in `{expression}`", self.message),
            None => self.message.clone(),
        }
    }
}

//! Why an expression did not compile or did not evaluate, and where.

use std::ops::Range;

/// A failed compilation or evaluation.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// What went wrong, lower case, without a full stop.
    pub message: String,
    /// The text of the sub-expression that failed, where it is known.
    pub expression: Option<String>,
    /// What the operands of that sub-expression were.
    pub operands: Vec<(String, String)>,
    /// Which source this is about, as numbered by [`Compiler::source`](super::Compiler::source).
    pub source_number: usize,
    /// The bytes of that source.
    pub span: Range<usize>,
    /// The key that was not there, where that is what went wrong.
    pub missing_key: Option<String>,
    /// What to do about it.
    pub help: Option<String>,
}

impl Failure {
    pub(crate) fn at(source_number: usize, span: Range<usize>, message: String) -> Self {
        Failure {
            message,
            expression: None,
            operands: Vec::new(),
            source_number,
            span,
            missing_key: None,
            help: None,
        }
    }

    /// A defect of ours, and not of the expression.
    pub fn internal(message: String) -> Self {
        Failure::at(0, 0..0, message)
    }

    /// The message with the sub-expression and its operands' values, on one line.
    pub fn explain(&self) -> String {
        let mut out = self.message.clone();
        if let Some(expression) = &self.expression {
            out = format!("{out}, in `{expression}`");
        }
        let operands: Vec<_> =
            self.operands.iter().map(|(name, value)| format!("{name} = {value}")).collect();
        if !operands.is_empty() {
            out = format!("{out} where {}", operands.join(", "));
        }
        out
    }
}

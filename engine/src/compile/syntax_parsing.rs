//! Reads an expression without compiling it: names and functions are not looked at.

use super::syntax::SyntaxNode;
use crate::ast::parse::parse_source;
use crate::ast::sources::SourceTexts;
use crate::cel_error::CelError;
use crate::environment::thread_environment;
use crate::stack::on_large_stack;

/// Whether `text` is CEL at all: names and functions are not looked at.
///
/// # Errors
/// What is wrong, and where in the text.
pub fn check_syntax(text: &str) -> Result<(), CelError> {
    on_large_stack(|| parse_source(&*thread_environment()?, text, 0).map(drop))?
}

impl SyntaxNode {
    /// Reads an expression. Its work belongs on a [large stack](on_large_stack).
    ///
    /// # Errors
    /// When it is no CEL.
    pub fn parse_text(text: &str) -> Result<SyntaxNode, CelError> {
        let (ast, info) = parse_source(&*thread_environment()?, text, 0)?;
        Ok(SyntaxNode::from_ast(&ast, &SourceTexts::from_expression(text, info)))
    }
}

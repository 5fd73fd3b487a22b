//! The parser for expressions that are not compiled. It does not check names and functions.

use super::syntax::SyntaxNode;
use crate::ast::parse::parse_source;
use crate::ast::sources::SourceTexts;
use crate::cel_error::CelError;
use crate::environment::thread_environment;
use crate::stack::on_large_stack;

/// Checks the syntax of a CEL expression. The function does not check names and functions.
///
/// # Errors
/// A [`CelError`] with the position of the syntax error.
pub fn check_syntax(text: &str) -> Result<(), CelError> {
    on_large_stack(|| parse_source(&*thread_environment()?, text, 0).map(drop))?
}

impl SyntaxNode {
    /// Parses an expression. Call this function on a [large stack](on_large_stack).
    ///
    /// # Errors
    /// A [`CelError`] if the text is not valid CEL.
    pub fn parse_text(text: &str) -> Result<SyntaxNode, CelError> {
        let (ast, info) = parse_source(&*thread_environment()?, text, 0)?;
        Ok(SyntaxNode::from_ast(&ast, &SourceTexts::from_expression(text, info)))
    }
}

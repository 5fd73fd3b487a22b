//! Reads an expression without compiling it: names and functions are not looked at.

use super::syntax::Syntax;
use crate::ast::parse::parse;
use crate::ast::sources::Sources;
use crate::environment::environment;
use crate::failure::Failure;
use crate::stack::on_large_stack;

/// Whether `text` is CEL at all: names and functions are not looked at.
///
/// # Errors
/// What is wrong, and where in the text.
pub fn check_syntax(text: &str) -> Result<(), Failure> {
    on_large_stack(|| parse(&*environment()?, text, 0).map(drop))?
}

impl Syntax {
    /// Reads an expression. Its work belongs on a [large stack](on_large_stack).
    ///
    /// # Errors
    /// When it is no CEL.
    pub fn read(text: &str) -> Result<Syntax, Failure> {
        let (ast, info) = parse(&*environment()?, text, 0)?;
        Ok(Syntax::of(&ast, &Sources::single(text, info)))
    }
}

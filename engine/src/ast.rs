//! Syntax trees of expressions.
//!
//! A [pass](crate::AstPass) in another crate reads and changes trees with the items of this module.
//! No other crate depends on the parser.

pub(crate) mod bounds;
pub(crate) mod parse;
pub(crate) mod sources;
pub(crate) mod walk;

pub use cel::common::ast::{CallExpr, Expr, IdedExpr, LiteralValue, operators};
pub use sources::SourceTexts;
pub use walk::{child_expressions, visit_children_mut};

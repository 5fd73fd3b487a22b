//! Trees of expressions: the ground on which compiling and evaluating stand.
//!
//! A [pass](crate::AstPass) of another crate walks and changes trees by what is here, and names no other parser.

pub(crate) mod bounds;
pub(crate) mod parse;
pub(crate) mod sources;
pub(crate) mod walk;

pub use cel::common::ast::{CallExpr, Expr, IdedExpr, LiteralValue, operators};
pub use sources::SourceTexts;
pub use walk::{child_expressions, visit_children_mut};

//! Steps that a tool adds to compiling, to study expressions or to change them on purpose.

use crate::ast::sources::SourceTexts;
use cel::common::ast::IdedExpr;

/// A step of a tool: it sees each tree twice on its way, and may change it. A function that evaluates adds none.
pub trait AstPass: Sync {
    /// Visits the tree of one source as its author wrote it: no function is expanded and no variable filled in.
    fn visit_written(&self, _tree: &mut IdedExpr, _sources: &SourceTexts) {}

    /// Visits the tree of one expression as it is evaluated: all is filled in, and the budget's calls are in place.
    fn visit_compiled(&self, _tree: &mut IdedExpr) {}
}

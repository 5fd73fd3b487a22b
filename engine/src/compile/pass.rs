//! Compilation steps with which tools inspect or change expressions.

use crate::ast::sources::SourceTexts;
use cel::common::ast::IdedExpr;

/// A compilation step of a tool. It visits each tree twice and may change it. The deployed
/// functions add no passes.
pub trait AstPass: Sync {
    /// Visits the tree of one source text as its author wrote it: functions and variables are not
    /// expanded yet.
    fn visit_written(&self, _tree: &mut IdedExpr, _sources: &SourceTexts) {}

    /// Visits the tree of one expression as it is evaluated: functions and variables are expanded,
    /// and the calls that charge the budget are in place.
    fn visit_compiled(&self, _tree: &mut IdedExpr) {}
}

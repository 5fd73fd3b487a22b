//! Replaces the names of variables with their expressions.

use crate::ast::walk::visit_children_mut;
use cel::common::ast::{Expr, IdedExpr};

/// Replaces each use of a variable with the expression of the variable.
pub(super) fn inline_variables(expr: &mut IdedExpr, variables: &[(String, IdedExpr)]) {
    if let Expr::Ident(name) = &expr.expr {
        if let Some((_, value)) = variables.iter().find(|variable| variable.0 == *name) {
            *expr = value.clone();
        }
        return;
    }
    visit_children_mut(expr, &mut |child| inline_variables(child, variables));
}

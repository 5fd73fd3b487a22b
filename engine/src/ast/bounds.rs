//! How deep and how large a tree may be.

use super::walk::child_expressions;
use crate::cel_error::CelError;
use crate::limits::{MAX_DEPTH, MAX_NODES};
use cel::common::ast::IdedExpr;

/// Refuses a tree that is too deep or too large.
pub(crate) fn check_bounds(ast: &IdedExpr, number: usize, text: &str) -> Result<(), CelError> {
    let mut nodes = 0;
    let depth = measure_tree(ast, 1, &mut nodes);
    let wrong = if depth > MAX_DEPTH {
        format!("the expression nests deeper than {MAX_DEPTH} levels")
    } else if nodes > MAX_NODES {
        format!("the expression has more than {MAX_NODES} parts once its variables are filled in")
    } else {
        return Ok(());
    };
    Err(CelError::with_span(number, 0..text.len(), wrong))
}

/// The depth of a tree; counts its nodes, and stops looking where they are too many.
fn measure_tree(expr: &IdedExpr, depth: usize, nodes: &mut usize) -> usize {
    *nodes = nodes.saturating_add(1);
    if *nodes > MAX_NODES {
        return depth;
    }
    let below = child_expressions(expr)
        .into_iter()
        .map(|child| measure_tree(child, depth.saturating_add(1), nodes));
    below.max().unwrap_or(depth)
}

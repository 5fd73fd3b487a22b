//! Checks that a syntax tree does not exceed the limits on its depth and its size.

use super::walk::child_expressions;
use crate::cel_error::CelError;
use crate::limits::{MAX_DEPTH, MAX_NODES};
use cel::common::ast::IdedExpr;

/// Returns an error if a tree is deeper than [`MAX_DEPTH`] or has more nodes than [`MAX_NODES`].
pub(crate) fn check_bounds(ast: &IdedExpr, number: usize, text: &str) -> Result<(), CelError> {
    let mut nodes = 0;
    let depth = measure_tree(ast, 1, &mut nodes);
    let wrong = if depth > MAX_DEPTH {
        format!("the expression nests deeper than {MAX_DEPTH} levels")
    } else if nodes > MAX_NODES {
        format!("the expression has more than {MAX_NODES} nodes after its variables are expanded")
    } else {
        return Ok(());
    };
    Err(CelError::with_span(number, 0..text.len(), wrong))
}

/// Returns the depth of a tree, and adds its number of nodes to `nodes`. The function stops when
/// `nodes` exceeds [`MAX_NODES`].
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

//! How deep and how large a tree may be.

use super::walk::children;
use crate::failure::Failure;
use crate::limits::{MAX_DEPTH, MAX_NODES};
use cel::common::ast::IdedExpr;

/// Refuses a tree that is too deep or too large.
pub(crate) fn check_bounds(ast: &IdedExpr, number: usize, text: &str) -> Result<(), Failure> {
    let mut nodes = 0;
    let depth = measure(ast, 1, &mut nodes);
    let wrong = if depth > MAX_DEPTH {
        format!("the expression nests deeper than {MAX_DEPTH} levels")
    } else if nodes > MAX_NODES {
        format!("the expression has more than {MAX_NODES} parts once its variables are filled in")
    } else {
        return Ok(());
    };
    Err(Failure::at(number, 0..text.len(), wrong))
}

/// The depth of a tree; counts its nodes, and stops looking where they are too many.
fn measure(expr: &IdedExpr, depth: usize, nodes: &mut usize) -> usize {
    *nodes = nodes.saturating_add(1);
    if *nodes > MAX_NODES {
        return depth;
    }
    let below =
        children(expr).into_iter().map(|child| measure(child, depth.saturating_add(1), nodes));
    below.max().unwrap_or(depth)
}

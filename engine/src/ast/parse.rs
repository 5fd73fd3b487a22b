//! Parses source text into a syntax tree. The id of each node contains the number of its source
//! text.

use super::sources::id_base;
use super::walk::visit_children_mut;
use crate::cel_error::CelError;
use crate::limits::MAX_SOURCE;
use cel::Env;
use cel::common::ast::{IdedExpr, SourceInfo};

/// Parses one source text. The ids of its nodes contain `number`, the number of the source text.
pub(crate) fn parse_source(
    env: &Env,
    text: &str,
    number: usize,
) -> Result<(IdedExpr, SourceInfo), CelError> {
    if text.len() > MAX_SOURCE {
        let message = format!("the expression is longer than {MAX_SOURCE} bytes");
        return Err(CelError::with_span(number, 0..text.len(), message));
    }
    let parser = env.parser().enable_ident_escape_syntax(true);
    let (mut ast, info) = parser.parse_with_source_info(text).map_err(|errors| {
        let first = errors.errors.first();
        let (line, column) = first.map_or((1, 1), |error| error.pos);
        let at = byte_position(text, line, column);
        let message = first.map_or("not a valid CEL expression", |error| error.msg.as_str());
        let message = message.strip_prefix("Syntax error: ").unwrap_or(message);
        let end = text.ceil_char_boundary(at.saturating_add(1)).max(at);
        CelError::with_span(number, at..end, lower_first(message))
    })?;
    renumber_nodes(&mut ast, id_base(number));
    Ok((ast, info))
}

fn lower_first(message: &str) -> String {
    let mut chars = message.chars();
    chars.next().map_or_else(String::new, |c| c.to_lowercase().chain(chars).collect())
}

/// Returns the byte offset of a line and a column. Both are counted from 1.
fn byte_position(text: &str, line: isize, column: isize) -> usize {
    let skip = usize::try_from(line.saturating_sub(1)).unwrap_or_default();
    let before: usize = text.split_inclusive('\n').take(skip).map(str::len).sum();
    let rest = text.get(before..).unwrap_or_default();
    let column = usize::try_from(column.saturating_sub(1)).unwrap_or_default();
    before.saturating_add(rest.char_indices().nth(column).map_or(rest.len(), |(at, _)| at))
}

fn renumber_nodes(expr: &mut IdedExpr, base: u64) {
    expr.id |= base;
    visit_children_mut(expr, &mut |child| renumber_nodes(child, base));
}

//! The source texts of expressions, and the byte range of each node in its source text.

use super::walk::child_expressions;
use cel::common::ast::{IdedExpr, SourceInfo};
use std::ops::Range;

/// The upper half of the id of a node contains the number of its source text.
const SOURCE_SHIFT: u32 = 32;

/// The source texts from which the expressions of a policy were compiled.
#[derive(Debug, Default)]
pub struct SourceTexts {
    texts: Vec<(String, SourceInfo)>,
    /// The name of each variable, and the id of the root node of its expression.
    variables: Vec<(String, u64)>,
}

impl SourceTexts {
    /// Creates the source texts of a single expression.
    pub(crate) fn from_expression(text: &str, info: SourceInfo) -> Self {
        SourceTexts { texts: vec![(text.to_owned(), info)], variables: Vec::new() }
    }

    /// Returns the number of source texts.
    pub(crate) fn source_count(&self) -> usize {
        self.texts.len()
    }

    /// Adds a source text. Its number is the number of source texts before the call.
    pub(crate) fn add_source(&mut self, text: &str, info: SourceInfo) {
        self.texts.push((text.to_owned(), info));
    }

    /// Returns the complete text of a source, or an empty string if no source has this number.
    pub(crate) fn whole_text(&self, number: usize) -> &str {
        self.texts.get(number).map_or("", |source| source.0.as_str())
    }

    /// Records that the node `id` is the root of the variable `name`.
    pub(crate) fn add_variable(&mut self, name: &str, id: u64) {
        self.variables.push((name.to_owned(), id));
    }

    /// Returns the number of the source text that contains a node, and the byte range of the node
    /// in it.
    pub fn node_span(&self, expr: &IdedExpr) -> (usize, Range<usize>) {
        let number = usize::try_from(expr.id >> SOURCE_SHIFT).unwrap_or_default();
        let (mut start, mut end) = (usize::MAX, 0);
        self.widen_span(expr, number, &mut start, &mut end);
        let Some((text, _)) = self.texts.get(number) else { return (number, 0..0) };
        if start > end { (number, 0..0) } else { (number, complete_span(text, start..end)) }
    }

    /// Widens a byte range by the positions of all nodes of a tree. The parser records only the
    /// position of the operator of a node, so the range of a node is the union over its tree.
    fn widen_span(&self, expr: &IdedExpr, number: usize, from: &mut usize, to: &mut usize) {
        if expr.id >> SOURCE_SHIFT == number as u64
            && let Some((_, info)) = self.texts.get(number)
            && let Some((start, stop)) = info.offset_for(expr.id & u64::from(u32::MAX))
        {
            *from = (*from).min(usize::try_from(start).unwrap_or(usize::MAX));
            let stop = usize::try_from(stop).unwrap_or_default().saturating_add(1);
            *to = (*to).max(stop);
        }
        for child in child_expressions(expr) {
            self.widen_span(child, number, from, to);
        }
    }

    /// Returns the name of the variable whose root is this node.
    pub fn variable_name(&self, expr: &IdedExpr) -> Option<&str> {
        self.variables.iter().find(|variable| variable.1 == expr.id).map(|found| found.0.as_str())
    }

    /// Returns the source text of a node as its author wrote it.
    pub fn node_text(&self, expr: &IdedExpr) -> Option<&str> {
        let (number, span) = self.node_span(expr);
        self.texts.get(number)?.0.get(span).filter(|text| !text.is_empty())
    }
}

/// Extends a byte range to the end of the name and of the brackets that begin in it.
fn complete_span(text: &str, span: Range<usize>) -> Range<usize> {
    let start = find_node_start(text, text.floor_char_boundary(span.start));
    let (mut end, mut open, mut quote) =
        (find_node_end(text, text.ceil_char_boundary(span.end)), 0_usize, None);
    for (at, c) in text.get(start..).unwrap_or_default().char_indices() {
        let at = start.saturating_add(at);
        let word = c.is_alphanumeric() || matches!(c, '_' | '`' | '?');
        if at >= end && open == 0 && quote.is_none() && !word {
            break;
        }
        match (quote, c) {
            (Some(begun), c) if begun == c => quote = None,
            (None, '\'' | '"') => quote = Some(c),
            (None, '(' | '[' | '{') => open = open.saturating_add(1),
            (None, ')' | ']' | '}') => open = open.saturating_sub(1),
            _ => {}
        }
        end = end.max(at.saturating_add(c.len_utf8()));
    }
    start..end
}

/// Returns the start of a node whose first recorded token is at `at`.
///
/// The start can be before `at` for two reasons. For a call, the parser records the position of the
/// opening bracket, not of the name. An operand that is a variable has its positions in another
/// source text, so the first recorded token can be the operator after it.
fn find_node_start(text: &str, at: usize) -> usize {
    let is_chain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '?');
    let rest = text.get(at..).unwrap_or_default();
    let before = text.get(..at).unwrap_or_default();
    let is_operator = rest.starts_with(['=', '<', '>', '&', '|', '+', '*', '/', '%', '?', '['])
        || rest.starts_with("!=")
        || (rest.starts_with('-') && before.ends_with(' '))
        || rest.starts_with("in ");
    let before = if is_operator { before.trim_end() } else { before };
    if is_operator || rest.starts_with('(') || before.ends_with('.') || rest.starts_with('.') {
        return before.trim_end_matches(is_chain).len();
    }
    at
}

/// Returns the end of a node. If the last token of the node is an operator, the operand after it is
/// a variable, whose positions are in another source text. The range then includes its name.
fn find_node_end(text: &str, end: usize) -> usize {
    let inside = text.get(..end).unwrap_or_default().trim_end();
    let rest = text.get(end..).unwrap_or_default();
    if !inside.ends_with(['=', '<', '>', '&', '|', '+', '-', '*', '/', '%', ':', '!'])
        && !inside.ends_with(" in")
    {
        return end;
    }
    let name = rest.trim_start();
    let length = name.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(name.len());
    text.len().saturating_sub(name.len()).saturating_add(length)
}

/// Returns the bits of a node id that contain the number of the source text.
pub(crate) fn id_base(number: usize) -> u64 {
    (number as u64) << SOURCE_SHIFT
}

/// Returns the numbers of the source texts from which the nodes of a tree come, each once.
pub(crate) fn collect_source_numbers(expr: &IdedExpr) -> Vec<usize> {
    let mut numbers = Vec::new();
    add_source_numbers(expr, &mut numbers);
    numbers
}

fn add_source_numbers(expr: &IdedExpr, numbers: &mut Vec<usize>) {
    let number = usize::try_from(expr.id >> SOURCE_SHIFT).unwrap_or_default();
    if !numbers.contains(&number) {
        numbers.push(number);
    }
    for child in child_expressions(expr) {
        add_source_numbers(child, numbers);
    }
}

//! Computes the indentation of the lines of an expression.

use super::token_roles::{CHOICE_LEVEL, KEY_LEVEL, TokenPiece, TokenRole};

/// The additional indentation of a continuation line, in spaces.
const INDENT_STEP: usize = 2;

/// The content of a pair of brackets, or the whole expression.
#[derive(Debug, Default)]
struct BracketGroup {
    /// The indentation of the line with the opening bracket. `None` for the whole expression.
    base: Option<usize>,
    /// The indentation of the line on which the current operand begins.
    start: usize,
    /// The operators with an open operand: the precedence level of each, and the indentation of the
    /// line on which its first operand begins.
    levels: Vec<(u8, usize)>,
}

impl BracketGroup {
    /// Returns the indentation of a line that begins with an operator: one step more than the line
    /// of its first operand.
    fn indent_operator(&mut self, level: u8) -> usize {
        let mut start = self.start;
        while let Some((_, from)) = self.levels.last().copied().filter(|(open, _)| *open > level) {
            start = from;
            self.levels.pop();
        }
        match self.levels.last() {
            Some((open, from)) if *open == level => start = *from,
            _ => self.levels.push((level, start)),
        }
        start.saturating_add(INDENT_STEP)
    }

    /// Returns the indentation of a line that begins with an operand.
    fn indent_operand(&self) -> usize {
        match (self.levels.last(), self.base) {
            (Some((_, from)), _) => from.saturating_add(INDENT_STEP),
            (None, Some(base)) => base.saturating_add(INDENT_STEP),
            (None, None) => 0,
        }
    }
}

/// Returns the indentation of each piece that begins a line, and `None` for every other piece.
pub(super) fn compute_indents(pieces: &[TokenPiece<'_>]) -> Vec<Option<usize>> {
    let mut layout = IndentTracker { groups: vec![BracketGroup::default()], line: 0 };
    let mut indents: Vec<Option<usize>> = Vec::with_capacity(pieces.len());
    let mut comments: Vec<usize> = Vec::new();
    let mut operand_next = true;
    for (index, piece) in pieces.iter().enumerate() {
        if piece.role == TokenRole::Comment {
            comments.push(index);
            indents.push(None);
            continue;
        }
        let indent = layout.indent_piece(piece, operand_next);
        // A comment on a separate line is indented like the next piece. Before a closing bracket,
        // it is indented like the content of the brackets.
        let inner = if piece.role == TokenRole::Close {
            indent.saturating_add(INDENT_STEP)
        } else {
            indent
        };
        for comment in comments.drain(..) {
            indent_comment(pieces, &mut indents, comment, inner);
        }
        indents.push((index == 0 || piece.breaks > 0).then_some(indent));
        operand_next = piece.wants_operand();
    }
    for comment in comments {
        indent_comment(pieces, &mut indents, comment, 0);
    }
    indents
}

fn indent_comment(
    pieces: &[TokenPiece<'_>],
    indents: &mut [Option<usize>],
    comment: usize,
    indent: usize,
) {
    let own = comment == 0 || pieces.get(comment).is_some_and(|piece| piece.breaks > 0);
    if let Some(place) = indents.get_mut(comment).filter(|_| own) {
        *place = Some(indent);
    }
}

struct IndentTracker {
    groups: Vec<BracketGroup>,
    /// The indentation of the current line.
    line: usize,
}

impl IndentTracker {
    /// Returns the indentation that a piece has if it begins a line, and updates the state.
    fn indent_piece(&mut self, piece: &TokenPiece<'_>, operand_next: bool) -> usize {
        let closed = if piece.role == TokenRole::Close && self.groups.len() > 1 {
            self.groups.pop()
        } else {
            None
        };
        let line = self.line;
        let Some(group) = self.groups.last_mut() else { return 0 };
        let indent = match piece.role {
            TokenRole::Binary(level) => group.indent_operator(level),
            TokenRole::Choice => group.indent_operator(CHOICE_LEVEL),
            TokenRole::Dot | TokenRole::Call => group.start.saturating_add(INDENT_STEP),
            TokenRole::Close => closed.as_ref().and_then(|closed| closed.base).unwrap_or(0),
            _ => group.indent_operand(),
        };
        let line = if piece.breaks > 0 { indent } else { line };
        match piece.role {
            TokenRole::Operand | TokenRole::Prefix | TokenRole::Open if operand_next => {
                group.start = line;
            }
            TokenRole::Comma => group.levels.clear(),
            TokenRole::KeyColon => group.levels = vec![(KEY_LEVEL, group.start)],
            _ => {}
        }
        if matches!(piece.role, TokenRole::Open | TokenRole::Call) {
            self.groups.push(BracketGroup { base: Some(line), start: line, levels: Vec::new() });
        }
        self.line = line;
        indent
    }
}

/// Returns whether two pieces on the same line have a space between them.
pub(super) fn needs_space(before: &TokenPiece<'_>, piece: &TokenPiece<'_>) -> bool {
    let tight_behind = matches!(
        before.role,
        TokenRole::Open | TokenRole::Call | TokenRole::Prefix | TokenRole::Dot
    );
    let tight_before = matches!(
        piece.role,
        TokenRole::Close
            | TokenRole::Comma
            | TokenRole::KeyColon
            | TokenRole::Dot
            | TokenRole::Call
    );
    piece.role == TokenRole::Comment || !(tight_behind || tight_before)
}

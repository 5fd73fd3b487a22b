//! Where the lines of an expression begin, and how far they are indented.

use super::role::{CHOICE, KEY, Piece, Role};

/// By how much what continues is indented.
const STEP: usize = 2;

/// The inside of a bracket, or the whole expression.
#[derive(Debug, Default)]
struct Group {
    /// The indentation of the line that the bracket stands on; none for the whole.
    base: Option<usize>,
    /// The indentation of the line on which the operand begins.
    start: usize,
    /// The operators whose operands are open: how tightly each binds, and the indentation of the line
    /// on which its first operand begins.
    levels: Vec<(u8, usize)>,
}

impl Group {
    /// The indentation of a line that begins with an operator: one step more than its first operand.
    fn operator(&mut self, level: u8) -> usize {
        let mut start = self.start;
        while let Some((_, from)) = self.levels.last().copied().filter(|(open, _)| *open > level) {
            start = from;
            self.levels.pop();
        }
        match self.levels.last() {
            Some((open, from)) if *open == level => start = *from,
            _ => self.levels.push((level, start)),
        }
        start.saturating_add(STEP)
    }

    /// The indentation of a line that begins with an operand.
    fn operand(&self) -> usize {
        match (self.levels.last(), self.base) {
            (Some((_, from)), _) => from.saturating_add(STEP),
            (None, Some(base)) => base.saturating_add(STEP),
            (None, None) => 0,
        }
    }
}

/// The indentation of each piece that begins a line.
pub(super) fn indents(pieces: &[Piece<'_>]) -> Vec<Option<usize>> {
    let mut layout = Layout { groups: vec![Group::default()], line: 0 };
    let mut indents: Vec<Option<usize>> = Vec::with_capacity(pieces.len());
    let mut comments: Vec<usize> = Vec::new();
    let mut operand_next = true;
    for (index, piece) in pieces.iter().enumerate() {
        if piece.role == Role::Comment {
            comments.push(index);
            indents.push(None);
            continue;
        }
        let indent = layout.place(piece, operand_next);
        // A comment on its own line stands as what it is about; before a bracket, as what is in it.
        let inner = if piece.role == Role::Close { indent.saturating_add(STEP) } else { indent };
        for comment in comments.drain(..) {
            own_line(pieces, &mut indents, comment, inner);
        }
        indents.push((index == 0 || piece.breaks > 0).then_some(indent));
        operand_next = piece.wants_operand();
    }
    for comment in comments {
        own_line(pieces, &mut indents, comment, 0);
    }
    indents
}

fn own_line(pieces: &[Piece<'_>], indents: &mut [Option<usize>], comment: usize, indent: usize) {
    let own = comment == 0 || pieces.get(comment).is_some_and(|piece| piece.breaks > 0);
    if let Some(place) = indents.get_mut(comment).filter(|_| own) {
        *place = Some(indent);
    }
}

struct Layout {
    groups: Vec<Group>,
    /// The indentation of the current line.
    line: usize,
}

impl Layout {
    /// The indentation of a piece, if a line begins with it; takes note of the piece.
    fn place(&mut self, piece: &Piece<'_>, operand_next: bool) -> usize {
        let closed = if piece.role == Role::Close && self.groups.len() > 1 {
            self.groups.pop()
        } else {
            None
        };
        let line = self.line;
        let Some(group) = self.groups.last_mut() else { return 0 };
        let indent = match piece.role {
            Role::Binary(level) => group.operator(level),
            Role::Choice => group.operator(CHOICE),
            Role::Dot | Role::Call => group.start.saturating_add(STEP),
            Role::Close => closed.as_ref().and_then(|closed| closed.base).unwrap_or(0),
            _ => group.operand(),
        };
        let line = if piece.breaks > 0 { indent } else { line };
        match piece.role {
            Role::Operand | Role::Prefix | Role::Open if operand_next => group.start = line,
            Role::Comma => group.levels.clear(),
            Role::KeyColon => group.levels = vec![(KEY, group.start)],
            _ => {}
        }
        if matches!(piece.role, Role::Open | Role::Call) {
            self.groups.push(Group { base: Some(line), start: line, levels: Vec::new() });
        }
        self.line = line;
        indent
    }
}

/// Whether two pieces on a line have a space between them.
pub(super) fn spaced(before: &Piece<'_>, piece: &Piece<'_>) -> bool {
    let tight_behind = matches!(before.role, Role::Open | Role::Call | Role::Prefix | Role::Dot);
    let tight_before =
        matches!(piece.role, Role::Close | Role::Comma | Role::KeyColon | Role::Dot | Role::Call);
    piece.role == Role::Comment || !(tight_behind || tight_before)
}

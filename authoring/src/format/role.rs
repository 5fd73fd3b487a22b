//! What each token of an expression is there for, and where the author's line breaks stay.

use super::lex::{Kind, Token};

/// What a token is there for. Levels of binary operators grow with how tightly they bind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// A name, a number, a string.
    Operand,
    /// An operator before its operand, the mark of an optional entry, or a leading dot.
    Prefix,
    /// The dot before a member, or the mark of an optional member behind it.
    Dot,
    /// An operator between two operands, with its level.
    Binary(u8),
    /// The `?` or the `:` of a condition.
    Choice,
    /// The colon behind a map's key.
    KeyColon,
    /// A bracket that begins a list, a map or a parenthesis.
    Open,
    /// A bracket that belongs to what stands before it: a call, an index, a message.
    Call,
    /// A closing bracket.
    Close,
    /// A comma.
    Comma,
    /// A comment.
    Comment,
}

pub(super) const KEY: u8 = 0;
pub(super) const CHOICE: u8 = 1;
pub(super) const OR: u8 = 2;
pub(super) const AND: u8 = 3;
pub(super) const SUM: u8 = 5;

/// A token with its role; `breaks` are those that stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Piece<'a> {
    pub(super) text: &'a str,
    pub(super) role: Role,
    pub(super) breaks: usize,
}

impl Piece<'_> {
    /// Whether an operand ends here, so that an operator may follow.
    fn ends_operand(&self) -> bool {
        matches!(self.role, Role::Operand | Role::Close)
    }

    /// Whether a new operand follows.
    pub(super) fn wants_operand(&self) -> bool {
        matches!(
            self.role,
            Role::Binary(_) | Role::Choice | Role::KeyColon | Role::Open | Role::Call | Role::Comma
        )
    }
}

/// The tokens with their roles, their line breaks where they stay.
pub(super) fn pieces<'a>(tokens: &[Token<'a>]) -> Vec<Piece<'a>> {
    let mut pieces: Vec<Piece<'a>> = Vec::with_capacity(tokens.len());
    let mut open: Vec<(bool, usize)> = Vec::new();
    for token in tokens {
        let before = pieces.iter().rev().find(|piece| piece.role != Role::Comment).copied();
        let role = role(token, before.as_ref(), open.last());
        match (role, token.text) {
            (Role::Open | Role::Call, text) => open.push((text == "{", 0)),
            (Role::Close, _) => drop(open.pop()),
            (Role::Choice, mark) => {
                // Outside of brackets a `:` can only be a condition's.
                if let Some((_, choices)) = open.last_mut() {
                    *choices = if mark == "?" {
                        choices.saturating_add(1)
                    } else {
                        choices.saturating_sub(1)
                    };
                }
            }
            _ => {}
        }
        pieces.push(Piece { text: token.text, role, breaks: token.breaks });
    }
    settle(&mut pieces);
    pieces
}

fn role(token: &Token<'_>, before: Option<&Piece<'_>>, open: Option<&(bool, usize)>) -> Role {
    let behind_operand = before.is_some_and(Piece::ends_operand);
    let behind_dot = before.is_some_and(|piece| piece.role == Role::Dot);
    match (token.kind, token.text) {
        (Kind::Comment, _) => Role::Comment,
        (Kind::Word, "in") if behind_operand => Role::Binary(4),
        (Kind::Word | Kind::Number | Kind::Text, _) => Role::Operand,
        (Kind::Mark, "." | "?") if behind_dot => Role::Dot,
        (Kind::Mark, "." | "?" | "-" | "!") if !behind_operand => Role::Prefix,
        (Kind::Mark, ".") => Role::Dot,
        (Kind::Mark, "?") => Role::Choice,
        (Kind::Mark, ":") => match open {
            Some((true, 0)) => Role::KeyColon,
            _ => Role::Choice,
        },
        (Kind::Mark, ",") => Role::Comma,
        (Kind::Mark, "(" | "[" | "{") if behind_operand => Role::Call,
        (Kind::Mark, "(" | "[" | "{") => Role::Open,
        (Kind::Mark, ")" | "]" | "}") => Role::Close,
        (Kind::Mark, "||") => Role::Binary(OR),
        (Kind::Mark, "&&") => Role::Binary(AND),
        (Kind::Mark, "+" | "-") => Role::Binary(SUM),
        (Kind::Mark, "*" | "/" | "%") => Role::Binary(6),
        (Kind::Mark, _) => Role::Binary(4),
    }
}

/// Decides which line breaks stay: an operator begins a line and never ends one, and a line breaks
/// before an operator or a member, behind a comma, and inside of brackets; nowhere else.
fn settle(pieces: &mut [Piece<'_>]) {
    let mut before: Option<Role> = None;
    for index in 0..pieces.len() {
        let Some(piece) = pieces.get(index).copied() else { break };
        let keeps = match (before, piece.role) {
            (None, _) => 0,
            // A comment takes the rest of its line.
            (Some(Role::Comment), _) => piece.breaks.max(1),
            (_, Role::Comment) => piece.breaks,
            (Some(Role::Open | Role::Call), Role::Close) | (Some(Role::Dot | Role::Prefix), _) => 0,
            (Some(Role::Open | Role::Call), _) | (_, Role::Close | Role::Dot) => {
                piece.breaks.min(1)
            }
            (Some(Role::Comma), _) | (_, Role::Binary(_) | Role::Choice) => piece.breaks,
            _ => 0,
        };
        if let Some(piece) = pieces.get_mut(index) {
            // More than one blank line says no more than one.
            piece.breaks = keeps.min(2);
        }
        let lost = piece.breaks > 0 && keeps == 0;
        let operator = matches!(before, Some(Role::Binary(_) | Role::Choice));
        if lost && operator && piece.role != Role::Comment {
            hand_back(pieces, index);
        }
        if lost && piece.role == Role::Comma {
            hand_on(pieces, index);
        }
        before = Some(piece.role);
    }
}

/// The line break behind an operator moves before it.
fn hand_back(pieces: &mut [Piece<'_>], index: usize) {
    if let Some(operator) = index.checked_sub(1).and_then(|before| pieces.get_mut(before)) {
        operator.breaks = operator.breaks.max(1);
    }
}

/// The line break before a comma moves behind it.
fn hand_on(pieces: &mut [Piece<'_>], index: usize) {
    if let Some(next) = pieces.get_mut(index.saturating_add(1)) {
        next.breaks = next.breaks.max(1);
    }
}

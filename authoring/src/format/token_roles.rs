//! Determines the role of each token of an expression, and the line breaks that the formatter
//! keeps.

use super::lexer::{CelToken, TokenKind};

/// The role of a token. A binary operator with a higher level has a higher precedence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TokenRole {
    /// A name, a number or a string.
    Operand,
    /// An operator before its operand, the `?` of an optional entry, or a leading dot.
    Prefix,
    /// The dot before a member, or the `?` of an optional member.
    Dot,
    /// An operator between two operands, with its level.
    Binary(u8),
    /// The `?` or the `:` of a conditional expression.
    Choice,
    /// The colon after a key of a map.
    KeyColon,
    /// A bracket that begins a list, a map or a parenthesized expression.
    Open,
    /// A bracket that belongs to the operand before it: of a call, an index or a message.
    Call,
    /// A closing bracket.
    Close,
    /// A comma.
    Comma,
    /// A comment.
    Comment,
}

pub(super) const KEY_LEVEL: u8 = 0;
pub(super) const CHOICE_LEVEL: u8 = 1;
pub(super) const OR_LEVEL: u8 = 2;
pub(super) const AND_LEVEL: u8 = 3;
pub(super) const SUM_LEVEL: u8 = 5;

/// A token with its role, and the number of line breaks before it that the formatter keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TokenPiece<'a> {
    pub(super) text: &'a str,
    pub(super) role: TokenRole,
    pub(super) breaks: usize,
}

impl TokenPiece<'_> {
    /// Returns whether an operand ends here, so that an operator can follow.
    fn ends_operand(&self) -> bool {
        matches!(self.role, TokenRole::Operand | TokenRole::Close)
    }

    /// Returns whether an operand must follow.
    pub(super) fn wants_operand(&self) -> bool {
        matches!(
            self.role,
            TokenRole::Binary(_)
                | TokenRole::Choice
                | TokenRole::KeyColon
                | TokenRole::Open
                | TokenRole::Call
                | TokenRole::Comma
        )
    }
}

/// Returns the tokens with their roles and with the line breaks that stay.
pub(super) fn assign_roles<'a>(tokens: &[CelToken<'a>]) -> Vec<TokenPiece<'a>> {
    let mut pieces: Vec<TokenPiece<'a>> = Vec::with_capacity(tokens.len());
    let mut open: Vec<(bool, usize)> = Vec::new();
    for token in tokens {
        let before = pieces.iter().rev().find(|piece| piece.role != TokenRole::Comment).copied();
        let role = classify_token(token, before.as_ref(), open.last());
        match (role, token.text) {
            (TokenRole::Open | TokenRole::Call, text) => open.push((text == "{", 0)),
            (TokenRole::Close, _) => drop(open.pop()),
            (TokenRole::Choice, mark) => {
                // Outside of brackets, a `:` always belongs to a conditional expression.
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
        pieces.push(TokenPiece { text: token.text, role, breaks: token.breaks });
    }
    normalize_breaks(&mut pieces);
    pieces
}

fn classify_token(
    token: &CelToken<'_>,
    before: Option<&TokenPiece<'_>>,
    open: Option<&(bool, usize)>,
) -> TokenRole {
    let behind_operand = before.is_some_and(TokenPiece::ends_operand);
    let behind_dot = before.is_some_and(|piece| piece.role == TokenRole::Dot);
    match (token.kind, token.text) {
        (TokenKind::Comment, _) => TokenRole::Comment,
        (TokenKind::Word, "in") if behind_operand => TokenRole::Binary(4),
        (TokenKind::Word | TokenKind::Number | TokenKind::Text, _) => TokenRole::Operand,
        (TokenKind::Mark, "." | "?") if behind_dot => TokenRole::Dot,
        (TokenKind::Mark, "." | "?" | "-" | "!") if !behind_operand => TokenRole::Prefix,
        (TokenKind::Mark, ".") => TokenRole::Dot,
        (TokenKind::Mark, "?") => TokenRole::Choice,
        (TokenKind::Mark, ":") => match open {
            Some((true, 0)) => TokenRole::KeyColon,
            _ => TokenRole::Choice,
        },
        (TokenKind::Mark, ",") => TokenRole::Comma,
        (TokenKind::Mark, "(" | "[" | "{") if behind_operand => TokenRole::Call,
        (TokenKind::Mark, "(" | "[" | "{") => TokenRole::Open,
        (TokenKind::Mark, ")" | "]" | "}") => TokenRole::Close,
        (TokenKind::Mark, "||") => TokenRole::Binary(OR_LEVEL),
        (TokenKind::Mark, "&&") => TokenRole::Binary(AND_LEVEL),
        (TokenKind::Mark, "+" | "-") => TokenRole::Binary(SUM_LEVEL),
        (TokenKind::Mark, "*" | "/" | "%") => TokenRole::Binary(6),
        (TokenKind::Mark, _) => TokenRole::Binary(4),
    }
}

/// Removes or moves line breaks. A line can break before an operator or a member, after a comma,
/// and inside brackets, but nowhere else. An operator never ends a line.
fn normalize_breaks(pieces: &mut [TokenPiece<'_>]) {
    let mut before: Option<TokenRole> = None;
    for index in 0..pieces.len() {
        let Some(piece) = pieces.get(index).copied() else { break };
        let keeps = match (before, piece.role) {
            (None, _) => 0,
            // A comment extends to the end of its line.
            (Some(TokenRole::Comment), _) => piece.breaks.max(1),
            (_, TokenRole::Comment) => piece.breaks,
            (Some(TokenRole::Open | TokenRole::Call), TokenRole::Close)
            | (Some(TokenRole::Dot | TokenRole::Prefix), _) => 0,
            (Some(TokenRole::Open | TokenRole::Call), _)
            | (_, TokenRole::Close | TokenRole::Dot) => piece.breaks.min(1),
            (Some(TokenRole::Comma), _) | (_, TokenRole::Binary(_) | TokenRole::Choice) => {
                piece.breaks
            }
            _ => 0,
        };
        if let Some(piece) = pieces.get_mut(index) {
            // At most one blank line in sequence stays.
            piece.breaks = keeps.min(2);
        }
        let lost = piece.breaks > 0 && keeps == 0;
        let operator = matches!(before, Some(TokenRole::Binary(_) | TokenRole::Choice));
        if lost && operator && piece.role != TokenRole::Comment {
            move_break_before_operator(pieces, index);
        }
        if lost && piece.role == TokenRole::Comma {
            move_break_after_comma(pieces, index);
        }
        before = Some(piece.role);
    }
}

/// Moves a line break after an operator before the operator.
fn move_break_before_operator(pieces: &mut [TokenPiece<'_>], index: usize) {
    if let Some(operator) = index.checked_sub(1).and_then(|before| pieces.get_mut(before)) {
        operator.breaks = operator.breaks.max(1);
    }
}

/// Moves a line break before a comma after the comma.
fn move_break_after_comma(pieces: &mut [TokenPiece<'_>], index: usize) {
    if let Some(next) = pieces.get_mut(index.saturating_add(1)) {
        next.breaks = next.breaks.max(1);
    }
}

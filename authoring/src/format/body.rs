//! Formats the body of a policy. The formatter changes only the spaces and line breaks between
//! tokens.

use super::layout::needs_space;
use super::lexer::{CelToken, LexError, lex_expression};
use super::token_roles::{TokenPiece, assign_roles};
use super::{layout, line_wrapping};

/// The tokens of a body.
#[derive(Debug)]
pub(super) struct BodyTokens<'a>(Vec<CelToken<'a>>);

impl<'a> BodyTokens<'a> {
    pub(super) fn from_text(text: &'a str) -> Result<BodyTokens<'a>, LexError> {
        lex_expression(text).map(BodyTokens)
    }

    /// Returns the formatted body, without a line break at its end.
    pub(super) fn format_tokens(&self) -> String {
        let mut pieces = assign_roles(&self.0);
        line_wrapping::wrap_lines(&mut pieces);
        print_pieces(&pieces)
    }

    /// Returns whether another body has the same tokens, including the comments.
    pub(super) fn has_same_tokens(&self, other: &BodyTokens<'_>) -> bool {
        self.0.len() == other.0.len()
            && self.0.iter().zip(&other.0).all(|(one, two)| one.text == two.text)
    }
}

fn print_pieces(pieces: &[TokenPiece<'_>]) -> String {
    let indents = layout::compute_indents(pieces);
    let mut out = String::new();
    let mut before: Option<&TokenPiece<'_>> = None;
    for (piece, indent) in pieces.iter().zip(indents) {
        match (before, indent) {
            (None, _) => {}
            (Some(_), Some(indent)) => {
                out.push_str(if piece.breaks > 1 { "\n\n" } else { "\n" });
                out.push_str(&" ".repeat(indent));
            }
            (Some(before), None) => out.push_str(if needs_space(before, piece) { " " } else { "" }),
        }
        out.push_str(piece.text);
        before = Some(piece);
    }
    out
}

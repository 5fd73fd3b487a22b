//! A policy's body, formatted: the same tokens, and other spaces between them.

use super::layout::spaced;
use super::lex::{NoToken, Token, lex};
use super::role::{Piece, pieces};
use super::{layout, wrap};

/// The tokens of a body that is formatted.
#[derive(Debug)]
pub(super) struct Body<'a>(Vec<Token<'a>>);

impl<'a> Body<'a> {
    pub(super) fn read(text: &'a str) -> Result<Body<'a>, NoToken> {
        lex(text).map(Body)
    }

    /// The body as it should be, without a line break at its end.
    pub(super) fn format(&self) -> String {
        let mut pieces = pieces(&self.0);
        wrap::wrap(&mut pieces);
        print(&pieces)
    }

    /// Whether another body has the same tokens, comments too.
    pub(super) fn is(&self, other: &Body<'_>) -> bool {
        self.0.len() == other.0.len()
            && self.0.iter().zip(&other.0).all(|(one, two)| one.text == two.text)
    }
}

fn print(pieces: &[Piece<'_>]) -> String {
    let indents = layout::indents(pieces);
    let mut out = String::new();
    let mut before: Option<&Piece<'_>> = None;
    for (piece, indent) in pieces.iter().zip(indents) {
        match (before, indent) {
            (None, _) => {}
            (Some(_), Some(indent)) => {
                out.push_str(if piece.breaks > 1 { "\n\n" } else { "\n" });
                out.push_str(&" ".repeat(indent));
            }
            (Some(before), None) => out.push_str(if spaced(before, piece) { " " } else { "" }),
        }
        out.push_str(piece.text);
        before = Some(piece);
    }
    out
}

//! Patterns as automata: the set of positions that a text can have reached in a pattern.

use std::sync::Arc;

use crate::model::template::{Template, TemplatePart};

/// A part of a compiled pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Token {
    Char(char),
    /// A character in lower case, which matches both cases.
    CharIgnoringCase(char),
    AnyChar,
    AnyText,
    /// Any character except a colon.
    PartChar,
    /// Any text without a colon.
    PartText,
}

impl Token {
    /// Returns whether the token matches this single character.
    fn reads(self, character: char) -> bool {
        match self {
            Token::Char(wanted) => wanted == character,
            Token::CharIgnoringCase(wanted) => {
                wanted == character || character.to_lowercase().eq([wanted])
            }
            Token::AnyChar => true,
            Token::PartChar => character != ':',
            Token::AnyText | Token::PartText => false,
        }
    }
}

/// A compiled pattern.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Pattern(Arc<[Token]>);

/// The positions that a text can have reached in a pattern, in ascending order.
pub(crate) type Positions = Vec<usize>;

impl Pattern {
    /// Compiles a text in which `*` and `?` are wildcards.
    pub(crate) fn like(text: &str) -> Self {
        Self::from_template(&Template::parse_text(text, false), Form::Pattern)
    }

    /// Compiles a text in which `*` and `?` are wildcards, and upper and lower case are equal.
    pub(crate) fn like_ignoring_case(text: &str) -> Self {
        Self::from_template(&Template::parse_text(text, false), Form::PatternIgnoringCase)
    }

    /// Returns the patterns of all texts that contain a literal `*` or `?`. No ID and no ARN does.
    pub(crate) fn with_literal_wildcards() -> Vec<Self> {
        let contains =
            |character| Pattern([Token::AnyText, Token::Char(character), Token::AnyText].into());
        vec![contains('*'), contains('?')]
    }

    /// Compiles a text without wildcards, with regard to upper and lower case.
    pub(crate) fn exact(text: &str) -> Self {
        Pattern(text.chars().map(Token::Char).collect())
    }

    /// Compiles a text of a policy. Policy variables must be replaced before.
    pub(crate) fn from_template(template: &Template, form: Form) -> Self {
        // A pattern of one star matches every ARN. AWS does not document it, but accepts it in policies.
        if template.parts() == [TemplatePart::Star] && form == Form::Arn {
            return Pattern([Token::AnyText].into());
        }
        let mut tokens = Vec::new();
        let mut colons = 0_usize;
        for part in template.parts() {
            match part {
                TemplatePart::Text(text) => {
                    colons = colons.saturating_add(text.matches(':').count());
                    match form {
                        Form::IgnoringCase | Form::PatternIgnoringCase => {
                            let lower = text.chars().flat_map(char::to_lowercase);
                            tokens.extend(lower.map(Token::CharIgnoringCase));
                        }
                        _ => tokens.extend(text.chars().map(Token::Char)),
                    }
                }
                TemplatePart::Star | TemplatePart::Question | TemplatePart::Variable { .. } => {
                    let is_star = !matches!(part, TemplatePart::Question);
                    tokens.push(match (form, is_star) {
                        (Form::Exact | Form::IgnoringCase, true) => Token::Char('*'),
                        (Form::Exact | Form::IgnoringCase, false) => Token::Char('?'),
                        (Form::Arn, true) if colons < 5 => Token::PartText,
                        (Form::Arn, false) if colons < 5 => Token::PartChar,
                        (_, true) => Token::AnyText,
                        (_, false) => Token::AnyChar,
                    });
                }
            }
        }
        Pattern(tokens.into())
    }

    /// Returns the only text that the pattern matches, or `None` if it has wildcards.
    pub(crate) fn only_text(&self) -> Option<String> {
        let literal = |token: &Token| match token {
            Token::Char(character) => Some(*character),
            _ => None,
        };
        self.0.iter().map(literal).collect()
    }

    /// Returns the text before the first wildcard.
    pub(crate) fn fixed_start(&self) -> String {
        let literal = |token: &Token| match token {
            Token::Char(character) => Some(*character),
            _ => None,
        };
        self.0.iter().map_while(literal).collect()
    }

    /// Returns a text that the pattern matches, with `filler` for each wildcard.
    pub(crate) fn sample_text(&self, filler: char) -> String {
        let character = |token: &Token| match token {
            Token::Char(character) | Token::CharIgnoringCase(character) => *character,
            _ => filler,
        };
        self.0.iter().map(character).collect()
    }

    /// Returns the characters that the pattern distinguishes.
    pub(crate) fn characters(&self) -> impl Iterator<Item = char> {
        self.0.iter().flat_map(|token| match token {
            Token::Char(character) => vec![*character],
            Token::CharIgnoringCase(lower) => {
                [*lower].into_iter().chain(lower.to_uppercase()).collect()
            }
            Token::PartChar | Token::PartText => vec![':'],
            Token::AnyChar | Token::AnyText => Vec::new(),
        })
    }

    /// Returns the positions before the first character.
    pub(crate) fn start_positions(&self) -> Positions {
        self.settle(vec![0])
    }

    /// Returns the positions after one more character.
    pub(crate) fn advance_positions(&self, positions: &Positions, character: char) -> Positions {
        let mut next = Vec::new();
        for position in positions {
            match self.0.get(*position) {
                Some(Token::AnyText) => next.push(*position),
                Some(Token::PartText) if character != ':' => next.push(*position),
                Some(token) if token.reads(character) => next.push(position.saturating_add(1)),
                _ => {}
            }
        }
        self.settle(next)
    }

    /// Returns whether the text so far matches the pattern.
    pub(crate) fn accepts(&self, positions: &Positions) -> bool {
        positions.last() == Some(&self.0.len())
    }

    /// Returns whether every continuation of the text matches the pattern.
    pub(crate) fn accepts_all(&self, positions: &Positions) -> bool {
        let last = self.0.len().checked_sub(1);
        last.is_some_and(|last| {
            self.0.get(last) == Some(&Token::AnyText) && positions.contains(&last)
        })
    }

    /// Returns whether the whole text matches the pattern.
    pub(crate) fn matches_text(&self, text: &str) -> bool {
        if self.0.iter().any(|token| matches!(token, Token::PartText)) {
            return self.matches_by_positions(text);
        }
        // On a mismatch, the last star matches one more character.
        let (mut tokens, mut rest) = (&*self.0, text.chars());
        let mut star: Option<(&[Token], std::str::Chars<'_>)> = None;
        loop {
            let here = rest.clone();
            match (tokens.split_first(), rest.next()) {
                (None, None) => return true,
                (Some((Token::AnyText, after)), _) => {
                    star = Some((after, here.clone()));
                    (tokens, rest) = (after, here);
                    continue;
                }
                (Some((token, after)), Some(character)) if token.reads(character) => {
                    tokens = after;
                    continue;
                }
                _ => {}
            }
            let Some((after, taken)) = &mut star else { return false };
            if taken.next().is_none() {
                return false;
            }
            (tokens, rest) = (after, taken.clone());
        }
    }

    fn matches_by_positions(&self, text: &str) -> bool {
        let mut positions = self.start_positions();
        for character in text.chars() {
            if positions.is_empty() {
                return false;
            }
            positions = self.advance_positions(&positions, character);
        }
        self.accepts(&positions)
    }

    /// Adds the position after each star, because a star can match the empty text. Then removes the
    /// positions before the last `AnyText`: it can match everything that they can match.
    fn settle(&self, positions: Positions) -> Positions {
        let mut all = positions;
        let mut at = 0;
        while let Some(position) = all.get(at).copied() {
            let after = position.saturating_add(1);
            if matches!(self.0.get(position), Some(Token::AnyText | Token::PartText)) {
                all.push(after);
            }
            at = at.saturating_add(1);
        }
        all.sort_unstable();
        all.dedup();
        let last_star = all.iter().rposition(|one| self.0.get(*one) == Some(&Token::AnyText));
        all.drain(..last_star.unwrap_or(0));
        all
    }
}

/// How the texts of a policy are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Exact,
    IgnoringCase,
    Pattern,
    /// As `Pattern`; upper and lower case are equal.
    PatternIgnoringCase,
    Arn,
}

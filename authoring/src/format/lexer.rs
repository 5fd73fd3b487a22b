//! Splits a CEL expression into its tokens, including comments.

use std::ops::Range;

/// The kind of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TokenKind {
    /// A name or a keyword.
    Word,
    /// A number.
    Number,
    /// A string or bytes literal, with its quotes.
    Text,
    /// An operator, a bracket or a separator.
    Mark,
    /// A comment, without the line break.
    Comment,
}

/// A token of a CEL expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct CelToken<'a> {
    pub(super) kind: TokenKind,
    pub(super) text: &'a str,
    /// The number of line breaks before the token.
    pub(super) breaks: usize,
}

/// A position at which no valid token begins, and the reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LexError {
    pub(super) span: Range<usize>,
    pub(super) message: String,
}

/// Operators of two characters. The lexer tries them before operators of one character.
const DOUBLE_MARKS: &[&str] = &["&&", "||", "==", "!=", "<=", ">="];
const SINGLE_MARKS: &str = ".,:?!-+*/%<>()[]{}";

/// Returns all tokens of a text.
pub(super) fn lex_expression(text: &str) -> Result<Vec<CelToken<'_>>, LexError> {
    let (mut tokens, mut at, mut breaks) = (Vec::new(), 0_usize, 0_usize);
    while let Some(rest) = text.get(at..)
        && let Some(c) = rest.chars().next()
    {
        if matches!(c, ' ' | '\t' | '\r' | '\n' | '\u{c}') {
            breaks = breaks.saturating_add(usize::from(c == '\n'));
            at = at.saturating_add(1);
            continue;
        }
        let (kind, length) = scan_token(rest).map_err(|message| LexError {
            span: at..at.saturating_add(c.len_utf8()),
            message: message.to_owned(),
        })?;
        let whole = rest.get(..length).unwrap_or(rest);
        let text = if kind == TokenKind::Comment { whole.trim_end() } else { whole };
        tokens.push(CelToken { kind, text, breaks });
        (at, breaks) = (at.saturating_add(length), 0);
    }
    Ok(tokens)
}

/// Returns the kind and the length of the token at the beginning of a text.
fn scan_token(rest: &str) -> Result<(TokenKind, usize), &'static str> {
    if rest.starts_with("//") {
        return Ok((TokenKind::Comment, rest.find('\n').unwrap_or(rest.len())));
    }
    if let Some(length) = string_length(rest)? {
        return Ok((TokenKind::Text, length));
    }
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let word = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
    let digits = |text: &str| text.starts_with(|c: char| c.is_ascii_digit());
    if digits(rest) || rest.strip_prefix('.').is_some_and(digits) {
        return Ok((TokenKind::Number, number_length(rest)));
    }
    if word > 0 {
        return Ok((TokenKind::Word, word));
    }
    if let Some(name) = rest.strip_prefix('`') {
        let end = name.find('`').ok_or("the closing ` of the name is missing")?;
        return Ok((TokenKind::Word, end.saturating_add(2)));
    }
    if DOUBLE_MARKS.iter().any(|mark| rest.starts_with(mark)) {
        return Ok((TokenKind::Mark, 2));
    }
    if rest.starts_with(|c| SINGLE_MARKS.contains(c)) {
        return Ok((TokenKind::Mark, 1));
    }
    Err("no CEL token begins with this character")
}

/// Returns the length of a number: decimal or hexadecimal, with an optional fraction, exponent and
/// unsigned suffix.
fn number_length(rest: &str) -> usize {
    let bytes = rest.as_bytes();
    let at = |index: usize| bytes.get(index).copied().unwrap_or_default();
    let while_is = |mut index: usize, is: fn(&u8) -> bool| {
        while is(&at(index)) {
            index = index.saturating_add(1);
        }
        index
    };
    let mut end = if at(0) == b'0' && matches!(at(1), b'x' | b'X') {
        while_is(2, u8::is_ascii_hexdigit)
    } else {
        let mut end = while_is(0, u8::is_ascii_digit);
        if at(end) == b'.' && at(end.saturating_add(1)).is_ascii_digit() {
            end = while_is(end.saturating_add(1), u8::is_ascii_digit);
        }
        if matches!(at(end), b'e' | b'E') {
            let sign = usize::from(matches!(at(end.saturating_add(1)), b'+' | b'-'));
            let from = end.saturating_add(1).saturating_add(sign);
            if at(from).is_ascii_digit() {
                end = while_is(from, u8::is_ascii_digit);
            }
        }
        end
    };
    if matches!(at(end), b'u' | b'U') {
        end = end.saturating_add(1);
    }
    end
}

/// Returns the length of a string or bytes literal, if the text begins with one. It can be raw, and
/// have one or three quotes.
fn string_length(rest: &str) -> Result<Option<usize>, &'static str> {
    let quote = rest.find(['\'', '"']).filter(|at| *at <= 2);
    let Some((before, after)) = quote.and_then(|at| rest.split_at_checked(at)) else {
        return Ok(None);
    };
    let raw = match before {
        "" | "b" | "B" => false,
        "r" | "R" | "br" | "bR" | "Br" | "BR" => true,
        _ => return Ok(None),
    };
    let triple = after.starts_with("'''") || after.starts_with("\"\"\"");
    let mark = after.get(..if triple { 3 } else { 1 }).unwrap_or_default();
    let mut inside = after.get(mark.len()..).unwrap_or_default();
    while !inside.starts_with(mark) {
        let mut chars = inside.chars();
        let first = chars.next().ok_or("the closing quote of the string is missing")?;
        if first == '\\' && !raw {
            chars.next();
        } else if first == '\n' && !triple {
            return Err("the closing quote of the string is missing on this line");
        }
        inside = chars.as_str();
    }
    Ok(Some(rest.len().saturating_sub(inside.len()).saturating_add(mark.len())))
}

#[cfg(test)]
mod tests {
    use super::{TokenKind, lex_expression};

    fn texts(text: &str) -> Vec<&str> {
        lex_expression(text).unwrap().iter().map(|token| token.text).collect()
    }

    #[test]
    fn strings_of_all_forms_are_one_token() {
        let all = [
            "'a\\'b // c'",
            "\"it's\"",
            "r'\\d+\\'",
            "b'\\xff'",
            "bR\"\"\"a\n\"\" b\"\"\"",
            "'''\n''x\\''''",
            "''",
            "\"\"\"\"\"\"",
        ];
        assert_eq!(texts(&all.join(" ")), all);
        assert!(
            lex_expression(&all.join(","))
                .unwrap()
                .iter()
                .step_by(2)
                .all(|one| one.kind == TokenKind::Text)
        );
    }

    #[test]
    fn numbers_names_and_marks_are_separate_tokens() {
        assert_eq!(
            texts("a.?b[?0]?.5:1.e2-0xFFu*1e-3>=7u!=`x-y`.in"),
            [
                "a", ".", "?", "b", "[", "?", "0", "]", "?", ".5", ":", "1", ".", "e2", "-",
                "0xFFu", "*", "1e-3", ">=", "7u", "!=", "`x-y`", ".", "in"
            ]
        );
    }

    #[test]
    fn comments_end_with_their_line() {
        let tokens = lex_expression("a // b 'c \r\n\n&& d // e").unwrap();
        let seen: Vec<_> = tokens.iter().map(|one| (one.text, one.breaks)).collect();
        assert_eq!(seen, [("a", 0), ("// b 'c", 0), ("&&", 2), ("d", 0), ("// e", 0)]);
    }

    #[test]
    fn an_invalid_token_is_reported_with_its_position() {
        for (text, at) in [("a && 'b", 5), ("a 'b\n'", 2), ("a # b", 2), ("a é", 2), ("`x", 0)] {
            assert_eq!(lex_expression(text).unwrap_err().span.start, at, "{text}");
        }
    }
}

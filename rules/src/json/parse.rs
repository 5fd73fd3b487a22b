//! One pass over JSON text that checks it and writes down where its values are.
#![expect(
    clippy::arithmetic_side_effects,
    reason = "offsets are bounded by the text's length, which `parse` checks to fit in 32 bits"
)]

use super::entry::{Entry, Kind};
use super::node::Node;

/// How deeply objects and lists may nest; the limit of `serde_json`.
pub const MAX_DEPTH: usize = 128;

/// Why a text is no JSON value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JsonError {
    /// Something other than JSON at this byte.
    #[error("not JSON at byte {0}")]
    Syntax(usize),
    /// The text ends inside a value.
    #[error("cut off at byte {0}")]
    CutOff(usize),
    /// Deeper than [`MAX_DEPTH`].
    #[error("nested deeper than {MAX_DEPTH} levels at byte {0}")]
    TooDeep(usize),
    /// More than 4 GiB.
    #[error("larger than 4 GiB")]
    TooLarge,
}

/// A parsed text's entries; reused from record to record, so that parsing allocates nothing.
#[derive(Debug, Default)]
pub struct Tape {
    pub(super) entries: Vec<Entry>,
    open: Vec<u32>,
}

impl Tape {
    /// Parses `text`, which must hold exactly one value, and returns its root.
    ///
    /// Control characters inside strings and unpaired surrogates are accepted; see
    /// [`decode`](super::decode).
    ///
    /// # Errors
    /// When the text is no JSON value, nests deeper than [`MAX_DEPTH`], or is larger than 4 GiB.
    pub fn parse<'a>(&'a mut self, text: &'a str) -> Result<Node<'a>, JsonError> {
        if u32::try_from(text.len()).is_err() {
            return Err(JsonError::TooLarge);
        }
        self.entries.clear();
        self.open.clear();
        let end = Parser { bytes: text.as_bytes(), at: 0, tape: self }.document()?;
        debug_assert!(end <= text.len());
        Ok(Node::root(text, &self.entries))
    }
}

struct Parser<'a, 't> {
    bytes: &'a [u8],
    at: usize,
    tape: &'t mut Tape,
}

type Key = Option<(bool, (u32, u32))>;

impl Parser<'_, '_> {
    fn document(mut self) -> Result<usize, JsonError> {
        self.value(None)?;
        while !self.tape.open.is_empty() {
            self.member()?;
        }
        self.space();
        if self.at == self.bytes.len() { Ok(self.at) } else { Err(JsonError::Syntax(self.at)) }
    }

    fn peek(&self) -> Result<u8, JsonError> {
        self.bytes.get(self.at).copied().ok_or(JsonError::CutOff(self.at))
    }

    fn space(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.bytes.get(self.at) {
            self.at += 1;
        }
    }

    /// Takes the next member of the innermost open object or list, or closes it.
    fn member(&mut self) -> Result<(), JsonError> {
        let Some(&open) = self.tape.open.last() else { return Ok(()) };
        let (kind, first) = match self.tape.entries.get(open as usize) {
            Some(entry) => (entry.kind, self.tape.entries.len() == open as usize + 1),
            None => return Ok(()),
        };
        let close = if kind == Kind::Object { b'}' } else { b']' };
        self.space();
        let next = self.peek()?;
        if next == close {
            self.at += 1;
            self.close(open);
            return Ok(());
        }
        if !first {
            if next != b',' {
                return Err(JsonError::Syntax(self.at));
            }
            self.at += 1;
            self.space();
        }
        let key = if kind == Kind::Object { Some(self.key()?) } else { None };
        self.value(key)
    }

    fn close(&mut self, open: u32) {
        self.tape.open.pop();
        let next = self.tape.entries.len();
        if let Some(entry) = self.tape.entries.get_mut(open as usize) {
            entry.span.1 = offset(self.at);
            entry.next = offset(next);
        }
    }

    fn key(&mut self) -> Result<(bool, (u32, u32)), JsonError> {
        if self.peek()? != b'"' {
            return Err(JsonError::Syntax(self.at));
        }
        let (escaped, span) = self.string()?;
        self.space();
        if self.peek()? != b':' {
            return Err(JsonError::Syntax(self.at));
        }
        self.at += 1;
        Ok((escaped, span))
    }

    /// A string's content, without its quotes, and whether it has escapes.
    fn string(&mut self) -> Result<(bool, (u32, u32)), JsonError> {
        let start = self.at + 1;
        let mut escaped = false;
        self.at = start;
        loop {
            let rest = self.bytes.get(self.at..).unwrap_or_default();
            let Some(found) = memchr::memchr2(b'"', b'\\', rest) else {
                return Err(JsonError::CutOff(self.bytes.len()));
            };
            let at = self.at + found;
            if self.bytes.get(at) == Some(&b'"') {
                self.at = at + 1;
                return Ok((escaped, (offset(start), offset(at))));
            }
            escaped = true;
            self.at = at + 2;
        }
    }

    fn value(&mut self, key: Key) -> Result<(), JsonError> {
        self.space();
        let start = self.at;
        match self.peek()? {
            b'{' => self.open(Kind::Object, key),
            b'[' => self.open(Kind::List, key),
            b'"' => {
                let (escaped, span) = self.string()?;
                self.push(if escaped { Kind::EscapedText } else { Kind::Text }, key, span);
                Ok(())
            }
            b't' => self.word(b"true", Kind::True, key),
            b'f' => self.word(b"false", Kind::False, key),
            b'n' => self.word(b"null", Kind::Null, key),
            b'-' | b'0'..=b'9' => {
                self.number()?;
                self.push(Kind::Number, key, (offset(start), offset(self.at)));
                Ok(())
            }
            _ => Err(JsonError::Syntax(start)),
        }
    }

    fn open(&mut self, kind: Kind, key: Key) -> Result<(), JsonError> {
        if self.tape.open.len() >= MAX_DEPTH {
            return Err(JsonError::TooDeep(self.at));
        }
        self.tape.open.push(offset(self.tape.entries.len()));
        self.push(kind, key, (offset(self.at), offset(self.at)));
        self.at += 1;
        Ok(())
    }

    fn push(&mut self, kind: Kind, key: Key, span: (u32, u32)) {
        let next = offset(self.tape.entries.len() + 1);
        let (escaped_key, key) = key.unwrap_or_default();
        self.tape.entries.push(Entry { kind, escaped_key, key, span, next });
    }

    fn word(&mut self, word: &[u8], kind: Kind, key: Key) -> Result<(), JsonError> {
        let start = self.at;
        if self.bytes.get(start..).unwrap_or_default().starts_with(word) {
            self.at += word.len();
            self.push(kind, key, (offset(start), offset(self.at)));
            return Ok(());
        }
        Err(if self.bytes.len() - start < word.len() {
            JsonError::CutOff(self.bytes.len())
        } else {
            JsonError::Syntax(start)
        })
    }

    fn digits(&mut self) -> Result<(), JsonError> {
        let start = self.at;
        while self.bytes.get(self.at).is_some_and(u8::is_ascii_digit) {
            self.at += 1;
        }
        if self.at == start { Err(JsonError::Syntax(start)) } else { Ok(()) }
    }

    fn number(&mut self) -> Result<(), JsonError> {
        if self.bytes.get(self.at) == Some(&b'-') {
            self.at += 1;
        }
        let leading_zero = self.bytes.get(self.at) == Some(&b'0');
        let start = self.at;
        self.digits()?;
        if leading_zero && self.at - start > 1 {
            return Err(JsonError::Syntax(start));
        }
        if self.bytes.get(self.at) == Some(&b'.') {
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.bytes.get(self.at) {
            self.at += 1;
            if let Some(b'+' | b'-') = self.bytes.get(self.at) {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(())
    }
}

/// An offset as the tape stores it; `parse` has checked that the text fits.
fn offset(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parses(text: &str) -> Result<(), JsonError> {
        Tape::default().parse(text).map(|_| ())
    }

    #[test]
    fn agrees_with_serde_json_on_what_is_json() {
        let good = [
            "{}",
            "[]",
            " {\"a\" : [1, -2.5e3, true, false, null, \"x\\\"y\"] } ",
            "0",
            "\"\"",
            "[[],[{}]]",
            "{\"a\":{\"b\":{}},\"a\":1}",
        ];
        let bad = [
            "",
            "{",
            "[1,]",
            "{\"a\"}",
            "{\"a\":}",
            "{a:1}",
            "01",
            "-",
            "1.",
            "1e",
            "tru",
            "nul",
            "[1 2]",
            "{\"a\":1,}",
            "\"abc",
            "{}}",
            "[}",
            "{\"a\":1 \"b\":2}",
            "x",
            "1 2",
        ];
        for text in good {
            assert!(serde_json::from_str::<serde_json::Value>(text).is_ok(), "{text}");
            assert_eq!(parses(text), Ok(()), "{text}");
        }
        for text in bad {
            assert!(serde_json::from_str::<serde_json::Value>(text).is_err(), "{text}");
            assert!(parses(text).is_err(), "{text}");
        }
    }

    #[test]
    fn depth_is_bounded() {
        let text = "[".repeat(100_000);
        assert_eq!(parses(&text), Err(JsonError::TooDeep(MAX_DEPTH)));
        let fits = format!("{}{}", "[".repeat(MAX_DEPTH), "]".repeat(MAX_DEPTH));
        assert_eq!(parses(&fits), Ok(()));
    }

    #[test]
    fn says_where_a_text_is_cut_off() {
        assert_eq!(parses("{\"a\": \"b"), Err(JsonError::CutOff(8)));
        assert_eq!(parses("{\"a\": \\"), Err(JsonError::Syntax(6)));
    }
}

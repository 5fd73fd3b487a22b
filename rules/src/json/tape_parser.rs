//! A JSON parser that checks the text in one pass and stores the position of each value.
#![expect(
    clippy::arithmetic_side_effects,
    reason = "offsets are bounded by the text's length, which `parse_text` limits to 32 bits"
)]

use super::json_node::JsonNode;
use super::tape_entry::{JsonKind, TapeEntry};

/// The maximum nesting depth of objects and lists, which is also the limit of `serde_json`.
pub const MAX_DEPTH: usize = 128;

/// The reason why a text is not a valid JSON value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JsonError {
    /// The text is not valid JSON at this byte offset.
    #[error("invalid JSON at byte {0}")]
    Syntax(usize),
    /// The text ends inside a value, at this byte offset.
    #[error("the JSON ends inside a value at byte {0}")]
    CutOff(usize),
    /// The value is nested deeper than [`MAX_DEPTH`] at this byte offset.
    #[error("the JSON is nested deeper than {MAX_DEPTH} levels at byte {0}")]
    TooDeep(usize),
    /// The text is larger than 4 GiB. The tape stores offsets in 32 bits, so it cannot address
    /// more.
    #[error("the JSON is larger than 4 GiB")]
    TooLarge,
}

/// The entries of a parsed text. A caller can reuse one tape for the next text. Parsing then
/// allocates memory only if the text has more values than all texts before it.
#[derive(Debug, Default)]
pub struct JsonTape {
    pub(super) entries: Vec<TapeEntry>,
    open_containers: Vec<u32>,
}

impl JsonTape {
    /// Parses `text`, which must contain exactly one value, and returns its root.
    ///
    /// Control characters inside strings and unpaired surrogates are accepted; see
    /// [`decode_string`](super::decode_string).
    ///
    /// # Errors
    /// Returns a [`JsonError`] if the text is not one JSON value, is nested deeper than
    /// [`MAX_DEPTH`], or is larger than 4 GiB.
    pub fn parse_text<'a>(&'a mut self, text: &'a str) -> Result<JsonNode<'a>, JsonError> {
        if u32::try_from(text.len()).is_err() {
            return Err(JsonError::TooLarge);
        }
        self.entries.clear();
        self.open_containers.clear();
        let end =
            JsonParser { bytes: text.as_bytes(), position: 0, tape: self }.parse_document()?;
        debug_assert!(end <= text.len());
        Ok(JsonNode::root_node(text, &self.entries))
    }
}

struct JsonParser<'a, 't> {
    bytes: &'a [u8],
    position: usize,
    tape: &'t mut JsonTape,
}

type MemberKey = Option<(bool, (u32, u32))>;

impl JsonParser<'_, '_> {
    fn parse_document(mut self) -> Result<usize, JsonError> {
        self.parse_value(None)?;
        while !self.tape.open_containers.is_empty() {
            self.parse_member()?;
        }
        self.skip_whitespace();
        if self.position == self.bytes.len() {
            Ok(self.position)
        } else {
            Err(JsonError::Syntax(self.position))
        }
    }

    fn peek_byte(&self) -> Result<u8, JsonError> {
        self.bytes.get(self.position).copied().ok_or(JsonError::CutOff(self.position))
    }

    fn skip_whitespace(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.bytes.get(self.position) {
            self.position += 1;
        }
    }

    /// Parses the next member of the innermost open object or list. If there is no further member,
    /// closes the object or list.
    fn parse_member(&mut self) -> Result<(), JsonError> {
        let Some(&open) = self.tape.open_containers.last() else { return Ok(()) };
        let (kind, first) = match self.tape.entries.get(open as usize) {
            Some(entry) => (entry.kind, self.tape.entries.len() == open as usize + 1),
            None => return Ok(()),
        };
        let close = if kind == JsonKind::Object { b'}' } else { b']' };
        self.skip_whitespace();
        let next = self.peek_byte()?;
        if next == close {
            self.position += 1;
            self.close_container(open);
            return Ok(());
        }
        if !first {
            if next != b',' {
                return Err(JsonError::Syntax(self.position));
            }
            self.position += 1;
            self.skip_whitespace();
        }
        let key = if kind == JsonKind::Object { Some(self.parse_key()?) } else { None };
        self.parse_value(key)
    }

    fn close_container(&mut self, open: u32) {
        self.tape.open_containers.pop();
        let next = self.tape.entries.len();
        if let Some(entry) = self.tape.entries.get_mut(open as usize) {
            entry.span.1 = to_offset(self.position);
            entry.next = to_offset(next);
        }
    }

    fn parse_key(&mut self) -> Result<(bool, (u32, u32)), JsonError> {
        if self.peek_byte()? != b'"' {
            return Err(JsonError::Syntax(self.position));
        }
        let (escaped, span) = self.parse_string()?;
        self.skip_whitespace();
        if self.peek_byte()? != b':' {
            return Err(JsonError::Syntax(self.position));
        }
        self.position += 1;
        Ok((escaped, span))
    }

    /// Parses a string. Returns whether it contains escapes, and its span without the quotes.
    fn parse_string(&mut self) -> Result<(bool, (u32, u32)), JsonError> {
        let start = self.position + 1;
        let mut escaped = false;
        self.position = start;
        loop {
            let rest = self.bytes.get(self.position..).unwrap_or_default();
            let Some(found) = memchr::memchr2(b'"', b'\\', rest) else {
                return Err(JsonError::CutOff(self.bytes.len()));
            };
            let at = self.position + found;
            if self.bytes.get(at) == Some(&b'"') {
                self.position = at + 1;
                return Ok((escaped, (to_offset(start), to_offset(at))));
            }
            escaped = true;
            self.position = at + 2;
        }
    }

    fn parse_value(&mut self, key: MemberKey) -> Result<(), JsonError> {
        self.skip_whitespace();
        let start = self.position;
        match self.peek_byte()? {
            b'{' => self.open_container(JsonKind::Object, key),
            b'[' => self.open_container(JsonKind::List, key),
            b'"' => {
                let (escaped, span) = self.parse_string()?;
                self.push_entry(
                    if escaped { JsonKind::EscapedText } else { JsonKind::Text },
                    key,
                    span,
                );
                Ok(())
            }
            b't' => self.parse_literal(b"true", JsonKind::True, key),
            b'f' => self.parse_literal(b"false", JsonKind::False, key),
            b'n' => self.parse_literal(b"null", JsonKind::Null, key),
            b'-' | b'0'..=b'9' => {
                self.skip_number()?;
                self.push_entry(
                    JsonKind::Number,
                    key,
                    (to_offset(start), to_offset(self.position)),
                );
                Ok(())
            }
            _ => Err(JsonError::Syntax(start)),
        }
    }

    fn open_container(&mut self, kind: JsonKind, key: MemberKey) -> Result<(), JsonError> {
        if self.tape.open_containers.len() >= MAX_DEPTH {
            return Err(JsonError::TooDeep(self.position));
        }
        self.tape.open_containers.push(to_offset(self.tape.entries.len()));
        self.push_entry(kind, key, (to_offset(self.position), to_offset(self.position)));
        self.position += 1;
        Ok(())
    }

    fn push_entry(&mut self, kind: JsonKind, key: MemberKey, span: (u32, u32)) {
        let next = to_offset(self.tape.entries.len() + 1);
        let (escaped_key, key) = key.unwrap_or_default();
        self.tape.entries.push(TapeEntry { kind, escaped_key, key, span, next });
    }

    fn parse_literal(
        &mut self,
        word: &[u8],
        kind: JsonKind,
        key: MemberKey,
    ) -> Result<(), JsonError> {
        let start = self.position;
        if self.bytes.get(start..).unwrap_or_default().starts_with(word) {
            self.position += word.len();
            self.push_entry(kind, key, (to_offset(start), to_offset(self.position)));
            return Ok(());
        }
        Err(if self.bytes.len() - start < word.len() {
            JsonError::CutOff(self.bytes.len())
        } else {
            JsonError::Syntax(start)
        })
    }

    fn skip_digits(&mut self) -> Result<(), JsonError> {
        let start = self.position;
        while self.bytes.get(self.position).is_some_and(u8::is_ascii_digit) {
            self.position += 1;
        }
        if self.position == start { Err(JsonError::Syntax(start)) } else { Ok(()) }
    }

    fn skip_number(&mut self) -> Result<(), JsonError> {
        if self.bytes.get(self.position) == Some(&b'-') {
            self.position += 1;
        }
        let leading_zero = self.bytes.get(self.position) == Some(&b'0');
        let start = self.position;
        self.skip_digits()?;
        if leading_zero && self.position - start > 1 {
            return Err(JsonError::Syntax(start));
        }
        if self.bytes.get(self.position) == Some(&b'.') {
            self.position += 1;
            self.skip_digits()?;
        }
        if let Some(b'e' | b'E') = self.bytes.get(self.position) {
            self.position += 1;
            if let Some(b'+' | b'-') = self.bytes.get(self.position) {
                self.position += 1;
            }
            self.skip_digits()?;
        }
        Ok(())
    }
}

/// Converts an offset to the 32 bits that the tape stores. `parse_text` has checked the length of
/// the text.
fn to_offset(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parses(text: &str) -> Result<(), JsonError> {
        JsonTape::default().parse_text(text).map(|_| ())
    }

    #[test]
    fn accepts_and_rejects_the_same_texts_as_serde_json() {
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
    fn depth_is_limited() {
        let text = "[".repeat(100_000);
        assert_eq!(parses(&text), Err(JsonError::TooDeep(MAX_DEPTH)));
        let fits = format!("{}{}", "[".repeat(MAX_DEPTH), "]".repeat(MAX_DEPTH));
        assert_eq!(parses(&fits), Ok(()));
    }

    #[test]
    fn reports_where_a_text_is_cut_off() {
        assert_eq!(parses("{\"a\": \"b"), Err(JsonError::CutOff(8)));
        assert_eq!(parses("{\"a\": \\"), Err(JsonError::Syntax(6)));
    }
}

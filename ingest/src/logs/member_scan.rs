//! Scans the members of one JSON object. This scan is slower than the scan for brackets, and is
//! used only where the names of members matter.

use std::borrow::Cow;

use super::bracket_scan::BracketScanner;

/// The result of one step of the scan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum MemberStep<'a> {
    /// A member: its name, and the offset of its value.
    Member(Cow<'a, [u8]>, usize),
    /// The end of the object, with the offset after it.
    End(usize),
    /// The text ends before the end of the object.
    NeedsMore,
    /// The text is not a JSON object.
    Malformed,
}

/// A scan of the members of the object at the beginning of `text`.
#[derive(Debug)]
pub(crate) struct MemberScan<'a> {
    text: &'a [u8],
    at: usize,
    /// True if a comma must precede the next member.
    comma: bool,
}

impl<'a> MemberScan<'a> {
    /// Creates a scan of an object. `text` begins with its opening brace.
    pub(crate) fn new(text: &'a [u8]) -> Self {
        Self { text, at: 1, comma: false }
    }

    /// Creates a scan that continues inside an object. `text` begins directly after a value.
    pub(crate) fn resume_after_value(text: &'a [u8]) -> Self {
        Self { text, at: 0, comma: true }
    }

    /// Moves to the value of the next member. Call `read_value` to skip this value before the next
    /// call of `next_member`.
    pub(crate) fn next_member(&mut self) -> MemberStep<'a> {
        self.at = skip_space(self.text, self.at);
        match (self.text.get(self.at), self.comma) {
            (None, _) => return MemberStep::NeedsMore,
            (Some(b'}'), _) => return MemberStep::End(self.at.saturating_add(1)),
            (Some(b','), true) => self.at = skip_space(self.text, self.at.saturating_add(1)),
            (Some(b'"'), false) => {}
            _ => return MemberStep::Malformed,
        }
        match self.text.get(self.at) {
            Some(b'"') => self.read_name(),
            Some(_) => MemberStep::Malformed,
            None => MemberStep::NeedsMore,
        }
    }

    fn read_name(&mut self) -> MemberStep<'a> {
        let Some(end) = string_end(self.text, self.at) else { return MemberStep::NeedsMore };
        let quoted = self.text.get(self.at..end).unwrap_or_default();
        let colon = skip_space(self.text, end);
        match self.text.get(colon) {
            Some(b':') => self.at = skip_space(self.text, colon.saturating_add(1)),
            Some(_) => return MemberStep::Malformed,
            None => return MemberStep::NeedsMore,
        }
        match self.text.get(self.at) {
            Some(_) => MemberStep::Member(unquote_name(quoted), self.at),
            None => MemberStep::NeedsMore,
        }
    }

    /// Skips the value of the current member, and returns its text. Returns the reason if the value
    /// is malformed or incomplete.
    pub(crate) fn read_value(&mut self) -> Result<&'a [u8], MemberStep<'a>> {
        let start = self.at;
        self.at = value_end(self.text, start)?;
        self.comma = true;
        Ok(self.text.get(start..self.at).unwrap_or_default())
    }
}

/// Returns the first offset at or after `at` that is not white space.
pub(crate) fn skip_space(text: &[u8], at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    let spaces = rest.iter().take_while(|byte| is_space(**byte)).count();
    at.saturating_add(spaces)
}

/// Returns whether a byte is JSON white space.
pub(crate) fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\n' | b'\r' | b'\t')
}

/// Returns the offset after the value at `at`. Returns the reason if the value is malformed or
/// incomplete.
pub(crate) fn value_end(text: &[u8], at: usize) -> Result<usize, MemberStep<'static>> {
    let rest = text.get(at..).unwrap_or_default();
    match rest {
        [] => Err(MemberStep::NeedsMore),
        [b'{' | b'[', inner @ ..] => {
            let length = BracketScanner::new(1).find_close(inner).ok_or(MemberStep::NeedsMore)?;
            Ok(at.saturating_add(length).saturating_add(1))
        }
        [b'"', ..] => string_end(text, at).ok_or(MemberStep::NeedsMore),
        _ => {
            let end = |byte: &u8| is_space(*byte) || b",:{}[]\"".contains(byte);
            match rest.iter().position(end) {
                Some(0) => Err(MemberStep::Malformed),
                Some(length) => Ok(at.saturating_add(length)),
                None => Err(MemberStep::NeedsMore),
            }
        }
    }
}

/// Returns the offset after the string whose opening quote is at `at`, or `None` if the string has
/// no closing quote.
fn string_end(text: &[u8], at: usize) -> Option<usize> {
    let mut at = at.saturating_add(1);
    loop {
        let found = memchr::memchr2(b'"', b'\\', text.get(at..)?)?;
        at = at.saturating_add(found).saturating_add(1);
        if text.get(at.saturating_sub(1)) == Some(&b'"') {
            return Some(at);
        }
        at = at.saturating_add(1);
    }
}

/// Returns a name without quotes and escapes. If an escape is invalid, the name keeps its escapes.
fn unquote_name(quoted: &[u8]) -> Cow<'_, [u8]> {
    if memchr::memchr(b'\\', quoted).is_some()
        && let Ok(name) = serde_json::from_slice::<String>(quoted)
    {
        return Cow::Owned(name.into_bytes());
    }
    let inner = quoted.get(1..quoted.len().saturating_sub(1));
    Cow::Borrowed(inner.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scan(text: &str) -> (Vec<(String, String)>, MemberStep<'_>) {
        let mut members = MemberScan::new(text.as_bytes());
        let mut found = Vec::new();
        loop {
            match members.next_member() {
                MemberStep::Member(name, _) => match members.read_value() {
                    Ok(value) => found.push((
                        String::from_utf8(name.into_owned()).unwrap(),
                        String::from_utf8(value.to_vec()).unwrap(),
                    )),
                    Err(step) => return (found, step),
                },
                step => return (found, step),
            }
        }
    }

    #[test]
    fn members_are_returned_in_order_with_the_text_of_their_values() {
        let text = r#"{ "a" : 1 ,"b\"}":"x\\" , "\u0063":{"d":[1,{}]},"e":null}  tail"#;
        let (found, end) = scan(text);
        let expected = [("a", "1"), ("b\"}", r#""x\\""#), ("c", r#"{"d":[1,{}]}"#), ("e", "null")];
        assert_eq!(found, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
        assert_eq!(end, MemberStep::End(text.len() - "  tail".len()));
    }

    #[test]
    fn an_incomplete_object_needs_more_input() {
        let text = r#"{ "a" : 1 ,"b\"}":"x\\" , "c":{"d":[1,{}]},"e":null}"#;
        for (length, _) in text.char_indices().skip(1) {
            let (beginning, _) = text.split_at(length);
            assert_eq!(scan(beginning).1, MemberStep::NeedsMore, "{beginning}");
        }
    }

    #[test]
    fn a_text_that_is_not_an_object_is_malformed() {
        for text in
            ["{1", "{,", r#"{"a" 1"#, r#"{"a":1 "b":2}"#, r#"{"a":1,}"#, r#"{"a":,"b":1}"#, "{{"]
        {
            assert_eq!(scan(text).1, MemberStep::Malformed, "{text}");
        }
    }
}

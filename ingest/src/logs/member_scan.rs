//! A slow and careful walk over the members of one JSON object, for the few places that need names.

use std::borrow::Cow;

use super::bracket_scan::BracketScanner;

/// What the walk came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum MemberStep<'a> {
    /// A member: its name, and where its value begins.
    Member(Cow<'a, [u8]>, usize),
    /// The end of the object, and the offset behind it.
    End(usize),
    /// The text ends first.
    NeedsMore,
    /// This is no JSON object.
    Malformed,
}

/// A walk over the members of the object that `text` begins with.
#[derive(Debug)]
pub(crate) struct MemberScan<'a> {
    text: &'a [u8],
    at: usize,
    /// A comma must come before the next member.
    comma: bool,
}

impl<'a> MemberScan<'a> {
    /// A walk that begins at the opening bracket.
    pub(crate) fn new(text: &'a [u8]) -> Self {
        Self { text, at: 1, comma: false }
    }

    /// A walk that goes on in the middle of an object: `text` begins just behind a value.
    pub(crate) fn resume_after_value(text: &'a [u8]) -> Self {
        Self { text, at: 0, comma: true }
    }

    /// Goes to the next value, which must be skipped before the one after.
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

    /// Passes over the value that `next_member` went to, and gives its text; none if it is broken or not all there.
    pub(crate) fn read_value(&mut self) -> Result<&'a [u8], MemberStep<'a>> {
        let start = self.at;
        self.at = value_end(self.text, start)?;
        self.comma = true;
        Ok(self.text.get(start..self.at).unwrap_or_default())
    }
}

/// The first offset at or behind `at` that is not white space.
pub(crate) fn skip_space(text: &[u8], at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    let spaces = rest.iter().take_while(|byte| is_space(**byte)).count();
    at.saturating_add(spaces)
}

/// White space as JSON has it.
pub(crate) fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\n' | b'\r' | b'\t')
}

/// The offset behind the value at `at`; none if it is broken or not all there.
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

/// The offset behind the string whose opening quote is at `at`.
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

/// A name as it is meant: without quotes and escapes. One that cannot be read stays as it is.
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

    fn walk(text: &str) -> (Vec<(String, String)>, MemberStep<'_>) {
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
    fn members_come_in_order_with_the_text_of_their_values() {
        let text = r#"{ "a" : 1 ,"b\"}":"x\\" , "\u0063":{"d":[1,{}]},"e":null}  tail"#;
        let (found, end) = walk(text);
        let expected = [("a", "1"), ("b\"}", r#""x\\""#), ("c", r#"{"d":[1,{}]}"#), ("e", "null")];
        assert_eq!(found, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
        assert_eq!(end, MemberStep::End(text.len() - "  tail".len()));
    }

    #[test]
    fn every_beginning_of_an_object_wants_more() {
        let text = r#"{ "a" : 1 ,"b\"}":"x\\" , "c":{"d":[1,{}]},"e":null}"#;
        for (length, _) in text.char_indices().skip(1) {
            let (beginning, _) = text.split_at(length);
            assert_eq!(walk(beginning).1, MemberStep::NeedsMore, "{beginning}");
        }
    }

    #[test]
    fn what_is_no_object_is_broken() {
        for text in
            ["{1", "{,", r#"{"a" 1"#, r#"{"a":1 "b":2}"#, r#"{"a":1,}"#, r#"{"a":,"b":1}"#, "{{"]
        {
            assert_eq!(walk(text).1, MemberStep::Malformed, "{text}");
        }
    }
}

//! The text inside a JSON string: escapes resolved, nothing ever lost.

use std::borrow::Cow;

/// Resolves the escapes of `raw`, the text between the quotes of a JSON string.
///
/// Text without escapes is borrowed. A lone surrogate (`\ud800`) becomes U+FFFD and an unknown
/// escape is kept as written: an odd record is judged, not dropped, or it could be used to hide.
pub fn decode_string(raw: &str) -> Cow<'_, str> {
    if memchr::memchr(b'\\', raw.as_bytes()).is_none() {
        return Cow::Borrowed(raw);
    }
    let mut out = String::with_capacity(raw.len());
    let mut chars = raw.chars();
    while let Some(c) = chars.next() {
        if c == '\\' { decode_escape(&mut chars, &mut out) } else { out.push(c) }
    }
    Cow::Owned(out)
}

/// Appends the character that the escape at the head of `chars` stands for.
fn decode_escape(chars: &mut std::str::Chars<'_>, out: &mut String) {
    match chars.next() {
        Some('n') => out.push('\n'),
        Some('t') => out.push('\t'),
        Some('r') => out.push('\r'),
        Some('b') => out.push('\u{8}'),
        Some('f') => out.push('\u{c}'),
        Some('u') => out.push(decode_unicode_escape(chars)),
        Some(c @ ('"' | '\\' | '/')) => out.push(c),
        Some(other) => {
            out.push('\\');
            out.push(other);
        }
        None => out.push('\\'),
    }
}

/// The character of a `\uXXXX` escape, joined with the low surrogate that follows a high one.
fn decode_unicode_escape(chars: &mut std::str::Chars<'_>) -> char {
    let Some(first) = take_hex_digits(chars) else { return char::REPLACEMENT_CHARACTER };
    if !(0xd800..0xdc00).contains(&first) {
        return char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER);
    }
    let mut ahead = chars.clone();
    if ahead.next() == Some('\\')
        && ahead.next() == Some('u')
        && let Some(low @ 0xdc00..0xe000) = take_hex_digits(&mut ahead)
    {
        *chars = ahead;
        let joined = 0x10000_u32
            .saturating_add(first.saturating_sub(0xd800) << 10)
            .saturating_add(low.saturating_sub(0xdc00));
        return char::from_u32(joined).unwrap_or(char::REPLACEMENT_CHARACTER);
    }
    char::REPLACEMENT_CHARACTER
}

/// Four hexadecimal digits, taken only when all four are there.
fn take_hex_digits(chars: &mut std::str::Chars<'_>) -> Option<u32> {
    let mut ahead = chars.clone();
    let mut value = 0_u32;
    for _ in 0..4 {
        value = (value << 4) | ahead.next()?.to_digit(16)?;
    }
    *chars = ahead;
    Some(value)
}

/// Bytes as text; invalid UTF-8 becomes U+FFFD. The flag says whether anything was replaced.
pub fn decode_utf8_lossy(bytes: &[u8]) -> (Cow<'_, str>, bool) {
    // The strict check is many times as fast, and enough for nearly every record.
    match std::str::from_utf8(bytes) {
        Ok(text) => (Cow::Borrowed(text), false),
        Err(_) => (String::from_utf8_lossy(bytes), true),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_resolve_as_json_says() {
        for text in [r#"a\"b"#, r"\u0041\n\t\r\b\f\/\\", r"\ud83d\ude00 and \u00e9"] {
            let want: String = serde_json::from_str(&format!("\"{text}\"")).unwrap();
            assert_eq!(decode_string(text), want, "{text}");
        }
    }

    #[test]
    fn text_without_escapes_is_borrowed() {
        assert!(matches!(decode_string("http://x"), Cow::Borrowed("http://x")));
    }

    #[test]
    fn what_json_refuses_is_kept_visible() {
        assert_eq!(decode_string(r"\ud800"), "\u{fffd}");
        assert_eq!(decode_string(r"\ud800\u0041"), "\u{fffd}A");
        assert_eq!(decode_string(r"\udc00x"), "\u{fffd}x");
        assert_eq!(decode_string(r"\u12"), "\u{fffd}12");
        assert_eq!(decode_string(r"\q"), r"\q");
        assert_eq!(decode_string("\\"), "\\");
    }
}

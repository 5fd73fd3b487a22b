//! Decodes JSON strings and bytes. The functions replace invalid parts and never fail.

use std::borrow::Cow;

/// Resolves the escapes of `raw`, the text between the quotes of a JSON string.
///
/// Text without escapes is borrowed. A lone surrogate (`\ud800`) becomes U+FFFD, and an unknown
/// escape is kept as it is written. The function never fails. If a record with an invalid escape
/// were dropped, an attacker could use such an escape to hide an action.
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

/// Appends the character of the escape at the start of `chars`.
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

/// Returns the character of a `\uXXXX` escape. A high surrogate is combined with the low surrogate
/// that follows it.
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

/// Takes four hexadecimal digits from `chars`. Takes nothing if there are fewer than four.
fn take_hex_digits(chars: &mut std::str::Chars<'_>) -> Option<u32> {
    let mut ahead = chars.clone();
    let mut value = 0_u32;
    for _ in 0..4 {
        value = (value << 4) | ahead.next()?.to_digit(16)?;
    }
    *chars = ahead;
    Some(value)
}

/// Decodes UTF-8 and replaces invalid sequences by U+FFFD. The flag is true if the function
/// replaced at least one sequence.
pub fn decode_utf8_lossy(bytes: &[u8]) -> (Cow<'_, str>, bool) {
    // The strict check comes first, because it copies nothing and most records pass it.
    match std::str::from_utf8(bytes) {
        Ok(text) => (Cow::Borrowed(text), false),
        Err(_) => (String::from_utf8_lossy(bytes), true),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_resolved_as_in_serde_json() {
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
    fn invalid_escapes_are_replaced_or_kept() {
        assert_eq!(decode_string(r"\ud800"), "\u{fffd}");
        assert_eq!(decode_string(r"\ud800\u0041"), "\u{fffd}A");
        assert_eq!(decode_string(r"\udc00x"), "\u{fffd}x");
        assert_eq!(decode_string(r"\u12"), "\u{fffd}12");
        assert_eq!(decode_string(r"\q"), r"\q");
        assert_eq!(decode_string("\\"), "\\");
    }
}

//! Computes positions in text, detects deceptive characters, and escapes these characters in JSON.

use serde::Serialize;
use serde_saphyr::Spanned;
use std::fmt::Write;
use std::ops::Range;

/// Returns whether `c` is a control character, changes the text direction, or is invisible. Such
/// characters can deceive a reader.
pub fn is_deceptive(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}')
}

/// Returns the line and the column of the byte offset `at`. Both are counted from 1, the column in
/// characters.
pub fn line_and_column(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..text.floor_char_boundary(at.min(text.len()))).unwrap_or_default();
    let line = before.matches('\n').count().saturating_add(1);
    let column = before.rsplit('\n').next().map_or(0, |line| line.chars().count());
    (line, column.saturating_add(1))
}

/// Returns the byte offset in the file of a value that the YAML reader read. For a quoted text, it is
/// the offset of the quotation mark.
pub(crate) fn start_offset<T>(value: &Spanned<T>) -> usize {
    let at = value.referenced.span().byte_offset();
    at.and_then(|at| usize::try_from(at).ok()).unwrap_or_default()
}

/// Converts a byte range of `text`, which begins at or after the byte `offset` of the file, to a byte
/// range of the file that begins and ends between two characters.
pub(crate) fn locate_span(
    file: &str,
    offset: usize,
    text: &str,
    span: &Range<usize>,
) -> Range<usize> {
    let start = locate_offset(file, offset, text, span.start);
    let end = start.saturating_add(span.len()).min(file.len());
    file.floor_char_boundary(start)..file.ceil_char_boundary(end)
}

/// Converts a byte offset of `text` to the byte offset in the file. If the file contains the text in
/// quotation marks, or with other line breaks, the function searches the file for the line.
fn locate_offset(file: &str, offset: usize, text: &str, at: usize) -> usize {
    let rest = file.get(offset..).unwrap_or_default();
    if rest.starts_with(text) {
        return offset.saturating_add(at);
    }
    let at = text.floor_char_boundary(at.min(text.len()));
    let (before, after) = text.split_at(at);
    let start = before.rfind('\n').map_or(0, |newline| newline.saturating_add(1));
    let line = text.get(start..).and_then(|text| text.lines().next()).unwrap_or(after);
    let found = rest.find(line.trim_end()).unwrap_or_default();
    offset.saturating_add(found).saturating_add(at.saturating_sub(start))
}

/// Serializes a value as one line of JSON in which each deceptive character is escaped. The output
/// is safe to print on a terminal.
///
/// # Errors
/// Returns the error of `serde_json` if the value cannot be serialized.
pub fn json_line(value: &impl Serialize) -> Result<String, serde_json::Error> {
    Ok(escape_json(serde_json::to_string(value)?))
}

/// Escapes each deceptive character in JSON text, except line breaks.
pub fn escape_json(json: String) -> String {
    // The escapes are valid, because deceptive characters occur only inside strings: JSON contains
    // only ASCII outside strings, and serde_json has escaped the control characters below U+0020.
    let escaped = |c: char| c != '\n' && is_deceptive(c);
    if !json.chars().any(escaped) {
        return json;
    }
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        if escaped(c) {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                // `write!` to a String never fails, so the result needs no check.
                write!(out, "\\u{unit:04x}").unwrap_or_default();
            }
        } else {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{is_deceptive, json_line};

    #[test]
    fn escaping_json_does_not_change_its_value() {
        let text = "a\u{202e}b\u{1b}c\u{7f}d\u{e0041}e\u{9b}f\"é";
        let line = json_line(&text).unwrap();
        assert!(!line.chars().any(is_deceptive), "{line}");
        assert_eq!(serde_json::from_str::<String>(&line).unwrap(), text);
    }

    #[test]
    fn letters_of_any_script_are_not_deceptive() {
        assert!("Zoë 日本 عربى — 'quoted'".chars().all(|c| !is_deceptive(c)));
        assert!("\u{1b}\n\u{9b}\u{202e}\u{200b}\u{feff}\u{e0041}".chars().all(is_deceptive));
    }
}

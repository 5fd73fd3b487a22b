//! Converts between byte offsets and positions of the editor: lines, and UTF-16 code units in a
//! line.

use lsp_types::{Position, Range};

/// Returns the byte offset of a position. A position after the end of a line or of the text gives
/// that end.
pub(super) fn byte_at_position(text: &str, position: Position) -> usize {
    let line = usize::try_from(position.line).unwrap_or(usize::MAX);
    let start: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
    let rest = text.get(start..).unwrap_or_default();
    let rest = rest.split('\n').next().unwrap_or_default().trim_end_matches('\r');
    let (mut units, target) = (0_usize, usize::try_from(position.character).unwrap_or(usize::MAX));
    for (at, c) in rest.char_indices() {
        if units >= target {
            return start.saturating_add(at);
        }
        units = units.saturating_add(c.len_utf16());
    }
    start.saturating_add(rest.len())
}

/// Returns the position of a byte offset.
fn position_at_byte(text: &str, byte: usize) -> Position {
    let before = text.get(..text.floor_char_boundary(byte.min(text.len()))).unwrap_or_default();
    let line = before.matches('\n').count();
    let last = before.rsplit('\n').next().unwrap_or_default();
    let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    Position::new(number(line), number(last.encode_utf16().count()))
}

/// Returns the range of a span of byte offsets.
pub(super) fn range_from_span(text: &str, span: &std::ops::Range<usize>) -> Range {
    Range::new(position_at_byte(text, span.start), position_at_byte(text, span.end))
}

#[cfg(test)]
mod tests {
    use super::{byte_at_position, position_at_byte};
    use lsp_types::Position;

    #[test]
    fn characters_are_counted_in_utf_16_code_units() {
        let text = "a\r\né\u{10000}x\n";
        for (at, line, character) in
            [(0, 0, 0), (1, 0, 1), (3, 1, 0), (5, 1, 1), (9, 1, 3), (10, 1, 4), (11, 2, 0)]
        {
            assert_eq!(position_at_byte(text, at), Position::new(line, character), "{at}");
            assert_eq!(byte_at_position(text, Position::new(line, character)), at);
        }
        assert_eq!(
            byte_at_position(text, Position::new(0, 99)),
            1,
            "a position after the end of a line is its end"
        );
        assert_eq!(byte_at_position(text, Position::new(99, 99)), text.len());
    }
}

//! Finds the end of an object, or the line that begins with the next object.

use crate::logs::bracket_scan::BracketScanner;
use crate::logs::member_scan::is_space;

/// The number of bytes that are scanned first. Each further step scans twice as many bytes.
const FIRST_STRIDE: usize = 1 << 10;

/// The extent of an object.
pub(super) enum ObjectExtent {
    /// The object ends before this offset.
    Closed(usize),
    /// The object does not end before the line at this offset, which begins with another object.
    Line(usize),
    /// The text contains neither the end of the object nor a line that begins with another object.
    Open,
}

/// Returns the extent of the object at the beginning of `text`. If `is_line_delimited` is set, a
/// line that begins with another object ends the extent. The function scans at most about twice the
/// length of the extent, regardless of the length of `text`.
pub(super) fn find_extent(text: &[u8], is_line_delimited: bool) -> ObjectExtent {
    let mut brackets = BracketScanner::new(1);
    let (mut at, mut stride) = (1usize, FIRST_STRIDE);
    loop {
        let rest = text.get(at..).unwrap_or_default();
        let piece = rest.get(..stride).unwrap_or(rest);
        let closed = brackets.find_close(piece).map(|length| at.saturating_add(length));
        let end = closed.unwrap_or(at.saturating_add(piece.len()));
        // The search begins one byte earlier, because the line feed may be the last byte of the
        // previous piece.
        let from = at.saturating_sub(1);
        let seen = text.get(from..end).unwrap_or_default();
        match (closed, find_object_line(seen).filter(|_| is_line_delimited)) {
            (_, Some(line)) => return ObjectExtent::Line(from.saturating_add(line)),
            (Some(end), None) => return ObjectExtent::Closed(end),
            (None, None) if piece.len() == rest.len() => return ObjectExtent::Open,
            (None, None) => {}
        }
        at = end;
        stride = stride.saturating_mul(2);
    }
}

/// Returns the text before the first line that begins with another object, if `is_line_delimited`
/// is set and there is such a line.
pub(super) fn text_before_next_object(text: &[u8], is_line_delimited: bool) -> Option<&[u8]> {
    text.get(..find_object_line(text).filter(|_| is_line_delimited)?)
}

/// Returns the offset of the first opening brace after the first byte that also begins a line.
pub(super) fn find_object_line(text: &[u8]) -> Option<usize> {
    memchr::memmem::find(text, b"\n{").map(|feed| feed.saturating_add(1))
}

/// Returns whether an object continues in the line of its opening brace. Programs that print an
/// object on several lines start a new line after the brace.
pub(super) fn is_on_one_line(object: &[u8]) -> bool {
    let inner = object.get(1..).unwrap_or_default();
    let next = inner.iter().find(|byte| !is_space(**byte) || **byte == b'\n');
    next != Some(&b'\n')
}
